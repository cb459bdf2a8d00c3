//! Building an index from all its vectors.

use super::bits::Bits;
use super::connect::connect;
use super::entry::WORTH;
use super::grow::{Growth, Shape, trim};
use super::links::Links;
use super::options::Breadth;
use super::raw::{Kind, Raw};
use super::source::{Checked, Vectors};
use super::space::Projection;
use super::{BuildOptions, GraphIndex, MAX_VECTORS, Storage, fit};
use crate::random::Random;
use crate::slots::SlotMap;
use crate::{Error, vector};
use canopy_core::{Cancel, MetricKind, Progress, Rows};
use canopy_file::Buffer;
use rayon::prelude::*;

/// During a build a row of links has so many times the places it has in the end, so that fewer rows must be chosen anew.
const SLACK: f32 = 1.5;

impl BuildOptions {
    pub(super) fn check(&self) -> Result<(), Error> {
        let refused = |name, received: f64, range| Err(Error::Option { name, received, range });
        match self {
            Self { degree, .. } if !(4..=128).contains(degree) => refused("degree", *degree as f64, "4..=128"),
            Self { ef, .. } if !(8..=10_000).contains(ef) => refused("ef", *ef as f64, "8..=10000"),
            Self { alpha, .. } if !(1.0..=4.0).contains(alpha) => refused("alpha", f64::from(*alpha), "1..=4"),
            _ => Ok(()),
        }
    }
}

impl GraphIndex {
    /// Builds an index of the vectors, vector `i` under `slots[i]`. The bytes of the index don't depend on the number of threads.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Duplicate`], [`Error::TooMany`], [`Error::Option`], [`Error::DimensionRange`], [`Error::Memory`],
    /// [`Error::Cancelled`], and those of a vector ([`Error::NotFinite`], [`Error::Zero`], [`Error::Norm`]).
    pub fn build(
        slots: &[u32],
        rows: Rows<'_, f32>,
        metric: MetricKind,
        options: BuildOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let (dim, count) = (rows.dim(), rows.len());
        check_shape(slots, count, dim, &options)?;
        let check = |row: usize| vector::check(rows.row(row), row, dim, metric);
        let norms = (0..count).into_par_iter().with_min_len(256).map(check).collect::<Result<Vec<f64>, Error>>()?;
        let kind = kind(rows, metric, options.storage);
        Self::assemble(slots, &Checked { rows, norms: &norms, metric }, kind, metric, options, cancel, progress)
    }

    /// Builds an index over vectors that somebody else keeps ([`Storage::Elsewhere`], whatever the options say): it holds codes and links only, a
    /// few hundred bytes a vector, and proposes [`GraphIndex::candidates`] for their keeper to score.
    ///
    /// `vectors` must be finite, of norm 1 under cosine. One that changes while it is read costs recall, nothing else.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Duplicate`], [`Error::TooMany`], [`Error::Option`], [`Error::DimensionRange`], [`Error::Memory`], [`Error::Cancelled`].
    pub fn build_over(
        slots: &[u32],
        vectors: &dyn Vectors,
        metric: MetricKind,
        options: BuildOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let options = BuildOptions { storage: Storage::Elsewhere, ..options };
        check_shape(slots, vectors.len(), vectors.dim(), &options)?;
        Self::assemble(slots, vectors, Kind::Nothing, metric, options, cancel, progress)
    }

