//! One JSON line for a build, for each of its batches, or for a search, in a versioned layout: `telemetry.schema.json` beside the crate.

use crate::index::CoverTree;
use crate::metric::Geometry;
use crate::residual::{ResidualTree, SearchReport};
use crate::tree::{BatchReport, Leaders, Plan};
use serde::{Deserialize, Serialize};

/// Version of the layout; a reader refuses others.
pub const TELEMETRY_VERSION: u32 = 2;

/// What a run did and what it cost. Stages that a run doesn't have are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// [`TELEMETRY_VERSION`].
    pub version: u32,
    /// `build`, `batch` or `search`.
    pub event: String,
    /// `euclidean`, `angular`, `custom` or `residual`.
    pub metric: String,
    /// Points.
    pub n: usize,
    /// Coordinates a point.
    pub d: usize,
    /// The order in which points were packed, or held against the tree: `hilbert`, `natural` or `random`.
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
    /// How many times larger the tree was to become with a batch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prefix_factor: Option<f64>,
    /// Points of a batch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub batch_points: Option<usize>,
    /// Holding batches against the tree.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traversal_ms: Option<f64>,
    /// Bringing batches, and what was found for them, into order.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traversal_semisort_ms: Option<f64>,
    /// Finding who is in whose way.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conflict_graph_ms: Option<f64>,
    /// Choosing the independent set.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mis_ms: Option<f64>,
    /// Edges of the conflict graph.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conflicts: Option<usize>,
    /// Points that went below another one of their batch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conflicts_lost: Option<usize>,
    /// Points that had to wait for a later batch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub conflicts_waiting: Option<usize>,
    /// Conflicts beyond which a point waits; 0 for no cap.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub degree_cap: Option<usize>,
    /// Points that one piece of parallel work takes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope_chunk_target: Option<usize>,
    /// Such pieces.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope_chunk_segments: Option<usize>,
    /// Points of the largest of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope_chunk_max_members: Option<usize>,
    /// Cells of the grids that held a point.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grid_cells: Option<usize>,
    /// Leaders, one for each cell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grid_leaders_raw: Option<usize>,
    /// Leaders that no other leader covered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grid_leaders_final: Option<usize>,
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
        if !["build", "batch", "search"].contains(&read.event.as_str()) {
            return Err(format!("event {:?} is neither build nor batch nor search", read.event));
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
            prefix_factor: None,
            batch_points: None,
            traversal_ms: None,
            traversal_semisort_ms: None,
            conflict_graph_ms: None,
            mis_ms: None,
            conflicts: None,
            conflicts_lost: None,
            conflicts_waiting: None,
            degree_cap: None,
            scope_chunk_target: None,
            scope_chunk_segments: None,
            scope_chunk_max_members: None,
            grid_cells: None,
            grid_leaders_raw: None,
            grid_leaders_final: None,
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
    /// What the build cost; times and counts of its batches are added up.
    pub fn telemetry(&self) -> Telemetry {
        let report = self.report();
        let line = Telemetry {
            build_ms: Some((report.order_s + report.leaves_s) * 1e3),
            tree_ms: (report.nodes > 0).then_some(report.tree_s * 1e3),
            ..Telemetry::new("build", self.metric_name(), self.len(), self.dim(), self.memory_bytes())
        };
        if self.batches().is_empty() { line } else { line.with_batches(self.batches(), &self.options().plan) }
    }

    /// A line for each batch of the build, see [`CoverTree::batches`].
    pub fn batch_telemetry(&self) -> impl Iterator<Item = Telemetry> {
        let line = Telemetry::new("batch", self.metric_name(), self.len(), self.dim(), self.memory_bytes());
        self.batches().iter().map(move |batch| Telemetry {
            prefix_factor: Some(batch.prefix_factor),
            ..line.clone().with_batches(std::slice::from_ref(batch), &self.options().plan)
        })
    }

    fn metric_name(&self) -> &'static str {
        match self.geometry() {
            Geometry::Euclidean => "euclidean",
            Geometry::Angular => "angular",
            Geometry::Custom(_) => "custom",
        }
    }
}

impl Telemetry {
    fn with_batches(self, batches: &[BatchReport], plan: &Plan) -> Self {
        let ms = |stage: fn(&BatchReport) -> f64| Some(batches.iter().map(stage).sum::<f64>() * 1e3);
        let count = |of: fn(&BatchReport) -> usize| batches.iter().map(of).sum::<usize>();
        let chunk = plan.scope_chunk_target.max(1);
        let grid = plan.leaders == Leaders::Grid;
        Self {
            batch_order: plan.batch_order.as_str().into(),
            batch_points: Some(count(|batch| batch.points)),
            traversal_ms: ms(|batch| batch.traversal_s),
            traversal_semisort_ms: ms(|batch| batch.semisort_s),
            conflict_graph_ms: ms(|batch| batch.conflict_graph_s),
            mis_ms: ms(|batch| batch.mis_s),
            conflicts: Some(count(|batch| batch.conflicts)),
            conflicts_lost: Some(count(|batch| batch.lost)),
            conflicts_waiting: Some(count(|batch| batch.waiting)),
            degree_cap: Some(plan.degree_cap),
            scope_chunk_target: Some(chunk),
            scope_chunk_segments: Some(batches.iter().map(|batch| batch.points.div_ceil(chunk)).sum()),
            scope_chunk_max_members: batches.iter().map(|batch| batch.points.min(chunk)).max(),
            grid_cells: grid.then(|| count(|batch| batch.grid_cells)),
            grid_leaders_raw: grid.then(|| count(|batch| batch.grid_cells)),
            grid_leaders_final: grid.then(|| count(|batch| batch.grid_leaders)),
            ..self
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
            prefix_factor: Some(2.0),
            ..Telemetry::new("build", "euclidean", 1, 1, 1)
                .with_batches(&[BatchReport::default()], &Plan { leaders: Leaders::Grid, ..Plan::default() })
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
