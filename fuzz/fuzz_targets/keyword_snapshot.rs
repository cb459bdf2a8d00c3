//! Snapshots of a keyword index: raw bytes, and bytes behind right checksums.
#![no_main]

use canopy_core::Cancel;
use canopy_keyword::{KeywordIndex, Options};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use xxhash_rust::xxh3::xxh3_64;

const HEADER: usize = 8 + 4 + 4 + 4 * 4 + 4 + 4 + 3 * 8 + 8;

static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut index = KeywordIndex::new(Options::default()).expect("the defaults are valid");
    for slot in 0..200_u32 {
        index.upsert(slot, &format!("document {} about café {}", slot % 7, slot % 13));
    }
    (0..200).step_by(3).for_each(|slot| {
        index.remove(slot);
    });
    let mut bytes = Vec::new();
    index.write_to(&mut bytes).expect("a vector takes any bytes");
    bytes
});

fn seal(bytes: &mut [u8]) {
    if bytes.len() >= HEADER + 8 {
        let sum = xxh3_64(&bytes[..HEADER - 8]);
        bytes[HEADER - 8..HEADER].copy_from_slice(&sum.to_le_bytes());
        let end = bytes.len() - 8;
        let sum = xxh3_64(&bytes[HEADER..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
    }
}

/// Writes `value` at `at` of a good snapshot for every three bytes of the input.
fn mutated(edits: &[u8]) -> Vec<u8> {
    let mut bytes = WHOLE.clone();
    for edit in edits.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % bytes.len();
        bytes[at] = edit[2];
    }
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, rest)) = bytes.split_first() else { return };
    let mut snapshot = if kind & 1 == 0 { rest.to_vec() } else { mutated(rest) };
    if kind & 2 != 0 {
        seal(&mut snapshot);
    }
    let Ok(mut index) = KeywordIndex::read_from(&mut &snapshot[..]) else { return };
    index.search("café document 5", 10, None, &Cancel::new()).expect("nobody cancels");
    index.upsert(1, "new café");
    (0..300).for_each(|slot| {
        index.remove(slot);
    });
    index.write_to(&mut Vec::new()).expect("a vector takes any bytes");
});
