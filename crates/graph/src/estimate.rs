//! What a computation will take, before it starts.

use crate::error::Error;
use crate::graph::Graph;
use crate::graphwave::{GraphWaveOptions, MAX_EXACT};
use crate::node2vec::Node2VecOptions;

/// Memory and work of a computation: the memory to some percent, the work as a count that times of two runs can be compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Bytes at the peak, the result included, the graph not.
    pub bytes: u64,
    /// Multiplications and additions.
    pub operations: u64,
}

/// Values of a block and bytes of one, at most.
const BLOCK_BYTES: u64 = 128;

impl GraphWaveOptions {
    /// What [`crate::graphwave`] will take on this graph with as many threads as there are cores. Scales that are to be found are taken to
    /// need a polynomial of order 8.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn estimate(&self, graph: &Graph) -> Result<Estimate, Error> {
        self.check()?;
        let n = u64::from(graph.nodes());
        let scales = self.scales.as_ref().map_or(2, |scales| scales.len() as u64);
        let result = n * scales * self.points as u64 * 16;
        if self.exact {
            let n = n.min(u64::from(MAX_EXACT));
            let work = 12 * n.pow(3) + 2 * scales * n.pow(2) * (n + 40 * self.points as u64);
            return Ok(Estimate { bytes: result + 40 * n.pow(2), operations: work });
        }
        let order = self.scales.as_ref().map_or(8, |_| self.order(graph) as u64);
        let entries = 2 * graph.edge_count() as u64 + n;
        let threads = rayon::current_num_threads() as u64;
        let operator = entries * 16;
        Ok(Estimate {
            bytes: result + operator + threads * n * BLOCK_BYTES * (2 + scales),
            operations: 2 * n * (order * entries + scales * n * (order + 10)),
        })
    }
}

impl Node2VecOptions {
    /// What [`crate::node2vec`] will take on this graph.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn estimate(&self, graph: &Graph) -> Result<Estimate, Error> {
        self.check()?;
        let (n, dim) = (u64::from(graph.nodes()), self.dim as u64);
        let places = n * u64::from(self.walk.walks) * self.walk.length as u64 * u64::from(self.epochs);
        // Windows shrink to half of their reach on average.
        let pairs = places * (self.window as u64 + 1) * (self.negatives as u64 + 1);
        Ok(Estimate {
            bytes: n * dim.next_multiple_of(16) * 8 + n * dim * 4 + n * 24 + 16 * graph.edge_count() as u64,
            operations: pairs * dim * 6,
        })
    }
}
