//! `best_pq.json`, and the name of a data set.

use super::BestPq;
use crate::error::Error;
use crate::graph::Graph;
use std::io::Write;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_128;

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StoppedBy {
    /// It hasn't: the file of a search that is going on, or was killed.
    Running,
    /// The time was up.
    MaxMinutes,
    /// All evaluations were made.
    Evaluations,
    /// Nothing better came for long.
    Patience,
    /// No place promised anything more.
    Exhausted,
    /// The caller cancelled.
    Cancelled,
    /// An error.
    Failed,
}

/// One evaluation.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Trial {
    /// p.
    pub p: f64,
    /// q.
    pub q: f64,
    /// Recall@10.
    pub score: f64,
}

impl BestPq {
    fn fresh(hash: &str, seed: u64) -> Self {
        Self {
            p: 1.0,
            q: 1.0,
            score: None,
            evaluations: 0,
            dataset_hash: hash.to_owned(),
            seed,
            stopped_by: StoppedBy::Running,
            trials: Vec::new(),
        }
    }

    /// Adds an evaluation.
    pub(super) fn record(&mut self, trial: Trial) {
        if self.score.is_none_or(|score| trial.score > score) {
            (self.p, self.q, self.score) = (trial.p, trial.q, Some(trial.score));
        }
        self.trials.push(trial);
        self.evaluations = self.trials.len();
    }
}

/// A name for what a graph holds: direction, nodes, edges and weights, whatever the order in which they were sent and, with ids, however nodes are numbered.
/// 32 hexadecimal digits of XXH3.
///
/// # Errors
/// [`Error::Columns`] when there are not as many ids as nodes.
pub fn dataset_hash(graph: &Graph, ids: Option<&[String]>) -> Result<String, Error> {
    if let Some(ids) = ids
        && ids.len() != graph.nodes() as usize
    {
        let nodes = graph.nodes() as usize;
        return Err(Error::Columns { sources: nodes, targets: ids.len(), weights: nodes });
    }
    let directed = graph.options().directed;
    let name = |node: u32| match ids {
        Some(ids) => xxh3_128(ids[node as usize].as_bytes()),
        None => xxh3_128(&node.to_le_bytes()),
    };
    let names: Vec<u128> = (0..graph.nodes()).map(name).collect();
    let mut parts = names.clone();
    for edge in graph.edges() {
        let (mut a, mut b) = (names[edge.source as usize], names[edge.target as usize]);
        if !directed && a > b {
            std::mem::swap(&mut a, &mut b);
        }
        let mut bytes = [0_u8; 40];
        bytes[..16].copy_from_slice(&a.to_le_bytes());
        bytes[16..32].copy_from_slice(&b.to_le_bytes());
        bytes[32..].copy_from_slice(&edge.weight.to_le_bytes());
        parts.push(xxh3_128(&bytes));
    }
    parts.sort_unstable();
    let mut bytes = vec![u8::from(directed)];
    parts.iter().for_each(|part| bytes.extend(part.to_le_bytes()));
    Ok(format!("{:032x}", xxh3_128(&bytes)))
}

/// The file, if there is one.
pub(super) struct State(Option<PathBuf>);

/// No file of ours is larger.
const MOST_BYTES: u64 = 1 << 20;

impl State {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    /// What an earlier run over the same data and with the same seed found, or a fresh start.
    pub(super) fn resume(&self, hash: &str, seed: u64) -> Result<BestPq, Error> {
        let fresh = BestPq::fresh(hash, seed);
        let Some(path) = &self.0 else { return Ok(fresh) };
        let length = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(fresh),
            Err(error) => return Err(failed(path, "read", error)),
        };
        let foreign = |reason: String| Error::StateForeign { path: path.display().to_string(), reason };
        if length > MOST_BYTES {
            return Err(foreign(format!("it has {length} bytes")));
        }
        let text = std::fs::read(path).map_err(|error| failed(path, "read", error))?;
        let stored: BestPq = serde_json::from_slice(&text).map_err(|error| foreign(error.to_string()))?;
        if stored.dataset_hash != hash || stored.seed != seed {
            return Ok(fresh);
        }
        let mut best = fresh;
        let valid = |x: f64| super::PQ_RANGE.contains(&x);
        for trial in stored.trials {
            if !valid(trial.p) || !valid(trial.q) || !trial.score.is_finite() {
                return Err(foreign("a trial is out of range".into()));
            }
            best.record(trial);
        }
        Ok(best)
    }

    /// Writes the file under another name, syncs and renames it: a reader sees the old one or the new one.
    pub(super) fn save(&self, best: &BestPq) -> Result<(), Error> {
        let Some(path) = &self.0 else { return Ok(()) };
        let write = || {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&serde_json::to_vec_pretty(best)?)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| failed(path, "written", error))
    }
}

fn failed(path: &Path, action: &'static str, source: std::io::Error) -> Error {
    Error::State { path: path.display().to_string(), action, source }
}
