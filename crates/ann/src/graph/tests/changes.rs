//! Adding, replacing and removing.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn extend(index: &mut GraphIndex, slots: &[u32], rows: &[f32]) {
    let rows = Rows::new(rows, index.dim()).unwrap();
    index.extend(slots, rows, &Cancel::new(), &Progress::default()).unwrap();
}

/// Half of the vectors are replaced by others, some at a time; recall must be what a new build reaches.
#[test]
fn churn_costs_no_recall() {
    let (count, dim) = (6000, 40);
    let rows = clusters(count, dim, 1);
    let mut index = built(&rows, dim, MetricKind::L2, BuildOptions::default());
    let mut now = rows.clone();
    let fresh = clusters(count / 2, dim, 5);
    let mut random = Random::new(8);
    for (piece, values) in fresh.chunks(300 * dim).enumerate() {
        let slots: Vec<u32> = (0..values.len() / dim).map(|i| (2 * (piece * 300 + i)) as u32).collect();
        if piece % 2 == 0 {
            // Removed first, so that repair and the reuse of places are met too.
            slots.iter().for_each(|&slot| assert!(index.remove(slot).unwrap()));
            let gone = slots[random.below(slots.len())];
            assert!(!index.contains(gone) && !index.remove(gone).unwrap());
        }
        extend(&mut index, &slots, values);
        for (&slot, row) in slots.iter().zip(values.chunks_exact(dim)) {
            now[slot as usize * dim..][..dim].copy_from_slice(row);
        }
    }
    assert_eq!(index.len(), count);
    index.repair(&Cancel::new()).unwrap();
    assert_eq!(crate::graph::connect::lost(&index.links, &index.entries, index.start, &index.dead), 0);
    assert!(index.slots.len() < count + count / 5, "places are used again: {}", index.slots.len());
    let queries = clusters(100, dim, 2);
    let queries = Rows::new(&queries, dim).unwrap();
    let truth = flat(&now, dim, MetricKind::L2).search_batch(queries, 10, None, &Cancel::new()).unwrap();
    let options = SearchOptions { ef: 20, rerank: 20 };
    let recall =
        |index: &GraphIndex| share(&index.search_batch(queries, 10, options, None, &Cancel::new()).unwrap(), &truth);
    let (churned, new) = (recall(&index), recall(&built(&now, dim, MetricKind::L2, BuildOptions::default())));
    assert!(churned > new - 0.01 && churned > 0.95, "{churned} after churn, {new} when built anew");
}

/// An index that grows from nothing one vector at a time.
#[test]
fn grows_from_nothing() {
    let (count, dim) = (2500, 24);
    let rows = clusters(count, dim, 3);
    let mut index = built(&[], dim, MetricKind::Cosine, BuildOptions::default());
    for (slot, row) in rows.chunks_exact(dim).enumerate() {
        index.upsert(slot as u32, row).unwrap();
    }
    let queries = clusters(50, dim, 2);
    let queries = Rows::new(&queries, dim).unwrap();
    let truth = flat(&rows, dim, MetricKind::Cosine).search_batch(queries, 10, None, &Cancel::new()).unwrap();
    let found = index.search_batch(queries, 10, SEARCH, None, &Cancel::new()).unwrap();
    assert!(share(&found, &truth) > 0.97, "{}", share(&found, &truth));
    let scores = |hits: &[Vec<Hit>]| hits.iter().map(|hits| hits[0].score.to_bits()).collect::<Vec<_>>();
    assert_eq!(scores(&found)[..5], scores(&truth)[..5]);
}

#[test]
fn all_gone_and_filled_again() {
    let (count, dim) = (500, 16);
    let rows = clusters(count, dim, 1);
    let mut index = built(&rows, dim, MetricKind::L2, BuildOptions::default());
    (0..count as u32).for_each(|slot| assert!(index.remove(slot).unwrap()));
    assert!(index.is_empty());
    assert_eq!(index.search(&rows[..dim], 3, SEARCH, None, &Cancel::new()), Ok(vec![]));
    extend(&mut index, &slots(count), &rows);
    let wide = SearchOptions { ef: count, rerank: count };
    let found = index.search(&rows[..dim], 9, wide, None, &Cancel::new()).unwrap();
    assert_eq!(found, flat(&rows, dim, MetricKind::L2).search(&rows[..dim], 9, None, &Cancel::new()).unwrap());
}

/// Between a removal and the repair, walks pass through what was removed and never return it.
#[test]
fn what_was_removed_is_never_found() {
    let (count, dim) = (6000, 16);
    let rows = clusters(count, dim, 1);
    let mut index = built(&rows, dim, MetricKind::L2, BuildOptions::default());
    let near = index.search(&rows[..dim], 300, SEARCH, None, &Cancel::new()).unwrap();
    near.iter().for_each(|hit| assert!(index.remove(hit.slot).unwrap()));
    assert!(index.free.is_empty(), "not repaired yet");
    let found = index.search(&rows[..dim], 20, SEARCH, None, &Cancel::new()).unwrap();
    assert_eq!(found.len(), 20);
    assert!(found.iter().all(|hit| index.contains(hit.slot)));
    let all: canopy_core::SlotSet = (0..count as u32).collect();
    let allowed = index.search(&rows[..dim], 20, SEARCH, Some(&all), &Cancel::new()).unwrap();
    assert_eq!(allowed, found);
}

