//! The best p and q for a graph: Bayesian optimisation in [0.1, 4]² against links held back.

mod process;
mod recall;
mod state;

pub use state::{StoppedBy, Trial, dataset_hash};

use crate::error::Error;
use crate::graph::Graph;
use crate::node2vec::{Halt, Node2VecOptions, Stop, WalkOptions, fit};
use canopy_core::{Cancel, Progress};
use process::Process;
use recall::Split;
use state::State;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How to search.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TuneOptions {
    /// Wall-clock limit, honoured inside an evaluation; above 0.
    pub max_minutes: f64,
    /// Most evaluations, those of earlier runs included, 1 to 1,000.
    pub evaluations: usize,
    /// Stop after so many evaluations in a row without a better one.
    pub patience: usize,
    /// Share of the links held back, above 0, up to 0.5.
    pub held: f64,
    /// Seed of the split and of the search.
    pub seed: u64,
    /// How to embed; its p, q and seed are replaced.
    pub node2vec: Node2VecOptions,
    /// Where the best result is kept: `best_pq.json` in some folder. A run over the same graph resumes from it.
    pub state: Option<PathBuf>,
}

impl Default for TuneOptions {
    fn default() -> Self {
        Self {
            max_minutes: 10.0,
            evaluations: 30,
            patience: 12,
            held: 0.1,
            seed: 42,
            // A resumed search is the search in one go only where an evaluation says the same each time.
            node2vec: Node2VecOptions { deterministic: true, ..Node2VecOptions::default() },
            state: None,
        }
    }
}

/// The best (p, q) found; what `best_pq.json` holds.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BestPq {
    /// The best p; 1 when nothing was evaluated.
    pub p: f64,
    /// The best q; 1 when nothing was evaluated.
    pub q: f64,
    /// Its recall@10 on the links held back; `None` when nothing was evaluated.
    pub score: Option<f64>,
    /// Evaluations in all runs.
    pub evaluations: usize,
    /// What was searched; see [`dataset_hash`].
    pub dataset_hash: String,
    /// Seed of the search.
    pub seed: u64,
    /// Why it ended.
    pub stopped_by: StoppedBy,
    /// Every evaluation, so that a later run knows what this one learned.
    pub trials: Vec<Trial>,
}

/// The square that is searched.
pub const PQ_RANGE: std::ops::RangeInclusive<f64> = 0.1..=4.0;

/// Points looked at before the process is asked: the middle and four that differ in kind.
const FIRST: [(f64, f64); 5] = [(1.0, 1.0), (0.25, 4.0), (4.0, 0.25), (0.25, 0.25), (4.0, 4.0)];

impl TuneOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |name, received, expected| Err(Error::Option { name, received, expected });
        if !(self.max_minutes > 0.0 && self.max_minutes <= 1e6) {
            return refuse("maxMinutes", self.max_minutes, "choose a time above 0, up to 1e6 minutes");
        }
        if !(1..=1000).contains(&self.evaluations) {
            return refuse("evaluations", self.evaluations as f64, "choose 1 to 1000");
        }
        if self.patience == 0 {
            return refuse("patience", 0.0, "choose 1 or more");
        }
        if !(self.held > 0.0 && self.held <= 0.5) {
            return refuse("held", self.held, "choose a share above 0, up to 0.5");
        }
        self.node2vec.check()
    }
}

/// Searches for the p and q whose embedding, trained on the rest of the graph, ranks the most held-back links among the ten nearest of their ends.
/// `ids` name the nodes in the data set's hash, so that a graph numbered otherwise is known again.
///
/// The best result is written after every evaluation and on every stop, cancellation included: to a temporary file, synced and
/// renamed. That the file can be written is tried before the first evaluation.
///
/// # Errors
/// [`Error::Empty`] without enough edges to hold some back, [`Error::Option`] (code `NODE2VEC_TIME_LIMIT` for the time),
/// [`Error::State`] (code `BEST_PQ_WRITE` or `BEST_PQ_READ`), [`Error::StateForeign`], [`Error::Cancelled`].
pub fn tune_pq(
    graph: &Graph,
    ids: Option<&[String]>,
    options: &TuneOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<BestPq, Error> {
    options.check()?;
    let deadline = Instant::now().checked_add(Duration::from_secs_f64(60.0 * options.max_minutes));
    let stop = Stop::new(cancel, deadline);
    let state = State::new(options.state.clone());
    let mut best = state.resume(&dataset_hash(graph, ids)?, options.seed)?;
    let split = Split::new(graph, options.held, options.seed)?;
    state.save(&best)?;
    let ended = search(&split, options, &stop, &state, &mut best, progress);
    best.stopped_by = match &ended {
        Ok(stopped_by) => *stopped_by,
        Err(Halt::TimeUp) => StoppedBy::MaxMinutes,
        Err(Halt::Failed(Error::Cancelled(_))) => StoppedBy::Cancelled,
        Err(Halt::Failed(_)) => StoppedBy::Failed,
    };
    state.save(&best)?;
    progress.finish(best.evaluations as u64, options.evaluations as u64);
    match ended {
        Err(Halt::Failed(error)) => Err(error),
        _ => Ok(best),
    }
}

fn search(
    split: &Split,
    options: &TuneOptions,
    stop: &Stop<'_>,
    state: &State,
    best: &mut BestPq,
    progress: &Progress,
) -> Result<StoppedBy, Halt> {
    while best.evaluations < options.evaluations {
        let since = best.trials.iter().rev().take_while(|trial| Some(trial.score) != best.score).count();
        if best.trials.len() > FIRST.len() && since >= options.patience {
            return Ok(StoppedBy::Patience);
        }
        stop.check()?;
        let tried = |&(p, q): &(f64, f64)| best.trials.iter().any(|trial| (trial.p, trial.q) == (p, q));
        let next = match FIRST.iter().copied().find(|point| !tried(point)) {
            Some(point) => point,
            None => match Process::new(&best.trials).most_promising() {
                Some(point) => point,
                None => return Ok(StoppedBy::Exhausted),
            },
        };
        let walk = WalkOptions { p: next.0, q: next.1, seed: options.seed, ..options.node2vec.walk };
        let found = fit(split.graph(), &Node2VecOptions { walk, ..options.node2vec }, stop, &Progress::default())?;
        let score = split.recall(&found, stop)?;
        best.record(Trial { p: next.0, q: next.1, score });
        state.save(best)?;
        progress.report(best.evaluations as u64, options.evaluations as u64);
    }
    Ok(StoppedBy::Evaluations)
}
