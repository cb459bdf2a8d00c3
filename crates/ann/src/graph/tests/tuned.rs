//! Tuning, ranges, estimates.

use super::*;
use crate::plan::estimate;

#[test]
fn tuning_reaches_the_recall_on_other_queries() {
    let (count, dim) = (6000, 40);
    let rows = clusters(count, dim, 1);
    let mut index = built(&rows, dim, MetricKind::L2, BuildOptions::default());
    let queries = clusters(80, dim, 2);
    let queries = Rows::new(&queries, dim).unwrap();
    let truth = flat(&rows, dim, MetricKind::L2).search_batch(queries, 10, None, &Cancel::new()).unwrap();
    assert_eq!(index.exact(queries, 10, &Cancel::new()).unwrap(), truth);
    let mut last = 0;
    for target in [0.8, 0.99] {
        let tuned = index.autotune(target, 10, None, &Cancel::new()).unwrap();
        assert!(tuned.reached && tuned.recall >= target, "{tuned:?}");
        let found = index.search_batch(queries, 10, SearchOptions::default(), None, &Cancel::new()).unwrap();
        assert!(share(&found, &truth) > target - 0.03, "{tuned:?} {}", share(&found, &truth));
        assert!(tuned.options.ef + tuned.options.rerank >= last);
        last = tuned.options.ef + tuned.options.rerank;
    }
    assert_eq!(
        index.effective(SearchOptions::default(), 10).ef + index.effective(SearchOptions::default(), 10).rerank,
        last
    );
    assert!(index.autotune(1.5, 10, None, &Cancel::new()).is_err());
    let mut empty = built(&[], 3, MetricKind::L2, BuildOptions::default());
    empty.autotune(0.9, 10, None, &Cancel::new()).unwrap();
    assert_eq!(empty.effective(SearchOptions::default(), 10).ef, 1);
}

/// Noise in many directions needs wide searches, clusters don't: either way the default finds what it should.
#[test]
fn an_index_knows_how_widely_to_search() {
    let (count, dim) = (6000, 64);
    let mut random = Random::new(3);
    let noise: Vec<f32> = (0..(count + 60) * dim).map(|_| random.normal()).collect();
    let (noise, others) = noise.split_at(count * dim);
    let clustered = (clusters(count, dim, 1), clusters(60, dim, 2));
    let mut ef = Vec::new();
    for (rows, queries) in [(&clustered.0[..], &clustered.1[..]), (noise, others)] {
        let index = built(rows, dim, MetricKind::L2, BuildOptions::default());
        let queries = Rows::new(queries, dim).unwrap();
        for (k, least) in [(10, 0.95), (100, 0.92)] {
            let truth = index.exact(queries, k, &Cancel::new()).unwrap();
            let found = index.search_batch(queries, k, SearchOptions::default(), None, &Cancel::new()).unwrap();
            assert!(share(&found, &truth) > least, "{k}: {} by {:?}", share(&found, &truth), index.usual);
        }
        ef.push(index.effective(SearchOptions::default(), 10).ef);
    }
    assert!(ef[0] < 50 && ef[1] > ef[0], "{ef:?}");
}

/// Tuned for ten, asked for a hundred.
#[test]
fn tuning_counts_for_other_numbers_of_hits() {
    let (count, dim) = (6000, 40);
    let rows = clusters(count, dim, 1);
    let mut index = built(&rows, dim, MetricKind::L2, BuildOptions::default());
    let tuned = index.autotune(0.99, 10, None, &Cancel::new()).unwrap();
    assert_eq!(index.effective(SearchOptions::default(), 10), tuned.options);
    let queries = clusters(60, dim, 2);
    let queries = Rows::new(&queries, dim).unwrap();
    let truth = index.exact(queries, 100, &Cancel::new()).unwrap();
    let found = index.search_batch(queries, 100, SearchOptions::default(), None, &Cancel::new()).unwrap();
    assert!(share(&found, &truth) > 0.95, "{}", share(&found, &truth));
    // The file keeps both.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.index");
    index.save(&path).unwrap();
    let opened = GraphIndex::open(&path).unwrap();
    assert_eq!((opened.usual, opened.tuned), (index.usual, index.tuned));
}

#[test]
fn a_range_holds_what_is_near_enough() {
    let (count, dim) = (8000, 24);
    let rows = clusters(count, dim, 1);
    let index = built(&rows, dim, MetricKind::L2, BuildOptions::default());
    let exact = flat(&rows, dim, MetricKind::L2);
    for query in clusters(10, dim, 2).chunks_exact(dim) {
        let all = exact.search(query, count, None, &Cancel::new()).unwrap();
        for many in [0, 5, 63, 64, 300, 900] {
            let least = all[many].score;
            let found = index.range(query, least, 700, SEARCH, None, &Cancel::new()).unwrap();
            assert!(found.iter().all(|hit| hit.score >= least));
            let truth = &all[..(many + 1).min(700)];
            assert!(
                share(std::slice::from_ref(&found), &[truth.to_vec()]) > 0.97,
                "{} of {}",
                found.len(),
                truth.len()
            );
        }
        assert!(index.range(query, 1.0, 700, SEARCH, None, &Cancel::new()).unwrap().is_empty());
    }
    assert!(index.range(&rows[..dim], f32::NAN, 1, SEARCH, None, &Cancel::new()).is_err());
}

#[test]
fn estimates_are_near_the_truth() {
    for (count, dim, metric) in [(4000, 256, MetricKind::Cosine), (6000, 48, MetricKind::Dot)] {
        let rows = clusters(count, dim, 1);
        let options = BuildOptions { walk_dim: 40, ..BuildOptions::default() };
        let index = built(&rows, dim, metric, options);
        let told = estimate(count, dim, metric, &options, false);
        let near = |told: u64, true_bytes: usize| (told as f64 / true_bytes as f64 - 1.0).abs() < 0.15;
        assert!(near(told.bytes, index.memory_bytes()), "{told:?} {}", index.memory_bytes());
        assert!(near(told.graph_bytes, index.graph_bytes()), "{told:?} {}", index.graph_bytes());
        assert!(told.build_bytes > told.bytes && told.build_seconds > 0.0);
    }
}