    /// Builds from checked vectors.
    pub(super) fn assemble(
        slots: &[u32],
        rows: &dyn Vectors,
        kind: Kind,
        metric: MetricKind,
        options: BuildOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let (dim, count) = (rows.dim(), rows.len());
        let positions = unique(slots)?;
        cancel.check()?;

        let space = fit::fit(rows, metric, options.walk_dim, options.seed, cancel)?;
        cancel.check()?;
        let mut raw = Raw::new(kind, dim);
        raw.resize(count)?;
        let mut codes = Buffer::<u8>::zeroed(count * space.stride)?;
        let stride = space.stride;
        let read = |(scratch, row): &mut (Projection, Vec<f32>), i: usize, code: &mut [u8]| {
            row.resize(dim, 0.0);
            rows.read(i, row);
            space.encode(row, scratch, code);
        };
        let width = dim * kind.bytes();
        let rows_of_codes = codes.get_mut()?.par_chunks_mut(stride).enumerate();
        if width == 0 {
            rows_of_codes.with_min_len(256).for_each_init(Default::default, |own, (i, code)| read(own, i, code));
        } else {
            let raw_rows = raw.rows.get_mut()?.par_chunks_mut(width);
            rows_of_codes.zip(raw_rows).with_min_len(256).for_each_init(Default::default, |own, ((i, code), out)| {
                read(own, i, code);
                Raw::write(kind, &own.1, out);
            });
        }
        cancel.check()?;

        let order = Random::new(options.seed).order(count);
        let wide = (options.degree as f32 * SLACK) as usize;
        let shape = Shape { degree: options.degree, ef: options.ef, alpha: options.alpha };
        let mut links = Links::new(wide);
        links.resize(count)?;
        let mut entries = Vec::new();
        let mut growth = Growth {
            codes: codes.get(),
            stride,
            links: &mut links,
            entries: &mut entries,
            shape,
            present: 0,
            start: None,
            dead: &Bits::default(),
        };
        growth.put(&order, true, cancel, |done| progress.report(done as u64, count as u64))?;
        let mut links = trim(codes.get(), stride, &links, shape)?;
        // The last sample may be so large that it saves no step.
        entries.retain(|entry| entry.nodes.len() * WORTH <= count);
        let mut stored = Buffer::zeroed(count)?;
        stored.get_mut()?.copy_from_slice(slots);
        let start = order.first().copied().unwrap_or(0);
        connect(codes.get(), stride, &mut links, &entries, start, shape.ef, &Bits::default())?;
        let mut index = Self {
            options,
            space,
            raw,
            codes,
            links,
            entries,
            slots: stored,
            positions,
            start,
            fitted: count,
            dead: Bits::default(),
            free: Vec::new(),
            loose: 0,
            usual: Breadth::USUAL,
            tuned: None,
            notes: Vec::new(),
            source: None,
        };
        index.calibrate(cancel)?;
        progress.finish(count as u64, count as u64);
        Ok(index)
    }
}

fn check_shape(slots: &[u32], count: usize, dim: usize, options: &BuildOptions) -> Result<(), Error> {
    options.check()?;
    if count >= MAX_VECTORS {
        return Err(Error::TooMany { received: count, max: MAX_VECTORS });
    }
    if slots.len() != count {
        return Err(Error::Count { slots: slots.len(), rows: count });
    }
    if dim > crate::flat::MAX_DIM {
        return Err(Error::DimensionRange { received: dim, max: crate::flat::MAX_DIM });
    }
    Ok(())
}

/// Where each slot's vector stands; an error when a slot is named twice.
pub(crate) fn unique(slots: &[u32]) -> Result<SlotMap, Error> {
    let mut positions = SlotMap::default();
    for (&slot, position) in slots.iter().zip(0_u32..) {
        if positions.get(slot).is_some() {
            return Err(Error::Duplicate { slot });
        }
        positions.set(slot, position);
    }
    Ok(positions)
}

/// How exact vectors are kept.
pub(super) fn kind(rows: Rows<'_, f32>, metric: MetricKind, storage: Storage) -> Kind {
    match storage {
        Storage::F32 => Kind::F32,
        Storage::F16 => Kind::F16,
        Storage::Elsewhere => Kind::Nothing,
        // Under cosine vectors are divided by their norms, which fills every digit.
        Storage::Auto if metric == MetricKind::Cosine => Kind::F32,
        Storage::Auto => Kind::narrowest(rows),
    }
}
