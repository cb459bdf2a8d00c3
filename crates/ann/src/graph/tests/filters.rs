//! Searches among some of the vectors.

use super::*;
use crate::graph::entry;
use crate::graph::walk::Scratch;
use canopy_core::SlotSet;

/// From all vectors down to one in a thousand, at random and in one corner of the data.
#[test]
fn every_part_is_searched_well() {
    let (count, dim) = (8000, 32);
    let rows = clusters(count, dim, 1);
    let (graph, flat) = (built(&rows, dim, MetricKind::L2, BuildOptions::default()), flat(&rows, dim, MetricKind::L2));
    let queries = clusters(40, dim, 2);
    let queries = Rows::new(&queries, dim).unwrap();
    let mut random = Random::new(6);
    let mut sets: Vec<(String, SlotSet)> = [1, 2, 5, 10, 50, 100, 1000]
        .map(|every| (format!("one in {every}"), (0..count as u32).filter(|_| random.below(every) == 0).collect()))
        .to_vec();
    // The nearest thousand of a point that no query is near.
    let corner = flat.search(&rows[..dim], 1000, None, &Cancel::new()).unwrap();
    sets.push(("corner".into(), corner.iter().map(|hit| hit.slot).collect()));
    let far: SlotSet =
        flat.search(&rows[..dim], 6000, None, &Cancel::new()).unwrap().iter().skip(4000).map(|hit| hit.slot).collect();
    sets.push(("ring".into(), far));
    for (name, allow) in sets {
        let truth = flat.search_batch(queries, 10, Some(&allow), &Cancel::new()).unwrap();
        let found = graph.search_batch(queries, 10, SEARCH, Some(&allow), &Cancel::new()).unwrap();
        assert!(found.iter().flatten().all(|hit| allow.contains(hit.slot)), "{name}");
        let recall = share(&found, &truth);
        assert!(recall > 0.95, "{name}: {recall}");
    }
}

/// The ten that look nearest by their codes, by a walk among what is allowed or by a look at all of it.
fn by_codes(index: &GraphIndex, query: &[f32], allow: &SlotSet, walk: bool) -> Vec<u32> {
    const WIDE: usize = 48;
    let cancel = Cancel::new();
    Scratch::with(|scratch| {
        index.space.query(query, &mut scratch.projection, &mut scratch.query);
        if walk {
            entry::descend(&index.entries, index.slots.len(), index.space.stride, index.start, scratch);
            let allowed = index.allowed(Some(allow));
            assert!(scratch.walk_among(index.view(), allowed, WIDE, WIDE, usize::MAX, &cancel).unwrap());
        } else {
            index.scan(Some(allow), WIDE, scratch, &cancel).unwrap();
        }
        let slots = index.slots.get();
        scratch.pool.iter().take(10).map(|(_, id)| slots[id as usize]).collect()
    })
}

/// Walks find nearly what scans find also where a search would choose the scan, whether slots are positions or not, among the living only.
#[test]
fn walks_among_the_allowed_find_their_way() {
    let (count, dim) = (8000, 24);
    let rows = clusters(count, dim, 1);
    let queries = clusters(40, dim, 2);
    for (times, first) in [(1, 0), (3, 5)] {
        let slots: Vec<u32> = (0..count as u32).map(|i| times * i + first).collect();
        let all = Rows::new(&rows, dim).unwrap();
        let (options, cancel) = (BuildOptions::default(), Cancel::new());
        let mut index = GraphIndex::build(&slots, all, MetricKind::L2, options, &cancel, &Progress::default()).unwrap();
        slots.iter().step_by(20).for_each(|&slot| assert!(index.remove(slot).unwrap()));
        let mut random = Random::new(6);
        let far = flat(&rows, dim, MetricKind::L2).search(&rows[..dim], 4000, None, &cancel).unwrap();
        let far: SlotSet = far.iter().skip(2000).map(|hit| times * hit.slot + first).collect();
        let parts =
            [1, 2, 5, 10, 30, 100].map(|every| slots.iter().copied().filter(|_| random.below(every) == 0).collect());
        for (name, allow) in
            ["1", "1/2", "1/5", "1/10", "1/30", "1/100", "ring"].iter().zip(parts.into_iter().chain([far]))
        {
            let (mut right, mut wanted) = (0, 0);
            for query in queries.chunks_exact(dim) {
                let (truth, found) = (by_codes(&index, query, &allow, false), by_codes(&index, query, &allow, true));
                assert!(found.iter().all(|&slot| allow.contains(slot) && index.contains(slot)), "{name}");
                right += truth.iter().filter(|slot| found.contains(slot)).count();
                wanted += truth.len();
            }
            let recall = right as f64 / wanted as f64;
            assert!(recall > 0.95, "{name}, slots from {first}: {recall}");
        }
    }
}

#[test]
fn sets_that_name_nothing_here() {
    let rows = clusters(3000, 16, 1);
    let graph = built(&rows, 16, MetricKind::L2, BuildOptions::default());
    let search = |allow: &SlotSet| graph.search(&rows[..16], 5, SEARCH, Some(allow), &Cancel::new()).unwrap();
    assert!(search(&SlotSet::new()).is_empty());
    assert!(search(&(9000..9100).collect()).is_empty());
    assert_eq!(search(&[7, 123_456].into_iter().collect())[0].slot, 7);
    assert_eq!(search(&SlotSet::below(100_000)).len(), 5);
}
