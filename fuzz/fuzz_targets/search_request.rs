//! Any text as the JSON of a search: an answer of finite scores in order, or an error with a code of ours.
#![no_main]

use canopy_collection::{ListOptions, PutMode, from_json, to_json};
use canopy_core::{Cancel, Coded, Fault};
use canopy_fuzz::{Fixture, fixture};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
    let fill = |metric| {
        let fixture = fixture(metric);
        let records: Vec<_> = (0..150)
            .map(|i| {
                serde_json::json!({
                    "id": format!("r{i}"), "text": format!("wing flow {} naïve 😀 {}", i % 7, i % 11),
                    "metadata": { "year": 1900 + i % 20, "tags": ["a", i % 3], "deep": { "x": i % 2 == 0 } },
                    "vector": if i % 5 == 0 { None } else { Some([1.0, f64::from(i) / 70.0 - 1.0, 0.5]) },
                })
            })
            .collect();
        let json = serde_json::to_vec(&records).expect("plain values");
        fixture.collection.put(&json, None, PutMode::Insert, &Cancel::new()).expect("good records");
        fixture
    };
    ["cosine", "l2"].map(fill).into()
});

fuzz_target!(|json: &str| {
    let cancel = Cancel::new();
    for fixture in FIXTURES.iter() {
        let collection = &fixture.collection;
        for vector in [None, Some(&[0.5_f32, -0.25, 0.1][..])] {
            match collection.search(json, vector, &cancel) {
                Ok(answer) => {
                    assert!(answer.hits.iter().all(|hit| hit.score.is_finite()), "{json}");
                    assert!(answer.hits.is_sorted_by(|a, b| a.score >= b.score), "{json}");
                    to_json(&answer).expect("answers are JSON");
                }
                Err(error) => assert_ne!(error.fault(), Fault::Internal, "{json}: {error}"),
            }
        }
        for error in [
            collection.similar("r1", json, &cancel).err(),
            collection.search_batch(json, &[0.5, -0.25, 0.1, 1.0, 0.0, 0.0], &cancel).err(),
            from_json::<ListOptions>("options", json).and_then(|options| collection.list(&options, &cancel)).err(),
        ]
        .into_iter()
        .flatten()
        {
            assert_ne!(error.fault(), Fault::Internal, "{json}: {error}");
        }
    }
});
