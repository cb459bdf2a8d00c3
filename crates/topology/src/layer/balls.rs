//! Neighbourhoods, and the nodes whose neighbourhood holds an edge.

use crate::diagram::{Diagram, MISSING};
use crate::edges::{Adjacency, WeightedGraph};
use crate::error::Error;
use crate::persistence::Workspace;
use canopy_core::Cancel;

/// Walks neighbourhoods with buffers of its own.
pub(crate) struct Scout {
    /// Which visit saw a node last.
    seen: Vec<u32>,
    visit: u32,
    ball: Vec<u32>,
    local: Vec<u32>,
    ranks: Vec<u32>,
    workspace: Workspace,
}

impl Scout {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            seen: vec![0; nodes],
            visit: 0,
            ball: Vec::new(),
            local: vec![0; nodes],
            ranks: Vec::new(),
            workspace: Workspace::default(),
        }
    }

    /// The nodes within `radius` hops of a centre, in the order they are met.
    pub(crate) fn ball(&mut self, adjacency: &Adjacency, centre: u32, radius: u32) -> &[u32] {
        if self.visit == u32::MAX {
            self.seen.fill(0);
            self.visit = 0;
        }
        self.visit += 1;
        self.seen[centre as usize] = self.visit;
        self.ball.clear();
        self.ball.push(centre);
        let mut start = 0;
        for _ in 0..radius {
            let end = self.ball.len();
            for at in start..end {
                for &(next, _) in adjacency.of(self.ball[at]) {
                    if self.seen[next as usize] != self.visit {
                        self.seen[next as usize] = self.visit;
                        self.ball.push(next);
                    }
                }
            }
            start = end;
        }
        &self.ball
    }

    /// Whether the last ball holds a node.
    pub(crate) fn holds(&self, node: u32) -> bool {
        self.seen[node as usize] == self.visit
    }

    /// The diagram of a neighbourhood. Nodes and edges keep their order, so it depends on the neighbourhood alone.
    pub(super) fn diagram(
        &mut self,
        graph: &WeightedGraph,
        adjacency: &Adjacency,
        centre: u32,
        radius: u32,
        cancel: &Cancel,
    ) -> Result<Diagram, Error> {
        self.ball(adjacency, centre, radius);
        self.ball.sort_unstable();
        self.ranks.clear();
        for (place, &node) in (0_u32..).zip(&self.ball) {
            self.local[node as usize] = place;
            let inside =
                adjacency.of(node).iter().filter(|&&(next, _)| next > node && self.seen[next as usize] == self.visit);
            self.ranks.extend(inside.map(|&(_, rank)| rank));
        }
        self.ranks.sort_unstable();
        let workspace = &mut self.workspace;
        workspace.ends.clear();
        workspace.weights.clear();
        for &rank in &self.ranks {
            let edge = graph.edges()[rank as usize];
            workspace.ends.push((self.local[edge.a as usize], self.local[edge.b as usize]));
            workspace.weights.push(edge.weight);
        }
        let mut diagram = Diagram::default();
        workspace.run(self.ball.len() as u32, true, cancel, &mut diagram.bars)?;
        for bar in &mut diagram.bars {
            for corner in bar.creator.iter_mut().chain(&mut bar.destroyer).filter(|corner| **corner != MISSING) {
                *corner = self.ball[*corner as usize];
            }
        }
        diagram.sort();
        Ok(diagram)
    }
}
