//! Unloading gives memory back. Alone in its file, since other tests in the same process would move the figure.
#![cfg(target_os = "linux")]

use canopy_core::Cancel;
use canopy_slot::resident_bytes;
use std::time::Duration;

const MB: u64 = 1_000_000;
const CYCLES: u64 = 4;

#[test]
fn an_unloaded_model_leaves_no_memory_behind() {
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
    let texts: Vec<String> =
        (0..24).map(|i| format!("{i} {}", "northern lights over the harbour ".repeat(40))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for name in ["minilm-l6-v2", "static-en"] {
        let slot = canopy_embed::slot(format!("{models}/{name}.canopy-model"), Duration::ZERO);
        let load_and_unload = || {
            let model = slot.get(true).unwrap();
            model.embed(&texts, &Cancel::new()).unwrap();
            let loaded = resident_bytes().unwrap();
            drop(model);
            assert!(slot.unload_if_idle(std::time::Instant::now()));
            loaded
        };
        // Once for what stays for good: the thread pool with its stacks, the character tables.
        load_and_unload();
        let before = resident_bytes().unwrap();
        let loaded = load_and_unload();
        assert!(
            loaded > before + 5 * MB,
            "{name}: loading must show, or this test measures nothing: {before} {loaded}"
        );
        for _ in 1..CYCLES {
            load_and_unload();
        }
        // The system's count is approximate by some MB on machines with many cores; what stays behind would add up.
        let after = resident_bytes().unwrap();
        assert!(
            after < before + (loaded - before) / 4 * CYCLES,
            "{name}: {before} bytes before, {loaded} loaded, {after} after {CYCLES} times"
        );
    }
}
