//! What is found, and with what scores.

use super::*;
use crate::graph::Storage;
use proptest::prelude::*;

/// Vectors, queries of the same kind, and both indexes.
fn both(count: usize, dim: usize, metric: MetricKind, options: BuildOptions) -> (GraphIndex, FlatIndex, Vec<f32>) {
    let rows = clusters(count, dim, 1);
    (built(&rows, dim, metric, options), flat(&rows, dim, metric), clusters(50, dim, 2))
}

#[test]
fn nearly_all_neighbours_are_found_and_scores_are_exact() {
    for metric in METRICS {
        for (dim, walk_dim) in [(32, 0), (100, 0), (100, 100), (100, 24)] {
            let options = BuildOptions { walk_dim, ..BuildOptions::default() };
            let (graph, flat, queries) = both(3000, dim, metric, options);
            let queries = Rows::new(&queries, dim).unwrap();
            let found = graph.search_batch(queries, 10, SEARCH, None, &Cancel::new()).unwrap();
            let truth = flat.search_batch(queries, 10, None, &Cancel::new()).unwrap();
            let recall = share(&found, &truth);
            assert!(recall > 0.97, "{metric:?} {dim} {walk_dim}: {recall}, walked over {}", graph.walk_dim());
            for (query, hits) in queries.iter().zip(&found) {
                let slots: Vec<u32> = hits.iter().map(|hit| hit.slot).collect();
                let exact = flat.score(query, &slots).unwrap();
                assert!(hits.iter().zip(exact).all(|(hit, exact)| hit.score.to_bits()
                    == exact.clamp(if metric == MetricKind::Cosine { -1.0 } else { f32::MIN }, f32::MAX).to_bits()));
                assert!(hits.is_sorted_by(|a, b| Hit::best_first(a, b).is_lt()));
            }
        }
    }
}

#[test]
fn the_same_bytes_at_any_number_of_threads() {
    let rows = clusters(2500, 70, 3);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| built(&rows, 70, MetricKind::L2, BuildOptions::default()))
    };
    let (one, three) = (with(1), with(3));
    assert_eq!(one.links.rows.get(), three.links.rows.get());
    assert_eq!(one.codes.get(), three.codes.get());
    assert_eq!(one.usual, three.usual);
    assert_eq!(one.entries.len(), three.entries.len());
    for (a, b) in one.entries.iter().zip(&three.entries) {
        assert_eq!((&a.nodes, a.links.rows.get()), (&b.nodes, b.links.rows.get()));
    }
}

#[test]
fn small_integers_are_kept_in_a_byte_without_loss() {
    let mut random = Random::new(4);
    let dim = 48;
    let rows: Vec<f32> = (0..1000 * dim).map(|_| random.below(256) as f32).collect();
    let index = built(&rows, dim, MetricKind::L2, BuildOptions::default());
    let mut index = index;
    let wide = built(&rows, dim, MetricKind::L2, BuildOptions { storage: Storage::F32, ..BuildOptions::default() });
    assert_eq!(4 * index.raw.rows.len(), wide.raw.rows.len());
    let ask = |index: &GraphIndex| index.search(&rows[..dim], 20, SEARCH, None, &Cancel::new()).unwrap();
    let (a, b) = (ask(&index), ask(&wide));
    assert_eq!(a[0], Hit { slot: 0, score: -0.0 });
    // Sums of integers, exact in any order as long as they stay below 2^24.
    assert_eq!(a, b);
    // The first number that doesn't fit widens all.
    index.upsert(5000, &vec![0.5; dim]).unwrap();
    assert_eq!(index.vector(5000), Some(vec![0.5; dim]));
    assert_eq!(ask(&index), b);
    let half: Vec<f32> = rows.iter().map(|value| value * 4.0).collect();
    let index = built(&half, dim, MetricKind::L2, BuildOptions::default());
    assert_eq!(2 * index.raw.rows.len(), wide.raw.rows.len());
}

/// Well apart clusters, copies of one vector, and a line: every node can be reached.
#[test]
fn no_node_is_out_of_reach() {
    let mut random = Random::new(2);
    let dim = 12;
    let far: Vec<f32> = (0..3000 * dim).map(|i| random.normal() + 1000.0 * ((i / dim % 30) as f32).sin()).collect();
    let copies: Vec<f32> = (0..3000 * dim).map(|i| if i / dim % 3 == 0 { random.normal() } else { 1.0 }).collect();
    let line: Vec<f32> = (0..3000 * dim).map(|i| (i / dim) as f32).collect();
    for rows in [far, copies, line] {
        for degree in [6, 32] {
            let index = built(&rows, dim, MetricKind::L2, BuildOptions { degree, ..BuildOptions::default() });
            assert_eq!(crate::graph::connect::lost(&index.links, &index.entries, index.start, &index.dead), 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A walk that keeps everything finds everything, whatever the data.
    #[test]
    fn a_wide_walk_misses_nothing(seed in any::<u64>(), count in 1_usize..160, dim in 1_usize..90, twins in any::<bool>(), k in 1_usize..200) {
        let mut random = Random::new(seed);
        let rows: Vec<f32> = (0..count * dim).map(|i| if twins && i >= dim { 0.5 } else { random.normal() }).collect();
        for metric in METRICS {
            let (graph, flat) = (built(&rows, dim, metric, BuildOptions::default()), flat(&rows, dim, metric));
            let query: Vec<f32> = (0..dim).map(|_| random.normal()).collect();
            let wide = SearchOptions { ef: count, rerank: count };
            let found = graph.search(&query, k, wide, None, &Cancel::new()).unwrap();
            let truth = flat.search(&query, k, None, &Cancel::new()).unwrap();
            prop_assert_eq!(found, truth);
        }
    }
}
