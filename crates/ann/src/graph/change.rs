//! Adding, replacing and removing vectors of a built graph.
//!
//! A removed vector stays as a node that walks pass through (Singh et al., FreshDiskANN, 2021) until there are many of them; then every node
//! that links to one takes over the nearest of its links, and its place is free.

use super::connect::connect;
use super::grow::Growth;
use super::links::{Links, NONE};
use super::raw::{Kind, Raw};
use super::source::Checked;
use super::space::Projection;
use super::walk::Scratch;
use super::{GraphIndex, MAX_VECTORS, Storage};
use crate::{Error, vector};
use canopy_core::{Cancel, Progress, Rows};
use rayon::prelude::*;

/// Removed nodes are repaired when they are more than this part of all.
const PART: usize = 10;
/// And more than this.
const LEAST: usize = 64;
/// After so many new nodes, as a part of all, the graph is gone through for nodes that nobody links to any more.
const LOOSE: usize = 16;
/// An index whose space was chosen from fewer vectors is built anew when it has grown four times: it's quick then, and its codes were chosen from too little.
const YOUNG: usize = 4096;
const GROWN: usize = 4;

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
        if slots.len() != rows.len() {
            return Err(Error::Count { slots: slots.len(), rows: rows.len() });
        }
        if rows.dim() != dim {
            return Err(Error::Dimension { expected: dim, received: rows.dim() });
        }
        let received = self.slots.len() + rows.len();
        if received >= MAX_VECTORS {
            return Err(Error::TooMany { received, max: MAX_VECTORS });
        }
        let check = |row: usize| vector::check(rows.row(row), row, dim, metric);
        let norms =
            (0..rows.len()).into_par_iter().with_min_len(256).map(check).collect::<Result<Vec<f64>, Error>>()?;
        super::build::unique(slots)?;
        cancel.check()?;
        if self.fitted < YOUNG && self.len() + rows.len() > GROWN * self.fitted && self.keeps_vectors() {
            return self.rebuild_with(slots, rows, &norms, cancel, progress);
        }

        self.widen(rows)?;
        slots.iter().for_each(|&slot| self.bury(slot));
        self.repair_if_due(cancel)?;
        self.link(slots, rows, &norms, cancel, progress)?;
        if self.loose > self.slots.len() / LOOSE {
            self.connect()?;
        }
        Ok(())
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
        let received = self.slots.len() + rows.len();
        if slots.len() != rows.len() {
            return Err(Error::Count { slots: slots.len(), rows: rows.len() });
        }
        if received >= MAX_VECTORS {
            return Err(Error::TooMany { received, max: MAX_VECTORS });
        }
        let check = |(row, x): (usize, &[f32])| vector::check(x, row, dim, metric);
        let norms = rows.iter().enumerate().map(check).collect::<Result<Vec<f64>, Error>>()?;
        super::build::unique(slots)?;
        self.widen(rows)?;
        slots.iter().chain(gone).for_each(|&slot| self.bury(slot));
        if slots.is_empty() {
            return Ok(());
        }
        self.link(slots, rows, &norms, cancel, &Progress::default())
    }

    /// The part of all nodes that were removed, replaced or put in since every node was known to be reached.
    pub fn churn(&self) -> f64 {
        (self.dead.len() + self.loose) as f64 / self.slots.len().max(1) as f64
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
        Ok(Self { defaults: self.defaults, ..built })
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

    fn rebuild_with(
        &mut self,
        slots: &[u32],
        rows: Rows<'_, f32>,
        norms: &[f64],
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<(), Error> {
        let (old_slots, old_values) = self.everything();
        let (mut all_slots, mut all_values) = (Vec::new(), Vec::new());
        let named: std::collections::HashSet<u32> = slots.iter().copied().collect();
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
        let defaults = self.defaults;
        *self = Self { defaults, ..built };
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
        let kind = super::build::kind(rows, metric, self.options.storage);
        Self::assemble(slots, &Checked { rows, norms, metric }, kind, metric, self.options, cancel, progress)
    }

    /// Keeps vectors in more bytes when the new ones wouldn't fit and the caller didn't choose how they are kept.
    fn widen(&mut self, rows: Rows<'_, f32>) -> Result<(), Error> {
        let kind = self.raw.kind;
        if self.options.storage != Storage::Auto
            || kind == Kind::F32
            || rows.data().iter().all(|&value| kind.holds(value))
        {
            return Ok(());
        }
        // A number may fit in two bytes, but the next may not: no third time.
        self.raw = self.raw.widened(Kind::F32)?;
        Ok(())
    }

    /// Makes the vector of a slot one that is no longer found.
    fn bury(&mut self, slot: u32) {
        if let Some(position) = self.positions.remove(slot) {
            self.dead.insert(position);
        }
    }

    /// Positions for new vectors: free ones first, then new ones at the end.
    fn places(&mut self, count: usize) -> Result<Vec<u32>, Error> {
        let reused = count.min(self.free.len());
        let old = self.slots.len();
        let new = old + count - reused;
        self.raw.resize(new)?;
        self.codes.resize(new * self.space.stride)?;
        self.links.resize(new)?;
        self.slots.resize(new)?;
        let mut places: Vec<u32> = self.free.split_off(self.free.len() - reused);
        places.extend(old as u32..new as u32);
        places.iter().for_each(|&place| self.dead.remove(place));
        Ok(places)
    }

    /// Writes the vectors and codes of new positions.
    fn store(&mut self, places: &[u32], slots: &[u32], rows: Rows<'_, f32>, norms: &[f64]) -> Result<(), Error> {
        let (dim, stride, kind) = (self.dim(), self.space.stride, self.raw.kind);
        let (width, metric, space) = (dim * kind.bytes(), self.metric(), &self.space);
        let encode = |(scratch, row): &mut (Projection, Vec<f32>), i: usize| {
            let (mut bytes, mut code) = (vec![0; width], vec![0; stride]);
            row.resize(dim, 0.0);
            vector::store(rows.row(i), norms[i], metric, row);
            Raw::write(kind, row, &mut bytes);
            space.encode(row, scratch, &mut code);
            (bytes, code)
        };
        let encoded: Vec<_> =
            (0..places.len()).into_par_iter().with_min_len(64).map_init(Default::default, encode).collect();
        let (raw, codes) = (self.raw.rows.get_mut()?, self.codes.get_mut()?);
        let stored = self.slots.get_mut()?;
        for ((&place, &slot), (bytes, code)) in places.iter().zip(slots).zip(&encoded) {
            let place = place as usize;
            raw[place * width..(place + 1) * width].copy_from_slice(bytes);
            codes[place * stride..(place + 1) * stride].copy_from_slice(code);
            stored[place] = slot;
        }
        Ok(())
    }

    fn repair_if_due(&mut self, cancel: &Cancel) -> Result<(), Error> {
        let buried = self.dead.len() - self.free.len();
        if buried > LEAST && buried > self.slots.len() / PART { self.repair(cancel) } else { Ok(()) }
    }

    /// Links past removed nodes, whose places are free from then on.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Cancelled`]; the index is then as it was.
    pub fn repair(&mut self, cancel: &Cancel) -> Result<(), Error> {
        let (view, dead, shape) = (self.view(), &self.dead, self.shape());
        let mend = |node: u32| -> Option<(u32, Vec<u32>)> {
            let near = view.neighbours(node);
            if dead.contains(node) || cancel.is_cancelled() || !near.iter().any(|&id| dead.contains(id)) {
                return None;
            }
            let beyond = near.iter().filter(|&&id| dead.contains(id)).flat_map(|&id| view.neighbours(id));
            let mut ids: Vec<u32> = near.iter().chain(beyond).copied().collect();
            ids.retain(|&id| id != node && !dead.contains(id));
            ids.sort_unstable();
            ids.dedup();
            Scratch::with(|scratch| {
                scratch.prune.measure(view, node, ids.into_iter());
                scratch.prune.choose(view, shape.degree, shape.alpha);
                Some((node, scratch.prune.kept.clone()))
            })
        };
        let mended: Vec<(u32, Vec<u32>)> =
            (0..self.slots.len() as u32).into_par_iter().with_min_len(256).filter_map(mend).collect();
        cancel.check()?;
        self.leave_dead_ways();
        let degree = self.links.degree;
        let rows = self.links.rows.get_mut()?;
        for (node, near) in mended {
            Links::fill(&mut rows[node as usize * degree..][..degree], &near);
        }
        self.free = (0..self.slots.len() as u32).filter(|&node| self.dead.contains(node)).collect();
        for &node in &self.free {
            rows[node as usize * degree..][..degree].fill(NONE);
        }
        self.connect()
    }

    /// Sees to it that every vector can be reached.
    fn connect(&mut self) -> Result<(), Error> {
        let (codes, stride, wide) = (self.codes.get(), self.space.stride, self.options.ef);
        self.loose = 0;
        Ok(connect(codes, stride, &mut self.links, &self.entries, self.start, wide, &self.dead)?)
    }

    /// Ways in that end at a removed node end at a live neighbour of it from now on.
    fn leave_dead_ways(&mut self) {
        let (view, dead) = (
            super::walk::View {
                codes: self.codes.get(),
                stride: self.space.stride,
                links: self.links.rows.get(),
                degree: self.links.degree,
            },
            &self.dead,
        );
        let any = (0..self.slots.len() as u32).find(|&node| !dead.contains(node)).unwrap_or(0);
        let live = |node: u32| {
            let near = view.neighbours(node);
            let second = near.iter().flat_map(|&id| view.neighbours(id));
            near.iter().chain(second).copied().find(|&id| !dead.contains(id)).unwrap_or(any)
        };
        for entry in &mut self.entries {
            entry.nodes.iter_mut().filter(|node| dead.contains(**node)).for_each(|node| *node = live(*node));
        }
        if dead.contains(self.start) {
            self.start = live(self.start);
        }
    }
}
