//! How a build goes about its batches, and what each of them took.

use serde::{Deserialize, Serialize};

/// In which order the points of a batch are held against the tree; threads work on neighbours in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchOrder {
    /// Along the Hilbert curve.
    #[default]
    Hilbert,
    /// As the points were given.
    Natural,
    /// As they were drawn for insertion.
    Random,
}

impl BatchOrder {
    /// The stable name used in JSON and telemetry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hilbert => "hilbert",
            Self::Natural => "natural",
            Self::Random => "random",
        }
    }
}

/// Which points of a batch take part in its conflict graph; the others wait for the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leaders {
    /// All. Conflicts are won by the earlier one in an order that was drawn: Luby's independent set for those priorities.
    #[default]
    All,
    /// One of each cell of a grid, shifted for each level, whose diagonal is the reach of that level: the first that was drawn. Where
    /// distances aren't straight lines there is no grid, and all take part.
    Grid,
}

/// How a build goes about its batches. Every plan gives a tree that keeps the invariants; without grid and cap it is the same tree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Plan {
    /// The order within a batch.
    pub batch_order: BatchOrder,
    /// How many times larger the tree is after a batch, above 1; without one 2.25, 1.75 or 1.25 by the share of conflicts.
    pub prefix_factor: Option<f64>,
    /// Who takes part in the conflict graph.
    pub leaders: Leaders,
    /// A point with more conflicts than this waits for the next batch; 0 for no cap.
    pub degree_cap: usize,
    /// Points that one piece of parallel work takes.
    pub scope_chunk_target: usize,
}

impl Default for Plan {
    fn default() -> Self {
        let (batch_order, leaders) = (BatchOrder::default(), Leaders::default());
        Self { batch_order, prefix_factor: None, leaders, degree_cap: 0, scope_chunk_target: 512 }
    }
}

/// What a batch did and took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BatchReport {
    /// Points of the batch, those that had waited included.
    pub points: usize,
    /// How many times larger the tree was to become.
    pub prefix_factor: f64,
    /// Bringing the batch into order, and what was found back.
    pub semisort_s: f64,
    /// Holding it against the tree.
    pub traversal_s: f64,
    /// Finding who is in whose way.
    pub conflict_graph_s: f64,
    /// Choosing the independent set.
    pub mis_s: f64,
    /// Edges of the conflict graph.
    pub conflicts: usize,
    /// Points that went below another one of the batch.
    pub lost: usize,
    /// Points that wait for the next batch.
    pub waiting: usize,
    /// Cells that held a point; each has a leader. 0 without a grid.
    pub grid_cells: usize,
    /// Leaders that no other leader covered; the difference is what the grid alone would have got wrong.
    pub grid_leaders: usize,
}
