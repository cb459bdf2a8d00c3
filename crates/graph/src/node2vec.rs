//! Node2Vec (Grover and Leskovec, KDD 2016): nodes that meet on biased walks lie near each other.

mod alias;
mod descent;
mod matrix;
mod skipgram;
mod stop;
mod walks;

pub use walks::{WalkOptions, Walks, walks};

pub(crate) use stop::{Halt, Stop};

use crate::error::Error;
use crate::graph::Graph;
use canopy_core::{Cancel, Progress};
use walks::Walker;

/// How to embed.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Node2VecOptions {
    /// The walks.
    #[serde(flatten)]
    pub walk: WalkOptions,
    /// Coordinates a node, 1 to 4,096.
    pub dim: usize,
    /// Nodes looked at on either side of a node, 1 to 100; each window is shrunk at random, as in word2vec.
    pub window: usize,
    /// Nodes drawn beside each window, 1 to 100.
    pub negatives: usize,
    /// Times that fresh walks from all nodes are learned from, 1 to 1,000.
    pub epochs: u32,
    /// Learning rate at the start; it falls linearly.
    pub learning_rate: f32,
    /// Whether the seed fixes the result to the bit: then one thread learns. Otherwise all cores learn at once without waiting for each
    /// other (Hogwild): faster, as good, and a little different each time.
    pub deterministic: bool,
}

impl Default for Node2VecOptions {
    fn default() -> Self {
        Self {
            walk: WalkOptions::default(),
            dim: 128,
            window: 5,
            negatives: 5,
            epochs: 1,
            learning_rate: 0.025,
            deterministic: false,
        }
    }
}

/// An embedding of nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Node2Vec {
    /// Coordinates a node.
    pub dim: usize,
    /// One row a node.
    pub vectors: Vec<f32>,
}

impl Node2VecOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |name, received, expected| Err(Error::Option { name, received, expected });
        self.walk.check()?;
        if !(1..=4096).contains(&self.dim) {
            return refuse("dim", self.dim as f64, "choose 1 to 4096 coordinates");
        }
        if !(1..=100).contains(&self.window) {
            return refuse("window", self.window as f64, "choose 1 to 100 nodes");
        }
        if !(1..=100).contains(&self.negatives) {
            return refuse("negatives", self.negatives as f64, "choose 1 to 100 nodes");
        }
        if !(1..=1000).contains(&self.epochs) {
            return refuse("epochs", f64::from(self.epochs), "choose 1 to 1000");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return refuse("learningRate", f64::from(self.learning_rate), "choose a rate above 0, up to 1");
        }
        Ok(())
    }
}

/// Embeds every node; a node without edges keeps its random start. Walks are made while learning, so they take no memory.
///
/// # Errors
/// [`Error::Empty`] without edges, [`Error::Option`] (code `NODE2VEC_PQ` for p or q), [`Error::Cancelled`].
pub fn node2vec(
    graph: &Graph,
    options: &Node2VecOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Node2Vec, Error> {
    options.check()?;
    match fit(graph, options, &Stop::new(cancel, None), progress) {
        Ok(found) => Ok(found),
        Err(Halt::Failed(error)) => Err(error),
        Err(Halt::TimeUp) => unreachable!("there is no time limit"),
    }
}

/// The same with a deadline, options checked.
pub(crate) fn fit(
    graph: &Graph,
    options: &Node2VecOptions,
    stop: &Stop<'_>,
    progress: &Progress,
) -> Result<Node2Vec, Halt> {
    if graph.edge_count() == 0 {
        return Err(Halt::Failed(Error::Empty { what: "edges" }));
    }
    stop.check()?;
    let walker = Walker::new(graph, &options.walk);
    let vectors = skipgram::train(&walker, graph, options, stop, progress)?;
    Ok(Node2Vec { dim: options.dim, vectors })
}
