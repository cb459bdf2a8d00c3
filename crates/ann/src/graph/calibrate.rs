//! How widely a new index searches where a caller doesn't say: as widely as its own vectors need.
//!
//! Images, texts and clusters are found by the usual breadth; noise in many directions, and vectors whose differences are lost in 8 bits, need several times as much. Moved
//! vectors of the index are asked for, and their true neighbours are known from an exact look at all: a second for a million vectors of 256 values.

use super::options::Breadth;
use super::raw::Kind;
use super::tune::recall;
use super::{GraphIndex, SearchOptions};
use crate::Error;
use canopy_core::{Cancel, Hit, Rows};

/// Queries asked.
const QUERIES: usize = 48;
/// Hits, and the share of them that is to be found; a little more than is promised, since other queries may be harder.
const WANTED: [(usize, f64); 2] = [(10, 0.97), (100, 0.95)];
/// Breadths tried, in tenths of the usual one.
const TENTHS: [usize; 11] = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320];

impl GraphIndex {
    /// Chooses the least breadth that finds enough; the widest where none does. The choice depends on vectors and options only.
    pub(super) fn calibrate(&mut self, cancel: &Cancel) -> Result<(), Error> {
        self.usual = Breadth::USUAL;
        if self.raw.kind == Kind::Nothing || self.is_empty() {
            return Ok(());
        }
        let queries = self.strangers(QUERIES, cancel)?;
        let queries = Rows::new(&queries, self.dim())?;
        if queries.is_empty() {
            return Ok(());
        }
        let widest = self.exact(queries, WANTED[1].0.min(self.len()), cancel)?;
        let truth =
            |k: usize| -> Vec<Vec<Hit>> { widest.iter().map(|hits| hits[..k.min(hits.len())].to_vec()).collect() };
        let truths = WANTED.map(|(k, wanted)| (k, wanted, truth(k)));
        for tenths in TENTHS {
            self.usual = Breadth::tenths(tenths);
            let enough = |(k, wanted, truth): &(usize, f64, Vec<Vec<Hit>>)| -> Result<bool, Error> {
                let found = self.search_batch(queries, *k, SearchOptions::default(), None, cancel)?;
                Ok(recall(&found, truth) >= *wanted)
            };
            if enough(&truths[0])? && enough(&truths[1])? {
                break;
            }
            // Wider than everything.
            if self.usual.of(truths[0].0).ef >= self.len() {
                break;
            }
        }
        Ok(())
    }
}
