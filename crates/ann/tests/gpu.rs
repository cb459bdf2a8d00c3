//! Batches searched on a GPU against the processor.

use canopy_ann::flat::FlatIndex;
use canopy_ann::ivf::{IvfOptions, IvfPq, IvfSearch};
use canopy_core::{Cancel, Coded, Hit, MetricKind, Progress, Rows, SlotSet};
use canopy_cuda::{Choice, choose};
use canopy_cuda_emulator::harness::{Cases, run};

fn main() {
    run(Cases {
        what: "searches by lists find the processor's neighbours",
        real: || compare(20_000, 64),
        emulated: || compare(3000, 20),
        full: (100_000, || {
            choose(Choice::Gpu);
            let mut made = Made::new(3000, 20, MetricKind::L2);
            let rows = Rows::new(&made.values, 20).expect("whole rows");
            assert!(!made.lists.use_gpu(&made.slots, rows));
        }),
    })
}

/// Vectors around thirty centres.
fn clustered(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(7);
    let centres: Vec<f32> = (0..30 * dim).map(|_| 4.0 * random.f32() - 2.0).collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut values = Vec::with_capacity(count * dim);
    for _ in 0..count {
        let centre = &centres[random.usize(..30) * dim..][..dim];
        values.extend(centre.iter().map(|value| value + random.f32() - 0.5));
    }
    values
}

struct Made {
    slots: Vec<u32>,
    values: Vec<f32>,
    lists: IvfPq,
    flat: FlatIndex,
}

impl Made {
    fn new(count: usize, dim: usize, metric: MetricKind) -> Self {
        let slots: Vec<u32> = (0..count as u32).map(|i| 3 * i + 5).collect();
        let values = clustered(count, dim, 1);
        let rows = Rows::new(&values, dim).expect("whole rows");
        let options = IvfOptions::default();
        let lists = IvfPq::build(&slots, rows, metric, options, &Cancel::new(), &Progress::default()).expect("builds");
        let mut flat = FlatIndex::new(dim, metric).expect("an index");
        flat.extend(&slots, rows).expect("extends");
        Self { slots, values, lists, flat }
    }
}

/// The share of the true hits that were found.
fn share(found: &[Vec<Hit>], truth: &[Vec<Hit>]) -> f64 {
    let pairs = || found.iter().zip(truth);
    let hits: usize = pairs()
        .map(|(found, truth)| truth.iter().filter(|hit| found.iter().any(|other| other.slot == hit.slot)).count())
        .sum();
    hits as f64 / truth.iter().map(Vec::len).sum::<usize>() as f64
}

fn compare(count: usize, dim: usize) {
    for metric in [MetricKind::L2, MetricKind::Dot, MetricKind::Cosine] {
        let here = Made::new(count, dim, metric);
        let mut there = Made::new(count, dim, metric);
        choose(Choice::Gpu);
        let rows = Rows::new(&there.values, dim).expect("whole rows");
        assert!(there.lists.use_gpu(&there.slots, rows), "there is a device with room");
        let queries = clustered(40, dim, 2);
        let queries = Rows::new(&queries, dim).expect("whole rows");
        let even: SlotSet = here.slots.iter().copied().filter(|slot| slot % 2 == 0).collect();
        for allow in [None, Some(&even)] {
            let one = |query| here.flat.search(query, 10, allow, &Cancel::new()).expect("searches");
            let truth: Vec<Vec<Hit>> = queries.iter().map(one).collect();
            for (probes, rerank) in [(usize::MAX, count), (16, 100), (2, 12)] {
                let search = |made: &Made| {
                    let options = IvfSearch { probes, rerank };
                    made.lists.search_batch(queries, 10, options, allow, &made.flat, &Cancel::new()).expect("searches")
                };
                let (on_gpu, on_cpu) = (search(&there), search(&here));
                for (query, found) in on_gpu.iter().enumerate() {
                    let slots: Vec<u32> = found.iter().map(|hit| hit.slot).collect();
                    assert!(slots.iter().all(|&slot| allow.is_none_or(|allow| allow.contains(slot))));
                    let exact = here.flat.score(queries.row(query), &slots).expect("scores");
                    for (hit, exact) in found.iter().zip(exact) {
                        assert!(
                            (hit.score - exact).abs() <= 1e-5 * exact.abs().max(1.0),
                            "{metric:?}: {hit:?}, {exact}"
                        );
                    }
                }
                let (gpu, cpu) = (share(&on_gpu, &truth), share(&on_cpu, &truth));
                assert!(gpu >= cpu - 0.02, "{metric:?}, {probes} probes: {gpu}, {cpu} on the processor");
                assert!(rerank < count || gpu > 0.999, "all vectors were looked at: {gpu}");
            }
        }
        let bad = vec![f32::NAN; 20 * dim];
        let bad = Rows::new(&bad, dim).expect("whole rows");
        let refused = there.lists.search_batch(bad, 3, IvfSearch::default(), None, &there.flat, &Cancel::new());
        assert_eq!(refused.map(drop).map_err(|error| error.code()), Err("VECTOR_NOT_FINITE"));
    }
}