/// Vectors far outside of what the codes were chosen from are found like any other.
#[test]
fn strangers_are_found() {
    let (count, dim) = (5000, 20);
    let rows = clusters(count, dim, 1);
    for metric in METRICS {
        let mut index = built(&rows, dim, metric, BuildOptions::default());
        let mut random = Random::new(4);
        let far: Vec<f32> = (0..50 * dim).map(|i| 300.0 * (i / dim + 1) as f32 + 100.0 * random.normal()).collect();
        let slots: Vec<u32> = (9000..9050).collect();
        extend(&mut index, &slots, &far);
        let mut exact = flat(&rows, dim, metric);
        exact.extend(&slots, Rows::new(&far, dim).unwrap()).unwrap();
        for query in far.chunks_exact(dim) {
            // Under cosine these lie nearer to each other than the codes' step: as many as there are must be looked at.
            let found = index.search(query, 1, SearchOptions { ef: 60, rerank: 60 }, None, &Cancel::new()).unwrap();
            assert_eq!(found, exact.search(query, 1, None, &Cancel::new()).unwrap(), "{metric:?}");
        }
    }
}

#[test]
fn a_new_index_of_the_same_vectors() {
    let (count, dim) = (600, 16);
    let rows = clusters(count, dim, 1);
    let mut index = built(&rows, dim, MetricKind::Cosine, BuildOptions::default());
    (0..300).for_each(|slot| assert!(index.remove(slot).unwrap()));
    let new = index.rebuilt(&Cancel::new(), &Progress::default()).unwrap();
    assert_eq!((new.len(), new.slots.len()), (300, 300));
    (300..600).for_each(|slot| assert_eq!(new.vector(slot), index.vector(slot)));
    assert!(!new.is_stale() && new.vector(3).is_none());
}

#[test]
fn a_cancelled_change_leaves_an_index_that_works() {
    let (count, dim) = (5000, 16);
    let rows = clusters(2 * count, dim, 1);
    let (old, new) = rows.split_at(count * dim);
    let mut index = built(old, dim, MetricKind::L2, BuildOptions::default());
    let cancel = Cancel::new();
    let raise = cancel.clone();
    let progress = Progress::new(move |_, _| raise.cancel());
    let more: Vec<u32> = (count as u32..2 * count as u32).collect();
    let stopped = index.extend(&more, Rows::new(new, dim).unwrap(), &cancel, &progress);
    assert_eq!(stopped, Err(canopy_core::Cancelled.into()));
    assert!(index.len() >= count && index.len() < 2 * count);
    let hits = index.search(&old[..dim], 1, SEARCH, None, &Cancel::new()).unwrap();
    assert_eq!(hits[0].slot, 0);
    extend(&mut index, &more, new);
    assert_eq!(index.len(), 2 * count);
    let found = more.iter().step_by(97).filter(|&&slot| {
        let row = &rows[slot as usize * dim..][..dim];
        index.search(row, 1, SEARCH, None, &Cancel::new()).unwrap()[0].slot == slot
    });
    assert!(found.count() >= more.len().div_ceil(97) - 1);
}

#[derive(Debug, Clone)]
enum Change {
    Extend(Vec<u32>, u64),
    Remove(u32),
    Repair,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (prop::collection::btree_set(0_u32..90, 1..30), any::<u64>()).prop_map(|(slots, seed)| Change::Extend(slots.into_iter().collect(), seed)),
        8 => (0_u32..90).prop_map(Change::Remove),
        1 => Just(Change::Repair),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// After any changes a wide search finds exactly what is there.
    #[test]
    fn behaves_like_a_tree(changes in prop::collection::vec(change(), 1..25)) {
        const DIM: usize = 6;
        let mut index = built(&[], DIM, MetricKind::Dot, BuildOptions { degree: 6, ..BuildOptions::default() });
        let mut tree: BTreeMap<u32, Vec<f32>> = BTreeMap::new();
        for change in changes {
            match change {
                Change::Extend(slots, seed) => {
                    let mut random = Random::new(seed);
                    let values: Vec<f32> = (0..slots.len() * DIM).map(|_| random.normal()).collect();
                    extend(&mut index, &slots, &values);
                    slots.iter().zip(values.chunks(DIM)).for_each(|(&slot, row)| {
                        tree.insert(slot, row.to_vec());
                    });
                }
                Change::Remove(slot) => prop_assert_eq!(index.remove(slot).unwrap(), tree.remove(&slot).is_some()),
                Change::Repair => index.repair(&Cancel::new()).unwrap(),
            }
            prop_assert_eq!(index.len(), tree.len());
            let wide = SearchOptions { ef: 200, rerank: 200 };
            let found = index.search(&[1.0; DIM], 200, wide, None, &Cancel::new()).unwrap();
            let mut slots: Vec<u32> = found.iter().map(|hit| hit.slot).collect();
            slots.sort_unstable();
            prop_assert_eq!(slots, tree.keys().copied().collect::<Vec<_>>());
        }
        for (&slot, vector) in &tree {
            prop_assert_eq!(index.vector(slot), Some(vector.clone()));
        }
    }
}
