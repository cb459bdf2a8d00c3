//! Adding, replacing and removing, against a tree of what must be there.

use super::*;
use canopy_core::Cancel;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Change {
    Upsert(u32, u64),
    Extend(Vec<u32>, u64),
    Remove(u32),
}

fn slot() -> impl Strategy<Value = u32> {
    prop_oneof![20 => 0_u32..60, 3 => 4090_u32..4100, 1 => Just(u32::MAX)]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (slot(), any::<u64>()).prop_map(|(slot, seed)| Change::Upsert(slot, seed)),
        (prop::collection::vec(slot(), 0..40), any::<u64>()).prop_map(|(slots, seed)| Change::Extend(slots, seed)),
        slot().prop_map(Change::Remove),
    ]
}

proptest! {
    #[test]
    fn behaves_like_a_tree(changes in prop::collection::vec(change(), 0..60)) {
        const DIM: usize = 5;
        let mut index = FlatIndex::new(DIM, MetricKind::Dot).unwrap();
        let mut tree: BTreeMap<u32, Vec<f32>> = BTreeMap::new();
        for change in changes {
            match change {
                Change::Upsert(slot, seed) => {
                    let vector = vectors(Shape::Normal, 1, DIM, &mut Random(seed));
                    index.upsert(slot, &vector).unwrap();
                    tree.insert(slot, vector);
                }
                Change::Extend(slots, seed) => {
                    let values = vectors(Shape::Normal, slots.len(), DIM, &mut Random(seed));
                    index.extend(&slots, Rows::new(&values, DIM).unwrap()).unwrap();
                    slots.iter().zip(values.chunks(DIM)).for_each(|(&slot, row)| {
                        tree.insert(slot, row.to_vec());
                    });
                }
                Change::Remove(slot) => prop_assert_eq!(index.remove(slot), tree.remove(&slot).is_some()),
            }
            prop_assert_eq!(index.len(), tree.len());
            prop_assert_eq!(index.is_empty(), tree.is_empty());
        }
        for (&slot, vector) in &tree {
            prop_assert_eq!(index.vector(slot), Some(vector.as_slice()));
        }
        let displaced = index.chunks.iter().flat_map(|chunk| &chunk.slots).enumerate().filter(|&(at, &slot)| at != slot as usize);
        prop_assert_eq!(index.displaced, displaced.count());
        let found = index.search(&[1.0; DIM], 1000, None, &Cancel::new()).unwrap();
        let mut slots: Vec<u32> = found.iter().map(|hit| hit.slot).collect();
        slots.sort_unstable();
        prop_assert_eq!(slots, tree.keys().copied().collect::<Vec<_>>());
    }
}

/// Chunks fill, empty and fill again.
#[test]
fn chunks_come_and_go() {
    let (count, dim) = (5000_u32, 3);
    let values = vectors(Shape::Normal, count as usize, dim, &mut Random(2));
    let mut index = index_of(&values, dim, MetricKind::L2, |i| i);
    assert_eq!(index.chunks.len(), 3);
    (0..count).step_by(2).for_each(|slot| assert!(index.remove(slot)));
    assert_eq!((index.len(), index.chunks.len()), (2500, 2));
    for slot in 0..count {
        let expected = &values[slot as usize * dim..][..dim];
        assert_eq!(index.vector(slot), (slot % 2 == 1).then_some(expected));
    }
    (0..count).for_each(|slot| assert_eq!(index.remove(slot), slot % 2 == 1));
    assert!(index.is_empty() && index.chunks.is_empty() && index.displaced == 0);
    index.upsert(7, &[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(index.vector(7), Some(&[1.0, 2.0, 3.0][..]));
}

#[test]
fn memory_is_five_bytes_a_value_and_little_more() {
    let (count, dim) = (20_000, 384);
    let values = vectors(Shape::Normal, 1, dim, &mut Random(2)).repeat(count);
    let index = index_of(&values, dim, MetricKind::Cosine, |i| i);
    let least = count * (5 * dim + 24);
    assert!((least..least + least / 50).contains(&index.memory_bytes()), "{}", index.memory_bytes());
    // One vector far away must not cost a table of all slots below it.
    let mut sparse = FlatIndex::new(dim, MetricKind::Cosine).unwrap();
    sparse.upsert(u32::MAX, &values[..dim]).unwrap();
    assert!(sparse.memory_bytes() < 40 << 20);
}
