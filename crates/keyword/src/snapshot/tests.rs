use super::*;
use crate::Options;
use canopy_core::{Cancel, Coded};
use proptest::prelude::*;

fn sample() -> KeywordIndex {
    let mut index = KeywordIndex::new(Options { k1: 0.9, ..Options::default() }).unwrap();
    let texts: Vec<String> =
        (0..300).map(|at| format!("document {at} about {} and café {}", at % 7, at % 13)).collect();
    let slotted: Vec<(u32, &str)> = (0..).zip(texts.iter().map(String::as_str)).collect();
    index.extend(&slotted);
    index.upsert(310, "");
    (0..300).step_by(3).for_each(|slot| assert!(index.remove(slot)));
    index
}

fn bytes(index: &KeywordIndex) -> Vec<u8> {
    let mut out = Vec::new();
    index.write_to(&mut out).unwrap();
    out
}

#[test]
fn comes_back_the_same_and_goes_on_working() {
    let mut before = sample();
    let mut after = KeywordIndex::read_from(&mut &bytes(&before)[..]).unwrap();
    assert_eq!(bytes(&before), bytes(&after));
    assert_eq!((before.len(), before.terms(), before.options()), (after.len(), after.terms(), after.options()));
    for index in [&mut before, &mut after] {
        index.upsert(1, "new café");
        index.remove(2);
    }
    for query in ["café 5", "new", "document about 3 and 7"] {
        let search = |index: &KeywordIndex| index.search(query, 50, None, &Cancel::new()).unwrap();
        assert_eq!(search(&before), search(&after));
    }
}

#[test]
fn bytes_after_the_snapshot_are_left_alone() {
    let mut stream = bytes(&sample());
    stream.extend_from_slice(b"next");
    let mut rest = &stream[..];
    KeywordIndex::read_from(&mut rest).unwrap();
    assert_eq!(rest, b"next");
}

#[test]
fn another_version_says_so() {
    let mut old = bytes(&sample());
    old[12] = old[12].wrapping_add(1);
    let sum = xxhash_rust::xxh3::xxh3_64(&old[..HEADER - 8]);
    old[HEADER - 8..HEADER].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(KeywordIndex::read_from(&mut &old[..]).unwrap_err().code(), "KEYWORD_OUTDATED");
}

fn assert_corrupt(bytes: &[u8]) {
    assert_eq!(KeywordIndex::read_from(&mut &bytes[..]).unwrap_err().code(), "KEYWORD_CORRUPT");
}

/// Makes the checksums right again, so that the checks behind them are reached.
fn reseal(bytes: &mut [u8]) {
    let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..HEADER - 8]);
    bytes[HEADER - 8..HEADER].copy_from_slice(&sum.to_le_bytes());
    let end = bytes.len() - 8;
    let sum = xxhash_rust::xxh3::xxh3_64(&bytes[HEADER..end]);
    bytes[end..].copy_from_slice(&sum.to_le_bytes());
}

proptest! {
    #[test]
    fn a_truncated_snapshot_is_corrupt(share in 0.0_f64..1.0) {
        let whole = bytes(&sample());
        assert_corrupt(&whole[..(whole.len() as f64 * share) as usize]);
    }

    #[test]
    fn a_flipped_bit_is_corrupt(share in 0.0_f64..1.0, bit in 0_u32..8) {
        let mut damaged = bytes(&sample());
        let at = (damaged.len() as f64 * share) as usize;
        damaged[at] ^= 1_u8 << bit;
        assert_corrupt(&damaged);
    }

    #[test]
    fn foreign_bytes_are_corrupt(noise in prop::collection::vec(any::<u8>(), 0..300), magic: bool) {
        let noise = if magic { [MAGIC, &noise[..]].concat() } else { noise };
        assert_corrupt(&noise);
    }

    #[test]
    fn forged_checksums_never_panic(share in 0.0_f64..1.0, value: u8, at_head: bool) {
        let mut forged = bytes(&sample());
        let at = if at_head { 8 + (share * (HEADER - 16) as f64) as usize } else { (forged.len() as f64 * share) as usize };
        forged[at] = value;
        reseal(&mut forged);
        if let Ok(mut index) = KeywordIndex::read_from(&mut &forged[..]) {
            index.search("café document 5", 10, None, &Cancel::new()).unwrap();
            (0..320).for_each(|slot| { index.remove(slot); });
            prop_assert_eq!(index.len(), 0);
        }
    }
}
