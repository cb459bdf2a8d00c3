//! Searches among some of the vectors.

use super::*;
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
