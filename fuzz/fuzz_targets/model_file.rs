//! Model files: raw bytes, and sections of any content behind right checksums.
#![no_main]

use canopy_core::Cancel;
use canopy_embed::{ModelKind, ModelWriter, load};
use libfuzzer_sys::fuzz_target;
use std::fs;

const SPECIAL: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
/// Sections that a MiniLM needs first; the fuzzer fills them in this order.
const NAMES: [&str; 8] = ["name", "vocab", "shape", "config", "words", "positions", "scale", "rows"];

fn file(bytes: &[u8]) -> Vec<u8> {
    let Some((&kind, rest)) = bytes.split_first() else { return Vec::new() };
    match kind % 3 {
        0 => rest.to_vec(),
        1 => {
            // A static model of one word a byte, with rows and scales from the input.
            let words: String = (0..rest.len() % 7).map(|i| format!("w{i}\n")).collect();
            let tokens = 5 + rest.len() % 7;
            let (scale, rows) = rest.split_at(rest.len().min(4 * tokens));
            let mut scale = scale.to_vec();
            scale.resize(4 * tokens, 0);
            let mut writer = ModelWriter::new(ModelKind::Static);
            writer.add("name", b"fuzzed".to_vec()).add("vocab", format!("{SPECIAL}{words}").into_bytes());
            writer.add("scale", scale).add("rows", rows.to_vec());
            writer.finish()
        }
        _ => {
            let mut writer = ModelWriter::new(if kind < 128 { ModelKind::Static } else { ModelKind::MiniLm });
            for (name, part) in NAMES.iter().zip(rest.split(|&byte| byte == 0)) {
                writer.add(*name, part.to_vec());
            }
            writer.finish()
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    thread_local!(static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder"));
    let path = FOLDER.with(|folder| folder.path().join("a.canopy-model"));
    fs::write(&path, file(bytes)).expect("a writable folder");
    if let Ok(model) = load(&path) {
        let embedded = model.embed_known(&["w0 w1 other", ""], &Cancel::new()).expect("nobody cancels");
        assert!(embedded.vectors.iter().all(|value| value.is_finite()));
    }
});
