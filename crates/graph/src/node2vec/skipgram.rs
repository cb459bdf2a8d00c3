//! Skip-gram with negative sampling (Mikolov et al., 2013), negatives shared by windows (Ji et al., 2016).

use super::descent::{Logistic, Step, descend};
use super::matrix::{Matrix, padded};
use super::stop::{Halt, Stop};
use super::walks::Walker;
use super::{Node2VecOptions, alias};
use crate::graph::Graph;
use canopy_core::Progress;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Exponent that evens out how often a node is drawn.
const FLATTEN: f64 = 0.75;
/// Share of the learning rate that is left at the end.
const LAST_RATE: f32 = 1e-3;
/// Walks between two looks at the clock and the cancel flag.
const RUN: u64 = 64;
/// Centres whose rows are copied at a time: two matrices of some fifty rows of 512 bytes stay in the first two caches.
const STRETCH: usize = 40;
/// Centres that share the nodes drawn against them. With nodes of its own for each centre, copies cost as much as the arithmetic.
const GROUP: usize = 8;

/// What all threads share.
struct Model<'a> {
    walker: &'a Walker<'a>,
    options: &'a Node2VecOptions,
    nodes: Matrix,
    contexts: Matrix,
    keep: Vec<f32>,
    alias: Vec<u32>,
    logistic: Logistic,
    /// Walks of one pass, and of all.
    count: u64,
    total: u64,
    /// Walks are taken in this stride, which shares no factor with their number: neighbours in number stand far apart in time.
    stride: u64,
}

/// What one thread has for itself: copies of all rows that a stretch of a walk needs, taken once and given back once.
struct Scratch {
    walk: Vec<u32>,
    nodes: Copies,
    contexts: Copies,
    /// Place in `nodes` of each node of the stretch, and in `contexts` of each centre and of the nodes drawn.
    inputs: Vec<u32>,
    outputs: Vec<u32>,
    pulls: Vec<f32>,
}

/// Copies of rows of a matrix, and what they were when they were taken.
struct Copies {
    width: usize,
    numbers: Vec<u32>,
    rows: Vec<f32>,
    taken: Vec<f32>,
}

impl Copies {
    fn new(width: usize) -> Self {
        Self { width, numbers: Vec::new(), rows: Vec::new(), taken: Vec::new() }
    }

    /// Where the copy of a row stands; it is taken where there is none.
    fn place(&mut self, number: u32, matrix: &Matrix) -> u32 {
        // Some dozens at most: looking through them takes less than a table.
        if let Some(at) = self.numbers.iter().position(|&have| have == number) {
            return at as u32;
        }
        let start = self.rows.len();
        self.numbers.push(number);
        matrix.load(number, &mut self.rows);
        self.taken.extend_from_slice(&self.rows[start..]);
        self.numbers.len() as u32 - 1
    }

    /// Adds to each row what its copy has learned meanwhile: what another thread learned stays.
    fn give_back(&mut self, matrix: &Matrix) {
        let rows = self.rows.chunks_exact(self.width).zip(self.taken.chunks_exact(self.width));
        for (&number, (row, taken)) in self.numbers.iter().zip(rows) {
            matrix.add(number, row, taken);
        }
        self.numbers.clear();
        self.rows.clear();
        self.taken.clear();
    }
}

/// Trains and returns one row a node.
pub(super) fn train(
    walker: &Walker<'_>,
    graph: &Graph,
    options: &Node2VecOptions,
    stop: &Stop<'_>,
    progress: &Progress,
) -> Result<Vec<f32>, Halt> {
    let n = graph.nodes() as usize;
    let mut random = fastrand::Rng::with_seed(options.walk.seed);
    let nodes = Matrix::new(n, options.dim, || (random.f32() - 0.5) / options.dim as f32);
    let (keep, alias) = frequencies(graph);
    let count = walker.count();
    let model = Model {
        walker,
        options,
        nodes,
        contexts: Matrix::new(n, options.dim, || 0.0),
        keep,
        alias,
        logistic: Logistic::new(),
        count,
        total: count * u64::from(options.epochs),
        stride: stride(count),
    };
    let done = AtomicU64::new(0);
    let run = |scratch: &mut Scratch, first: u64| {
        stop.check()?;
        let last = (first + RUN).min(model.total);
        (first..last).for_each(|at| model.learn(at, scratch));
        progress.report(done.fetch_add(last - first, Ordering::Relaxed), model.total);
        Ok::<_, Halt>(())
    };
    let runs = model.total.div_ceil(RUN);
    if options.deterministic {
        let mut scratch = model.scratch();
        (0..runs).try_for_each(|at| run(&mut scratch, at * RUN))?;
    } else {
        (0..runs).into_par_iter().try_for_each_init(|| model.scratch(), |scratch, at| run(scratch, at * RUN))?;
    }
    progress.finish(model.total, model.total);
    Ok(model.nodes.into_rows(options.dim))
}

