//! Where vectors stand: new ones take the places of those that are gone, and bury those that they replace.

use super::raw::{Kind, Raw};
use super::space::Projection;
use super::{GraphIndex, Storage};
use crate::{Error, vector};
use canopy_core::Rows;
use rayon::prelude::*;

impl GraphIndex {
    /// Keeps vectors in more bytes when the new ones wouldn't fit and the caller didn't choose how they are kept.
    pub(super) fn widen(&mut self, rows: Rows<'_, f32>) -> Result<(), Error> {
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
    pub(super) fn bury(&mut self, slot: u32) {
        if let Some(position) = self.positions.remove(slot) {
            self.dead.insert(position);
        }
    }

    /// Positions for new vectors: free ones first, then new ones at the end.
    pub(super) fn places(&mut self, count: usize) -> Result<Vec<u32>, Error> {
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
    pub(super) fn store(
        &mut self,
        places: &[u32],
        slots: &[u32],
        rows: Rows<'_, f32>,
        norms: &[f64],
    ) -> Result<(), Error> {
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
}
