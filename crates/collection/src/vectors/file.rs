//! The graph's file: one a collection, beside the database, and derived from it.

use canopy_store::VectorSpec;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

const PREFIX: &str = "vectors-";
const EXTENSION: &str = ".index";

/// The file of the collection with this key. Keys are never used again, so neither is a file.
pub(crate) fn index_path(folder: &Path, key: u32) -> PathBuf {
    folder.join(format!("{PREFIX}{key}{EXTENSION}"))
}

/// What the file says of the collection it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notes {
    key: u32,
    dim: u32,
    metric: String,
    model: Option<(String, String)>,
    /// The store's sequence: all changes up to this one are in the graph.
    pub(crate) sequence: u64,
    /// But for those of these slots.
    pub(crate) open: Vec<u32>,
    pub(crate) breadth: f32,
    pub(crate) recall: f64,
    /// The recall that was wanted when the breadth was chosen.
    wanted: f64,
}

impl Notes {
    pub(crate) fn new(key: u32, spec: &VectorSpec, wanted: f64) -> Self {
        let model = spec.model.as_ref().map(|tag| (tag.name.clone(), tag.digest.clone()));
        let metric = spec.metric.as_str().to_owned();
        Self { key, dim: spec.dim, metric, model, sequence: 0, open: Vec::new(), breadth: 1.0, recall: 0.0, wanted }
    }

    /// What a file says of this graph at this sequence.
    pub(crate) fn of(self, sequence: u64, open: Vec<u32>, near: &super::Near) -> Self {
        Self { sequence, open, breadth: near.breadth, recall: near.recall, ..self }
    }

    /// Whether the file holds the vectors of the collection that `own` describes, whatever their sequence.
    pub(crate) fn is_like(&self, own: &Self) -> bool {
        let Self { sequence, open, breadth, recall, .. } = own.clone();
        Self { sequence, open, breadth, recall, ..self.clone() } == *own
    }
}

/// Removes what a process that was killed left half written, and the files of collections that are gone.
pub(crate) fn remove_leftovers(folder: &Path, keys: &HashSet<u32>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let Some((key, ending)) = rest.split_once('.') else { continue };
        let half = ending.starts_with("index.") && ending.ends_with(".tmp");
        let gone = ending == "index" && !key.parse().is_ok_and(|key| keys.contains(&key));
        if key.parse::<u32>().is_ok() && (half || gone) {
            drop(std::fs::remove_file(entry.path()));
        }
    }
}
