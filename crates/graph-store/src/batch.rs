//! Changes as they are sent.

use crate::error::Error;
use canopy_graph::Id;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Bytes of an id.
const MAX_ID_BYTES: usize = 1024;

/// Changes that happen together or not at all: removals first, then nodes, edges and hyperedges.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    /// Nodes with their attributes, made or changed.
    pub nodes: Vec<NodeInput>,
    /// Edges, made or changed; ends that don't exist are made.
    pub edges: Vec<EdgeInput>,
    /// Hyperedges, made or changed; members that don't exist are made.
    pub hyperedges: Vec<HyperedgeInput>,
    /// What goes; what doesn't exist is passed over.
    pub remove: Removal,
}

/// A node as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeInput {
    /// Its id.
    pub id: Id,
    /// Its attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
}

/// An edge as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeInput {
    /// Where it starts.
    pub source: Id,
    /// Where it ends.
    pub target: Id,
    /// Finite and above 0; 1 when it isn't said.
    #[serde(default = "one")]
    pub weight: f64,
    /// Its attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
}

/// A hyperedge as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HyperedgeInput {
    /// Its id.
    pub id: Id,
    /// Its nodes; one named twice counts once.
    pub members: Vec<Id>,
    /// Its attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
}

/// What goes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Removal {
    /// Nodes, with their edges; hyperedges lose them.
    pub nodes: Vec<Id>,
    /// Edges.
    pub edges: Vec<EdgeKey>,
    /// Hyperedges.
    pub hyperedges: Vec<Id>,
}

/// Which edge.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeKey {
    /// Where it starts.
    pub source: Id,
    /// Where it ends.
    pub target: Id,
}

fn one() -> f64 {
    1.0
}

impl Batch {
    /// Changes named in it.
    pub fn len(&self) -> usize {
        let Removal { nodes, edges, hyperedges } = &self.remove;
        self.nodes.len() + self.edges.len() + self.hyperedges.len() + nodes.len() + edges.len() + hyperedges.len()
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl EdgeInput {
    pub(crate) fn check(&self, source: &str, target: &str) -> Result<(), Error> {
        if source == target {
            return Err(Error::SelfLoop { id: start(source) });
        }
        if self.weight.is_finite() && self.weight > 0.0 {
            return Ok(());
        }
        Err(Error::Weight { source_id: start(source), target_id: start(target), received: self.weight })
    }
}

pub(crate) fn check_id(id: String) -> Result<String, Error> {
    let reason = if id.is_empty() {
        "is empty"
    } else if id.len() > MAX_ID_BYTES {
        "has over 1,024 bytes"
    } else if id.contains('\0') {
        "contains the NUL character"
    } else {
        return Ok(id);
    };
    Err(Error::Id { id: start(&id), reason })
}

fn start(id: &str) -> String {
    id.chars().take(64).collect()
}
