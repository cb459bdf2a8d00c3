//! One JSON line for a build or a search, in a versioned layout: `telemetry.schema.json` beside the crate.

use crate::index::CoverTree;
use crate::metric::Geometry;
use crate::residual::{ResidualTree, SearchReport};
use serde::{Deserialize, Serialize};

/// Version of the layout; a reader refuses others.
pub const TELEMETRY_VERSION: u32 = 1;

/// What a run did and what it cost. Stages that a run doesn't have are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// [`TELEMETRY_VERSION`].
    pub version: u32,
    /// `build` or `search`.
    pub event: String,
    /// `euclidean`, `angular`, `custom` or `residual`.
    pub metric: String,
    /// Points.
    pub n: usize,
    /// Coordinates a point.
    pub d: usize,
    /// The order in which points were packed.
    pub batch_order: String,
    /// Ordering and packing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub build_ms: Option<f64>,
    /// V, p and what they need.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub v_ms: Option<f64>,
    /// The cover tree.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tree_ms: Option<f64>,
    /// Pairs that could have been looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate1_candidates: Option<u64>,
    /// Pairs whose correlation was computed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate1_kept: Option<u64>,
    /// Pairs that the envelope spared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate1_pruned: Option<u64>,
    /// Distances computed by the search; those of its audit aren't among them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub distance_evals: Option<u64>,
    /// The audited recall, and the bound it exceeds with 95 %.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recall: Option<(f64, f64)>,
    /// Bytes that the structure holds.
    pub index_bytes: usize,
    /// Memory of the process, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rss_bytes: Option<u64>,
    /// Threads that may work.
    pub threads: usize,
    /// The commit it was built from, where the build was told by `CANOPY_GIT_SHA`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub git_sha: Option<String>,
}

impl Telemetry {
    /// One line of JSON, without the line's end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("numbers, strings and options always serialise")
    }

    /// Reads a line and checks it: the one validator.
    ///
    /// # Errors
    /// A sentence saying what is wrong with the line.
    pub fn parse(line: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(line).map_err(|error| format!("not a line of telemetry: {error}"))?;
        if read.version != TELEMETRY_VERSION {
            return Err(format!("telemetry of version {}, expected {TELEMETRY_VERSION}", read.version));
        }
        if !["build", "search"].contains(&read.event.as_str()) {
            return Err(format!("event {:?} is neither build nor search", read.event));
        }
        match (read.gate1_candidates, read.gate1_kept, read.gate1_pruned) {
            (Some(candidates), Some(kept), Some(pruned)) if kept + pruned != candidates => {
                Err(format!("gate1 kept {kept} and pruned {pruned} of {candidates}: that doesn't add up"))
            }
            _ => Ok(read),
        }
    }

    fn new(event: &str, metric: &str, n: usize, d: usize, index_bytes: usize) -> Self {
        Self {
            version: TELEMETRY_VERSION,
            event: event.into(),
            metric: metric.into(),
            n,
            d,
            batch_order: "hilbert".into(),
            build_ms: None,
            v_ms: None,
            tree_ms: None,
            gate1_candidates: None,
            gate1_kept: None,
            gate1_pruned: None,
            distance_evals: None,
            recall: None,
            index_bytes,
            rss_bytes: rss_bytes(),
            threads: rayon::current_num_threads(),
            git_sha: option_env!("CANOPY_GIT_SHA").map(Into::into),
        }
    }
}

impl CoverTree {
    /// What the build cost.
    pub fn telemetry(&self) -> Telemetry {
        let metric = match self.geometry() {
            Geometry::Euclidean => "euclidean",
            Geometry::Angular => "angular",
            Geometry::Custom(_) => "custom",
        };
        let report = self.report();
        Telemetry {
            build_ms: Some((report.order_s + report.leaves_s) * 1e3),
            tree_ms: (report.nodes > 0).then_some(report.tree_s * 1e3),
            ..Telemetry::new("build", metric, self.len(), self.dim(), self.memory_bytes())
        }
    }
}

impl ResidualTree {
    /// What the build cost, or the last refresh.
    pub fn telemetry(&self) -> Telemetry {
        let report = self.report();
        Telemetry {
            build_ms: Some(report.build_s * 1e3),
            v_ms: Some(report.v_s * 1e3),
            ..Telemetry::new("build", "residual", self.len(), self.dim(), self.memory_bytes())
        }
    }
}

impl SearchReport {
    /// What the search did in a tree.
    pub fn telemetry(&self, tree: &ResidualTree) -> Telemetry {
        let gate = self.gate;
        Telemetry {
            gate1_candidates: Some(gate.candidates),
            gate1_kept: Some(gate.kept),
            gate1_pruned: Some(gate.pruned),
            distance_evals: Some(gate.kept),
            recall: self.audit.map(|audit| (audit.recall, audit.recall_bound)),
            ..Telemetry::new("search", "residual", tree.len(), tree.dim(), tree.memory_bytes())
        }
    }
}

/// Resident memory in bytes, by Linux's own account.
fn rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// The schema is what readers in other languages go by; it must not lag behind.
    #[test]
    fn the_schema_names_every_field() {
        let schema: Value = serde_json::from_str(include_str!("../telemetry.schema.json")).unwrap();
        let line = Telemetry {
            build_ms: Some(1.0),
            v_ms: Some(1.0),
            tree_ms: Some(1.0),
            gate1_candidates: Some(3),
            gate1_kept: Some(2),
            gate1_pruned: Some(1),
            distance_evals: Some(2),
            recall: Some((1.0, 0.99)),
            rss_bytes: Some(1),
            git_sha: Some("abc".into()),
            ..Telemetry::new("build", "euclidean", 1, 1, 1)
        };
        let written: Value = serde_json::from_str(&line.to_line()).unwrap();
        let names =
            |value: &Value| value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(names(&schema["properties"]), names(&written));
        assert_eq!(schema["properties"]["version"]["const"], TELEMETRY_VERSION);
        // What is always there is required, and nothing else.
        let least: Value = serde_json::from_str(
            &Telemetry { rss_bytes: None, git_sha: None, ..Telemetry::new("build", "euclidean", 1, 1, 1) }.to_line(),
        )
        .unwrap();
        let required: std::collections::BTreeSet<String> = serde_json::from_value(schema["required"].clone()).unwrap();
        assert_eq!(required, names(&least));
    }
}
