//! Any bytes as records: what is acknowledged is read back, found, and survives a reload of the searchable state.
#![no_main]

use canopy_collection::{PutMode, PutReport};
use canopy_core::{Cancel, Coded, Fault};
use canopy_fuzz::{Fixture, fixture};
use libfuzzer_sys::fuzz_target;
use std::collections::HashMap;
use std::sync::LazyLock;

static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| ["cosine", "dot", "l2"].map(fixture).into());

fuzz_target!(|bytes: &[u8]| {
    let cancel = Cancel::new();
    for Fixture { collection, .. } in FIXTURES.iter() {
        let reports = match collection.put(bytes, None, PutMode::Upsert, &cancel) {
            Ok(reports) => reports,
            Err(error) => {
                assert_ne!(error.fault(), Fault::Internal, "{error}");
                continue;
            }
        };
        // Of an id that is there twice, the last record counts.
        let last: HashMap<&str, &PutReport> = reports.iter().map(|report| (report.id.as_str(), report)).collect();
        for report in last.values() {
            let record = collection.get(&report.id, true).expect("readable").expect("acknowledged");
            assert_eq!(record.vector.is_some(), report.embedded, "{}", report.id);
        }
        for request in [r#"{"text":"wing 😀 a"}"#, "{}", r#"{"filter":{"a":1}}"#] {
            let answer = collection.search(request, Some(&[0.5, -0.25, 0.1]), &cancel).expect("a good search");
            assert!(answer.hits.iter().all(|hit| hit.score.is_finite()));
        }
        let ids: Vec<&str> = reports.iter().map(|report| report.id.as_str()).collect();
        collection.remove(&ids).expect("removable");
        assert_eq!(collection.view().expect("a view").count, 0);
    }
});
