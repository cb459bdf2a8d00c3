//! A new index of the same vectors: the space and the graph of one that has grown were chosen from too little.

use super::source::Checked;
use super::{GraphIndex, build};
use crate::Error;
use canopy_core::{Cancel, Progress, Rows};
use std::collections::HashSet;

/// An index whose space was chosen from fewer vectors is built anew when it has grown four times: it's quick then, and its codes were chosen from too little.
const YOUNG: usize = 4096;
const GROWN: usize = 4;

impl GraphIndex {
    /// Whether so many new vectors are worth a new index, instead of a place each in this one.
    pub(super) fn outgrows(&self, new: usize) -> bool {
        self.fitted < YOUNG && self.len() + new > GROWN * self.fitted
    }

    /// Whether the index has grown so much since its build, to four times its size, that a new one would be better.
    pub fn is_stale(&self) -> bool {
        self.len() > GROWN * self.fitted.max(1)
    }

    /// A new index of the same vectors, for a caller who builds it beside this one and then takes it instead.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`].
    pub fn rebuilt(&self, cancel: &Cancel, progress: &Progress) -> Result<Self, Error> {
        self.need_vectors("be built anew from itself")?;
        let (slots, values) = self.everything();
        let rows = Rows::new(&values, self.dim())?;
        let built = self.built_of(&slots, rows, &vec![1.0; slots.len()], cancel, progress)?;
        Ok(Self { tuned: self.tuned, ..built })
    }

    /// All slots in the order of their positions, and their vectors.
    fn everything(&self) -> (Vec<u32>, Vec<f32>) {
        let live = |&(position, _): &(u32, u32)| !self.dead.contains(position);
        let (positions, slots): (Vec<u32>, Vec<u32>) =
            (0_u32..).zip(self.slots.get().iter().copied()).filter(live).unzip();
        let mut values = vec![0.0; slots.len() * self.dim()];
        for (row, position) in values.chunks_exact_mut(self.dim()).zip(positions) {
            self.raw.read(position as usize, row);
        }
        (slots, values)
    }

    /// Becomes a new index of its own vectors and others, or stays as it is.
    pub(super) fn rebuild_with(
        &mut self,
        slots: &[u32],
        rows: Rows<'_, f32>,
        norms: &[f64],
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<(), Error> {
        let (old_slots, old_values) = self.everything();
        let (mut all_slots, mut all_values) = (Vec::new(), Vec::new());
        let named: HashSet<u32> = slots.iter().copied().collect();
        for (slot, row) in old_slots.iter().zip(old_values.chunks_exact(self.dim())) {
            if !named.contains(slot) {
                all_slots.push(*slot);
                all_values.extend_from_slice(row);
            }
        }
        // Stored vectors were divided by their norms already; doing it again could change their last bits.
        let norms: Vec<f64> = vec![1.0; all_slots.len()].into_iter().chain(norms.iter().copied()).collect();
        all_slots.extend_from_slice(slots);
        all_values.extend_from_slice(rows.data());
        let values = Rows::new(&all_values, self.dim())?;
        let built = self.built_of(&all_slots, values, &norms, cancel, progress)?;
        let tuned = self.tuned;
        *self = Self { tuned, ..built };
        Ok(())
    }

    /// An index of checked vectors with the options of this one.
    fn built_of(
        &self,
        slots: &[u32],
        rows: Rows<'_, f32>,
        norms: &[f64],
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let metric = self.metric();
        let kind = build::kind(rows, metric, self.options.storage);
        Self::assemble(slots, &Checked { rows, norms, metric }, kind, metric, self.options, cancel, progress)
    }
}
