//! Poincaré embeddings of a hierarchy (Nickel and Kiela, NIPS 2017): Riemannian stochastic gradient descent with negative
//! sampling and burn-in.

mod estimate;
mod evaluate;
mod step;

pub use evaluate::{Quality, evaluate};

use crate::ball::Ball;
use crate::error::Error;
use canopy_core::{Cancel, Progress};
use step::Trainer;

/// How to train.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct TrainOptions {
    /// Curvature of the ball the result lies in.
    pub kappa: f64,
    /// Coordinates a node, 1 to 4,096.
    pub dim: usize,
    /// Passes over all pairs after the burn-in.
    pub epochs: u32,
    /// Passes at a tenth of the rate before that, which lets angles settle while everything is near 0.
    pub burn_in: u32,
    /// Learning rate.
    pub learning_rate: f64,
    /// Nodes drawn beside each pair, none of which is related to its first node.
    pub negatives: usize,
    /// Seed. The result depends on it and on nothing else.
    pub seed: u64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { kappa: -1.0, dim: 10, epochs: 50, burn_in: 10, learning_rate: 0.3, negatives: 10, seed: 42 }
    }
}

/// A trained embedding.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// The ball it lies in.
    pub ball: Ball,
    /// Coordinates a node.
    pub dim: usize,
    /// One row a node.
    pub points: Vec<f64>,
    /// Mean loss a pair in the last pass, natural logarithm.
    pub loss: f64,
}

/// Radii are kept below 1 minus this while training, as in the paper.
const TRAINING_MARGIN: f64 = 1e-5;
/// Divides the learning rate during the burn-in, as in the paper.
const BURN_IN_DIVISOR: f64 = 10.0;
/// Pairs between two looks at the cancel flag.
const POLL: usize = 1024;

impl TrainOptions {
    fn check(&self) -> Result<Ball, Error> {
        let refuse = |name, received, expected| Err(Error::Training { name, received, expected });
        if !(1..=4096).contains(&self.dim) {
            return refuse("dim", self.dim as f64, "choose 1 to 4096 coordinates");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 100.0) {
            return refuse("learningRate", self.learning_rate, "choose a rate above 0, up to 100");
        }
        if !(1..=10_000).contains(&self.negatives) {
            return refuse("negatives", self.negatives as f64, "choose 1 to 10000 nodes a pair");
        }
        if self.epochs == 0 {
            return refuse("epochs", 0.0, "choose at least 1 pass");
        }
        Ball::new(self.kappa)
    }
}

/// Related nodes of each node, in rows (sorted, both directions).
pub(crate) struct Relations {
    offsets: Vec<usize>,
    targets: Vec<u32>,
}

impl Relations {
    pub(crate) fn new(nodes: u32, pairs: &[(u32, u32)]) -> Result<Self, Error> {
        if let Some(row) = pairs.iter().position(|&(a, b)| a >= nodes || b >= nodes || a == b) {
            let (from, to) = pairs[row];
            return Err(Error::Relation { row, from, to, nodes });
        }
        let mut both: Vec<(u32, u32)> = pairs.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).collect();
        both.sort_unstable();
        both.dedup();
        let mut offsets = vec![0; nodes as usize + 1];
        both.iter().for_each(|&(a, _)| offsets[a as usize + 1] += 1);
        (0..nodes as usize).for_each(|i| offsets[i + 1] += offsets[i]);
        Ok(Self { offsets, targets: both.into_iter().map(|(_, b)| b).collect() })
    }

    pub(crate) fn of(&self, node: u32) -> &[u32] {
        &self.targets[self.offsets[node as usize]..self.offsets[node as usize + 1]]
    }
}

/// Embeds `nodes` nodes of a hierarchy from its `pairs`: usually every (node, ancestor), the transitive closure. Related nodes
/// end up near each other, ancestors near 0, leaves near the rim.
///
/// Each pair is trained from both its ends' points of view in turn. Runs on one thread; about 1 µs a pair, negative and
/// ten coordinates.
///
/// # Errors
/// [`Error::Training`] for an option out of range, [`Error::Curvature`], [`Error::Relation`], [`Error::Empty`] without pairs,
/// [`Error::Cancelled`].
pub fn train(
    nodes: u32,
    pairs: &[(u32, u32)],
    options: &TrainOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Embedding, Error> {
    let ball = options.check()?;
    if pairs.is_empty() {
        return Err(Error::Empty);
    }
    let relations = Relations::new(nodes, pairs)?;
    let mut trainer = Trainer::new(nodes, options, &relations);
    let mut order: Vec<u32> = (0..pairs.len() as u32).collect();
    let burn_in = u64::from(options.burn_in);
    let passes = burn_in + u64::from(options.epochs);
    let total = passes.saturating_mul(pairs.len() as u64);
    let mut loss = 0.0;
    for pass in 0..passes {
        let rate = options.learning_rate / if pass < burn_in { BURN_IN_DIVISOR } else { 1.0 };
        trainer.shuffle(&mut order);
        loss = 0.0;
        for (at, chunk) in order.chunks(POLL).enumerate() {
            cancel.check()?;
            progress.report(pass * pairs.len() as u64 + (at * POLL) as u64, total);
            loss += chunk.iter().map(|&pair| trainer.pair(pairs[pair as usize], rate)).sum::<f64>();
        }
    }
    progress.finish(total, total);
    let mut points = trainer.into_points();
    points.iter_mut().for_each(|x| *x *= ball.radius());
    Ok(Embedding { ball, dim: options.dim, points, loss: loss / pairs.len() as f64 })
}
