//! The committed model files, end to end.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use canopy_core::{Cancel, Coded};
use canopy_embed::{Embedder, load};
use canopy_slot::ModelState;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models")).join(format!("{name}.canopy-model"))
}

fn model(name: &str) -> Arc<dyn Embedder> {
    load(&path(name)).unwrap()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[test]
fn minilm_stays_close_to_the_f32_model() {
    let texts: Vec<String> = serde_json::from_str(include_str!("fixtures/minilm_texts.json")).unwrap();
    let recorded: Vec<f32> = include_bytes!("fixtures/minilm_vectors.f32")
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = model("minilm-l6-v2").embed(&texts, &Cancel::new()).unwrap();
    assert_eq!(vectors.len(), recorded.len());
    let mut sum = 0.0;
    for ((text, ours), theirs) in texts.iter().zip(vectors.chunks(384)).zip(recorded.chunks(384)) {
        assert!((dot(ours, ours) - 1.0).abs() < 1e-5);
        let cosine = dot(ours, theirs);
        // The empty text, two tokens long, is the worst: no errors to average out.
        assert!(cosine >= 0.99, "{cosine} for {text:?}");
        sum += cosine;
    }
    assert!(sum / texts.len() as f64 >= 0.998, "mean {}", sum / texts.len() as f64);
}

#[test]
fn a_text_has_the_same_vector_alone_and_in_a_batch() {
    for name in ["minilm-l6-v2", "static-en"] {
        let model = model(name);
        let texts: Vec<String> = (1..90).map(|n| "lantern slides of polar expeditions ".repeat(n % 13 + 1)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let batch = model.embed(&texts, &Cancel::new()).unwrap();
        for (text, row) in texts.iter().zip(batch.chunks(model.dim())).step_by(7) {
            assert_eq!(model.embed(&[text], &Cancel::new()).unwrap(), row, "{name}");
        }
    }
}

#[test]
fn related_texts_are_nearer_than_unrelated_ones() {
    let texts = ["the doctor treated the patient", "a physician in a hospital", "the stock market fell sharply"];
    for name in ["minilm-l6-v2", "static-en"] {
        let model = model(name);
        let v = model.embed(&texts, &Cancel::new()).unwrap();
        let [doctor, physician, market] = [0, 1, 2].map(|i| &v[i * model.dim()..(i + 1) * model.dim()]);
        assert!(dot(doctor, physician) > dot(doctor, market) + 0.2, "{name}");
    }
}

#[test]
fn empty_texts_have_a_defined_answer() {
    let cancel = Cancel::new();
    let vector = model("minilm-l6-v2").embed(&[""], &cancel).unwrap();
    assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5);
    let model = model("static-en");
    for text in ["", " \n", "\u{200b}", "[PAD]"] {
        let error = model.embed(&["known words", text], &cancel).unwrap_err();
        assert_eq!(error.code(), "TEXT_NO_TOKENS");
        assert!(error.to_string().contains("text 1"));
        let embedded = model.embed_known(&["known words", text], &cancel).unwrap();
        assert_eq!(embedded.missing, [1]);
        assert!(embedded.vectors[model.dim()..].iter().all(|&v| v == 0.0));
    }
    assert!(model.embed(&[], &cancel).unwrap().is_empty());
}

#[test]
fn cancelling_stops_the_work() {
    let cancel = Cancel::new();
    cancel.cancel();
    for name in ["minilm-l6-v2", "static-en"] {
        assert_eq!(model(name).embed(&["text"], &cancel).unwrap_err().code(), "CANCELLED");
    }
}

#[test]
fn damaged_model_files_are_refused() {
    let bytes = std::fs::read(path("static-en")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("damaged.canopy-model");
    let code = |bytes: &[u8]| {
        std::fs::write(&copy, bytes).unwrap();
        load(&copy).err().map(|error| error.code())
    };
    for part in 0..23 {
        let at = bytes.len() * part / 23;
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let expected = if (8..12).contains(&at) { "MODEL_NEWER" } else { "MODEL_CORRUPT" };
        assert_eq!(code(&damaged), Some(expected), "byte {at}");
        assert_eq!(code(&bytes[..at]), Some("MODEL_CORRUPT"), "cut to {at} bytes");
    }
    let mut newer = bytes;
    newer[8] = 2;
    assert_eq!(code(&newer), Some("MODEL_NEWER"));
    assert_eq!(load(&dir.path().join("none")).err().map(|error| error.code()), Some("MODEL_MISSING"));
}

#[test]
fn a_slot_loads_lazily_and_says_that_it_is_loading() {
    let slot = canopy_embed::slot(path("minilm-l6-v2"), Duration::from_secs(600));
    assert_eq!((slot.state(), slot.memory_bytes()), (ModelState::Unloaded, 0));
    let error = slot.get(false).err().unwrap();
    assert_eq!((error.code(), error.fault()), ("MODEL_LOADING", canopy_core::Fault::Unavailable));
    let waited: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| slot.get(true).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(waited.iter().all(|model| Arc::ptr_eq(model, &waited[0])), "everybody gets the one model");
    assert_eq!(slot.state(), ModelState::Loaded);
    assert!(slot.get(false).is_ok());

    let later = Instant::now() + Duration::from_secs(601);
    assert!(!slot.unload_if_idle(later), "somebody still uses it");
    drop(waited);
    assert!(!slot.unload_if_idle(Instant::now()), "it was just used");
    assert!(slot.unload_if_idle(later));
    assert_eq!(slot.state(), ModelState::Unloaded);
    assert!(!slot.unload());
    assert!(slot.get(true).is_ok(), "it comes back");
}

#[test]
fn a_slot_reports_failures_and_tries_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("late.canopy-model");
    let slot = canopy_embed::slot(&file, Duration::ZERO);
    assert_eq!(slot.get(true).err().unwrap().code(), "MODEL_MISSING");
    // Without waiting, the failure shows at the latest in the call after the one that started loading.
    let mut codes = Vec::new();
    for _ in 0..200 {
        codes.push(slot.get(false).err().unwrap().code());
        if codes.iter().filter(|&&code| code == "MODEL_MISSING").count() == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(codes.iter().filter(|&&code| code == "MODEL_MISSING").count(), 2, "{codes:?}");
    std::fs::copy(path("static-en"), &file).unwrap();
    assert!(slot.get(true).is_ok());
}
