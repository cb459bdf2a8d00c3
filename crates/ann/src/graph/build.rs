//! Building an index from all its vectors.

use super::bits::Bits;
use super::connect::connect;
use super::entry::WORTH;
use super::grow::{Growth, Shape, trim};
use super::links::Links;
use super::raw::{Kind, Raw};
use super::space::Projection;
use super::{BuildOptions, GraphIndex, MAX_VECTORS, SearchOptions, Storage, fit};
use crate::random::Random;
use crate::slots::SlotMap;
use crate::{Error, vector};
use canopy_core::{Cancel, MetricKind, Progress, Rows};
use canopy_file::Buffer;
use rayon::prelude::*;

/// During a build a row of links has so many times the places it has in the end, so that fewer rows must be chosen anew.
const SLACK: f32 = 1.5;

impl BuildOptions {
    fn check(&self) -> Result<(), Error> {
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
        options.check()?;
        let (dim, count) = (rows.dim(), rows.len());
        if slots.len() != count {
            return Err(Error::Count { slots: slots.len(), rows: count });
        }
        if dim > crate::flat::MAX_DIM {
            return Err(Error::DimensionRange { received: dim, max: crate::flat::MAX_DIM });
        }
        if count >= MAX_VECTORS {
            return Err(Error::TooMany { received: count, max: MAX_VECTORS });
        }
        let check = |row: usize| vector::check(rows.row(row), row, dim, metric);
        let norms = (0..count).into_par_iter().with_min_len(256).map(check).collect::<Result<Vec<f64>, Error>>()?;
        Self::assemble(slots, rows, &norms, metric, options, cancel, progress)
    }

    /// Builds from checked vectors that are divided by the given norms under cosine.
    pub(super) fn assemble(
        slots: &[u32],
        rows: Rows<'_, f32>,
        norms: &[f64],
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
        let mut raw = Raw::new(kind(rows, metric, options.storage), dim);
        raw.resize(count)?;
        let mut codes = Buffer::<u8>::zeroed(count * space.stride)?;
        let stride = space.stride;
        let encode = |(scratch, row): &mut (Projection, Vec<f32>),
                      ((i, out), code): ((usize, &mut [u8]), &mut [u8])| {
            row.resize(dim, 0.0);
            vector::store(rows.row(i), norms[i], metric, row);
            Raw::write(raw.kind, row, out);
            space.encode(row, scratch, code);
        };
        let width = dim * raw.kind.bytes();
        let raw_rows = raw.rows.get_mut()?.par_chunks_mut(width).enumerate();
        raw_rows.zip(codes.get_mut()?.par_chunks_mut(stride)).with_min_len(256).for_each_init(Default::default, encode);
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
        progress.finish(count as u64, count as u64);
        let start = order.first().copied().unwrap_or(0);
        connect(codes.get(), stride, &mut links, &entries, start, shape.ef, &Bits::default())?;
        let defaults = SearchOptions::default();
        Ok(Self {
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
            defaults,
            notes: Vec::new(),
            source: None,
        })
    }
}

/// Where each slot's vector stands; an error when a slot is named twice.
pub(super) fn unique(slots: &[u32]) -> Result<SlotMap, Error> {
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
fn kind(rows: Rows<'_, f32>, metric: MetricKind, storage: Storage) -> Kind {
    match storage {
        Storage::F32 => Kind::F32,
        Storage::F16 => Kind::F16,
        // Under cosine vectors are divided by their norms, which fills every digit.
        Storage::Auto if metric == MetricKind::Cosine => Kind::F32,
        Storage::Auto => Kind::narrowest(rows),
    }
}