/// An alias table by flattened weight of the edges that lead to a node: how often walks come by.
fn frequencies(graph: &Graph) -> (Vec<f32>, Vec<u32>) {
    let n = graph.nodes() as usize;
    let mut visits = vec![0.0; n];
    for node in 0..graph.nodes() {
        let around = graph.neighbours(node).iter().zip(graph.weights(node));
        around.for_each(|(&next, weight)| visits[next as usize] += weight);
    }
    let mean = visits.iter().sum::<f64>() / n as f64;
    // Every walk visits its start, so no node is never seen.
    let weights: Vec<f64> = visits.iter().map(|visits| (visits / mean + 0.1).powf(FLATTEN)).collect();
    let (mut keep, mut alias) = (vec![0.0; n], vec![0; n]);
    alias::fill(&weights, &mut keep, &mut alias);
    (keep, alias)
}

/// A number near the golden section of `count` that shares no factor with it.
fn stride(count: u64) -> u64 {
    let divides = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let start = ((count as f64 * 0.618_033_988_75) as u64).max(1);
    (start..).find(|&stride| divides(stride, count) == 1).unwrap_or(1)
}

impl Model<'_> {
    fn scratch(&self) -> Scratch {
        let width = padded(self.options.dim);
        Scratch {
            walk: vec![0; self.options.walk.length],
            nodes: Copies::new(width),
            contexts: Copies::new(width),
            inputs: Vec::new(),
            outputs: Vec::new(),
            pulls: Vec::new(),
        }
    }

    /// Walks and learns from the walk.
    fn learn(&self, at: u64, scratch: &mut Scratch) {
        let (pass, number) = (at / self.count, (at % self.count).wrapping_mul(self.stride) % self.count);
        let rate = self.options.learning_rate * (1.0 - at as f32 / self.total as f32).max(LAST_RATE);
        let mut random =
            fastrand::Rng::with_seed(self.options.walk.seed ^ (at + 1).wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut walk = std::mem::take(&mut scratch.walk);
        let length = self.walker.walk(number, pass, &mut walk);
        for first in (0..length).step_by(STRETCH) {
            let centres = first..(first + STRETCH).min(length);
            self.stretch(&walk[..length], centres, rate, &mut random, scratch);
        }
        scratch.walk = walk;
    }

    /// Learns from the windows of some centres on rows copied for all of them.
    fn stretch(
        &self,
        walk: &[u32],
        centres: std::ops::Range<usize>,
        rate: f32,
        random: &mut fastrand::Rng,
        scratch: &mut Scratch,
    ) {
        let Scratch { nodes, contexts, inputs, outputs, pulls, .. } = scratch;
        let around =
            centres.start.saturating_sub(self.options.window)..(centres.end + self.options.window).min(walk.len());
        let places: Vec<u32> = walk[around.clone()].iter().map(|&node| nodes.place(node, &self.nodes)).collect();
        for group in centres.collect::<Vec<_>>().chunks(GROUP) {
            // Drawn twice, a node would be pushed away twice as hard at once.
            outputs.clear();
            outputs.push(0);
            for _ in 0..self.options.negatives {
                let node = alias::draw(&self.keep, &self.alias, random) as u32;
                let place = contexts.place(node, &self.contexts);
                if !outputs[1..].contains(&place) {
                    outputs.push(place);
                }
            }
            let drawn = outputs.len();
            for &centre in group {
                let reach = random.usize(1..=self.options.window);
                let window = centre.saturating_sub(reach)..(centre + reach + 1).min(walk.len());
                inputs.clear();
                inputs.extend(window.filter(|&at| at != centre).map(|at| places[at - around.start]));
                outputs[0] = contexts.place(walk[centre], &self.contexts);
                // A centre that was drawn against itself is recognised, not pushed away.
                let twin = outputs[1..].iter().position(|&place| place == outputs[0]).map(|at| at + 1);
                if let Some(twin) = twin {
                    outputs.swap(twin, drawn - 1);
                }
                let against = &outputs[..drawn - usize::from(twin.is_some())];
                let step = Step { inputs, outputs: against, width: nodes.width, rate, logistic: &self.logistic };
                descend(&step, &mut nodes.rows, &mut contexts.rows, pulls);
            }
        }
        nodes.give_back(&self.nodes);
        contexts.give_back(&self.contexts);
    }
}
