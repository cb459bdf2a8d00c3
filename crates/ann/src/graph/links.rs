//! Who is whose neighbour: rows of equal length, filled from the front.

use canopy_file::Buffer;
use std::io;

/// No neighbour stands here, nor after it in its row.
pub(super) const NONE: u32 = u32::MAX;

/// `degree` places a node.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) degree: usize,
    pub(super) rows: Buffer<u32>,
}

impl Links {
    pub(super) fn new(degree: usize) -> Self {
        Self { degree, rows: Buffer::new() }
    }

    /// Grows with nodes that have no neighbours.
    pub(super) fn resize(&mut self, nodes: usize) -> io::Result<()> {
        let old = self.rows.len();
        self.rows.resize(nodes * self.degree)?;
        if nodes * self.degree > old {
            self.rows.get_mut()?[old..].fill(NONE);
        }
        Ok(())
    }

    /// The neighbours in a row of places.
    pub(super) fn filled(row: &[u32]) -> &[u32] {
        // Counting has no branch to mispredict; a damaged file may have holes, which the walk skips.
        &row[..row.iter().filter(|&&id| id != NONE).count()]
    }

    pub(super) fn row(&self, node: u32) -> &[u32] {
        Self::filled(&self.rows.get()[node as usize * self.degree..][..self.degree])
    }

    /// Writes the neighbours of a row.
    pub(super) fn fill(row: &mut [u32], ids: &[u32]) {
        row[..ids.len()].copy_from_slice(ids);
        row[ids.len()..].fill(NONE);
    }
}
