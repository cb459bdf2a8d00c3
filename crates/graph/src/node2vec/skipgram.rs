//! Skip-gram with negative sampling (Mikolov et al., 2013), negatives shared by the nodes of a window (Ji et al., 2016).

use super::matrix::{LANES, Matrix, padded};
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

/// The logistic function from a table: within 0.006 of it, which gradient noise drowns.
struct Logistic([f32; Self::CELLS]);

impl Logistic {
    const CELLS: usize = 1024;
    const REACH: f32 = 8.0;

    fn new() -> Self {
        let scale = 2.0 * Self::REACH / Self::CELLS as f32;
        Self(std::array::from_fn(|at| 1.0 / (1.0 + (Self::REACH - scale * (at as f32 + 0.5)).exp())))
    }

    #[inline(always)]
    fn at(&self, x: f32) -> f32 {
        let place = (x + Self::REACH) * (Self::CELLS as f32 / (2.0 * Self::REACH));
        self.0[(place.max(0.0) as usize).min(Self::CELLS - 1)]
    }
}

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

/// What one thread has for itself.
struct Scratch {
    walk: Vec<u32>,
    inputs: Vec<f32>,
    outputs: Vec<f32>,
    gradient: Vec<f32>,
    drawn: Vec<u32>,
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
    if options.hogwild {
        (0..runs).into_par_iter().try_for_each_init(|| model.scratch(), |scratch, at| run(scratch, at * RUN))?;
    } else {
        let mut scratch = model.scratch();
        (0..runs).try_for_each(|at| run(&mut scratch, at * RUN))?;
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
            inputs: vec![0.0; 2 * self.options.window * width],
            outputs: vec![0.0; (self.options.negatives + 1) * width],
            gradient: vec![0.0; width],
            drawn: Vec::with_capacity(self.options.negatives + 1),
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
        for centre in 0..length {
            let reach = random.usize(1..=self.options.window);
            let window = centre.saturating_sub(reach)..(centre + reach + 1).min(length);
            self.window(&walk, centre, window, rate, &mut random, scratch);
        }
        scratch.walk = walk;
    }

    /// Every other node of a window learns to tell its centre from nodes drawn at random.
    fn window(
        &self,
        walk: &[u32],
        centre: usize,
        window: std::ops::Range<usize>,
        rate: f32,
        random: &mut fastrand::Rng,
        scratch: &mut Scratch,
    ) {
        let width = padded(self.options.dim);
        let Scratch { inputs, outputs, gradient, drawn, .. } = scratch;
        drawn.clear();
        drawn.push(walk[centre]);
        for _ in 0..self.options.negatives {
            let node = alias::draw(&self.keep, &self.alias, random) as u32;
            // Drawn twice, a row would be stored twice and learn once.
            if !drawn.contains(&node) {
                drawn.push(node);
            }
        }
        let others = || window.clone().filter(|&at| at != centre).map(|at| walk[at]);
        let count = others().count();
        for (node, row) in others().zip(inputs.chunks_exact_mut(width)) {
            self.nodes.load(node, row);
        }
        for (&node, row) in drawn.iter().zip(outputs.chunks_exact_mut(width)) {
            self.contexts.load(node, row);
        }
        descend(&mut inputs[..count * width], &mut outputs[..drawn.len() * width], gradient, rate, &self.logistic);
        for (node, row) in others().zip(inputs.chunks_exact(width)) {
            self.nodes.store(node, row);
        }
        for (&node, row) in drawn.iter().zip(outputs.chunks_exact(width)) {
            self.contexts.store(node, row);
        }
    }
}

/// An inner product in as many sums as a register has lanes.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let ((a, _), (b, _)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    // A tree of additions: one after the other they would take longer than the products.
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = sums;
    (((a + i) + (e + m)) + ((c + k) + (g + o))) + (((b + j) + (f + n)) + ((d + l) + (h + p)))
}

/// One step of gradient descent for all pairs of inputs and outputs; the first output is the one to be recognised.
#[inline(always)]
fn descend_plain(inputs: &mut [f32], outputs: &mut [f32], gradient: &mut [f32], rate: f32, logistic: &Logistic) {
    let width = gradient.len();
    for input in inputs.chunks_exact_mut(width) {
        gradient.fill(0.0);
        let mut label = 1.0;
        for output in outputs.chunks_exact_mut(width) {
            let pull = rate * (label - logistic.at(dot(input, output)));
            // Flat loops over whole rows: over rows of lanes the compiler gathers instead, ten times slower.
            for ((y, &x), g) in output.iter_mut().zip(input.iter()).zip(gradient.iter_mut()) {
                let old = *y;
                *g += pull * old;
                *y = old + pull * x;
            }
            label = 0.0;
        }
        input.iter_mut().zip(gradient.iter()).for_each(|(x, g)| *x += g);
    }
}

/// [`descend_plain`] for the machine it runs on.
fn descend(inputs: &mut [f32], outputs: &mut [f32], gradient: &mut [f32], rate: f32, logistic: &Logistic) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2(inputs: &mut [f32], outputs: &mut [f32], gradient: &mut [f32], rate: f32, logistic: &Logistic) {
            descend_plain(inputs, outputs, gradient, rate, logistic);
        }
        #[target_feature(enable = "avx512f,avx2")]
        fn avx512(inputs: &mut [f32], outputs: &mut [f32], gradient: &mut [f32], rate: f32, logistic: &Logistic) {
            descend_plain(inputs, outputs, gradient, rate, logistic);
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the machine was just seen to have it.
            return unsafe { avx512(inputs, outputs, gradient, rate, logistic) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { avx2(inputs, outputs, gradient, rate, logistic) };
        }
    }
    descend_plain(inputs, outputs, gradient, rate, logistic);
}
