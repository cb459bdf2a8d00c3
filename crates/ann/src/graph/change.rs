//! Adding, replacing and removing vectors of a built graph.

use super::grow::Growth;
use super::raw::Kind;
use super::{GraphIndex, MAX_VECTORS};
use crate::{Error, vector};
use canopy_core::{Cancel, Progress, Rows};
use rayon::prelude::*;

impl GraphIndex {
    /// Adds the vector of a slot, or replaces it.
    ///
    /// # Errors
    /// Those of a vector, [`Error::TooMany`], [`Error::Memory`].
    pub fn upsert(&mut self, slot: u32, vector: &[f32]) -> Result<(), Error> {
        if vector.len() != self.dim() {
            return Err(Error::Dimension { expected: self.dim(), received: vector.len() });
        }
        self.extend(&[slot], Rows::new(vector, self.dim())?, &Cancel::new(), &Progress::default())
    }

    /// Adds or replaces many vectors, on all cores; the result doesn't depend on their number. A slot may be named once.
    ///
    /// All vectors are checked before the first is stored. When it is cancelled some time later, the vectors that were not yet reached are not in the index, nor
    /// are the ones they should replace.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Duplicate`], [`Error::Cancelled`], and those of [`GraphIndex::upsert`] with the number of the vector.
    pub fn extend(
        &mut self,
        slots: &[u32],
        rows: Rows<'_, f32>,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<(), Error> {
        let (dim, metric) = (self.dim(), self.metric());
        self.admit(slots, rows)?;
        let check = |row: usize| vector::check(rows.row(row), row, dim, metric);
        let norms =
            (0..rows.len()).into_par_iter().with_min_len(256).map(check).collect::<Result<Vec<f64>, Error>>()?;
        cancel.check()?;
        if self.outgrows(rows.len()) && self.keeps_vectors() {
            return self.rebuild_with(slots, rows, &norms, cancel, progress);
        }

        self.widen(rows)?;
        slots.iter().for_each(|&slot| self.bury(slot));
        self.repair_if_due(cancel)?;
        self.link(slots, rows, &norms, cancel, progress)?;
        self.connect_if_due()
    }

    /// Adds, replaces and removes vectors without any upkeep of the rest, so that it takes about as long for the first vector as for the last: for an owner who
    /// searches meanwhile and has the index built anew when [`GraphIndex::churn`] says that much has changed.
    ///
    /// # Errors
    /// Those of [`GraphIndex::extend`].
    pub fn extend_only(
        &mut self,
        slots: &[u32],
        rows: Rows<'_, f32>,
        gone: &[u32],
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let (dim, metric) = (self.dim(), self.metric());
        self.admit(slots, rows)?;
        let check = |(row, x): (usize, &[f32])| vector::check(x, row, dim, metric);
        let norms = rows.iter().enumerate().map(check).collect::<Result<Vec<f64>, Error>>()?;
        self.widen(rows)?;
        slots.iter().chain(gone).for_each(|&slot| self.bury(slot));
        if slots.is_empty() {
            return Ok(());
        }
        self.link(slots, rows, &norms, cancel, &Progress::default())
    }

    /// Refuses slots and rows that don't go together, or would be too many.
    fn admit(&self, slots: &[u32], rows: Rows<'_, f32>) -> Result<(), Error> {
        let received = self.slots.len().saturating_add(rows.len());
        if received >= MAX_VECTORS {
            return Err(Error::TooMany { received, max: MAX_VECTORS });
        }
        if slots.len() != rows.len() {
            return Err(Error::Count { slots: slots.len(), rows: rows.len() });
        }
        if rows.dim() != self.dim() {
            return Err(Error::Dimension { expected: self.dim(), received: rows.dim() });
        }
        super::build::unique(slots).map(drop)
    }

    fn keeps_vectors(&self) -> bool {
        self.raw.kind != Kind::Nothing
    }

    /// Refuses what can't be done without vectors.
    pub(super) fn need_vectors(&self, action: &'static str) -> Result<(), Error> {
        if self.keeps_vectors() { Ok(()) } else { Err(Error::NoVectors { action }) }
    }

    /// Puts vectors into new places and links them.
    fn link(
        &mut self,
        slots: &[u32],
        rows: Rows<'_, f32>,
        norms: &[f64],
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<(), Error> {
        let places = self.places(slots.len())?;
        self.store(&places, slots, rows, norms)?;
        let shape = self.shape();
        // Nobody finds a vector before it has links; those that weren't reached when the caller cancelled never get any.
        let mut reached = 0;
        let start = (self.len() > slots.len()).then_some(self.start);
        let present = if start.is_some() { self.slots.len() - places.len() } else { 0 };
        if start.is_none() {
            // Ways in that lead nowhere.
            self.entries.clear();
        }
        let mut growth = Growth {
            codes: self.codes.get(),
            stride: self.space.stride,
            links: &mut self.links,
            entries: &mut self.entries,
            shape,
            present,
            start,
            dead: &self.dead,
        };
        let result = growth.put(&places, start.is_none(), cancel, |done| {
            reached = done;
            progress.report(done as u64, places.len() as u64);
        });
        if start.is_none() {
            self.start = growth.start.unwrap_or(self.start);
        }
        for (&slot, &place) in slots.iter().zip(&places).take(reached) {
            self.positions.set(slot, place);
        }
        for &place in &places[reached..] {
            self.dead.insert(place);
            self.free.push(place);
        }
        self.loose += reached;
        result
    }

    /// Takes the vector of a slot out; `false` when there was none. Repairs the graph when many are gone.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn remove(&mut self, slot: u32) -> Result<bool, Error> {
        let had = self.positions.get(slot).is_some();
        self.bury(slot);
        self.repair_if_due(&Cancel::new())?;
        Ok(had)
    }

    /// The vector of a slot as it is compared: of norm 1 under cosine, in the precision it is kept in.
    ///
    /// `None` when there is none, or when vectors are kept elsewhere.
    pub fn vector(&self, slot: u32) -> Option<Vec<f32>> {
        self.need_vectors("give one").ok()?;
        let mut row = vec![0.0; self.dim()];
        self.raw.read(self.positions.get(slot)? as usize, &mut row);
        Some(row)
    }

    /// Every slot that has a vector, in no order.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        let live = |&(position, _): &(u32, u32)| !self.dead.contains(position);
        (0_u32..).zip(self.slots.get().iter().copied()).filter(live).map(|(_, slot)| slot)
    }

    /// Whether there is a vector under this slot.
    pub fn contains(&self, slot: u32) -> bool {
        self.positions.get(slot).is_some()
    }
}
