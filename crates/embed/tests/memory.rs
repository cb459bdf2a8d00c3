//! Unloading gives memory back. Alone in its file, since other tests in the same process would move the figure.
#![cfg(target_os = "linux")]

use canopy_core::Cancel;
use canopy_embed::{ModelSlot, resident_bytes};
use std::time::Duration;

const MB: u64 = 1_000_000;

#[test]
fn an_unloaded_model_leaves_no_memory_behind() {
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
    let texts: Vec<String> =
        (0..64).map(|i| format!("{i} {}", "northern lights over the harbour ".repeat(40))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for name in ["minilm-l6-v2", "static-en"] {
        let slot = ModelSlot::new(format!("{models}/{name}.canopy-model"), Duration::ZERO);
        // Once for what stays for good: the thread pool with its stacks, the character tables.
        slot.get(true).unwrap().embed(&texts, &Cancel::new()).unwrap();
        slot.unload();
        let before = resident_bytes().unwrap();
        let model = slot.get(true).unwrap();
        model.embed(&texts, &Cancel::new()).unwrap();
        let during = resident_bytes().unwrap();
        assert!(
            during > before + 5 * MB,
            "{name}: loading must show, or this test measures nothing: {before} {during}"
        );
        drop(model);
        assert!(slot.unload_if_idle(std::time::Instant::now()));
        let after = resident_bytes().unwrap();
        assert!(after < before + 2 * MB, "{name}: {before} bytes before, {during} loaded, {after} after unloading");
    }
}
