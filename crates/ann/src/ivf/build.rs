//! Building the lists.

use super::kmeans::kmeans;
use super::quantiser::Quantiser;
use super::{IvfOptions, IvfPq, lay_out};
use crate::graph::lift;
use crate::random::Random;
use crate::slots::SlotMap;
use crate::{Error, vector};
use canopy_core::{Cancel, MetricKind, Progress, Rows};
use canopy_simd::{NIBBLE_BLOCK, NIBBLE_PART};
use rayon::prelude::*;

/// Rows a list from which centres are learnt.
const ROWS_A_LIST: usize = 48;
/// Rows from which entries of the codes are learnt.
const ROWS: usize = 16_384;
const ROUNDS: usize = 8;
/// Vectors that are encoded at once.
const BATCH: usize = 8192;

impl IvfPq {
    /// Builds lists of the vectors, vector `i` under `slots[i]`. The result doesn't depend on the number of threads.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Duplicate`], [`Error::Option`], [`Error::Cancelled`], and those of a vector.
    pub fn build(
        slots: &[u32],
        rows: Rows<'_, f32>,
        metric: MetricKind,
        options: IvfOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let (dim, count) = (rows.dim(), rows.len());
        if slots.len() != count {
            return Err(Error::Count { slots: slots.len(), rows: count });
        }
        if options.parts > 256 {
            return Err(Error::Option { name: "parts", received: options.parts as f64, range: "0..=256" });
        }
        let check = |row: usize| vector::check(rows.row(row), row, dim, metric);
        let norms = (0..count).into_par_iter().with_min_len(256).map(check).collect::<Result<Vec<f64>, Error>>()?;
        crate::graph::unique(slots)?;
        let full = dim + usize::from(metric == MetricKind::Dot);
        let longest = norms.iter().copied().fold(0.0, f64::max);
        let unit = if metric == MetricKind::Cosine || longest == 0.0 { 1.0 } else { (1.0 / longest).min(1e30) as f32 };
        let space = Lifted { rows, norms: &norms, metric, unit, full };

        // Everything is learnt from a sample.
        let lists = if options.lists > 0 { options.lists } else { (2.0 * (count as f64).sqrt()) as usize };
        let lists = lists.clamp(1, count.max(1)).min(65_536);
        let mut random = Random::new(options.seed);
        let wanted = (lists * ROWS_A_LIST).max(ROWS).min(count);
        let chosen: Vec<usize> =
            if wanted == count { (0..count).collect() } else { (0..wanted).map(|_| random.below(count)).collect() };
        let mut sample = space.lifted(&chosen);
        let mut mean = vec![0.0_f32; full];
        for row in sample.chunks_exact(full) {
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / wanted as f32);
        }
        centre(&mut sample, &mean);
        let centres = kmeans(&sample, full, lists, ROUNDS, options.seed, cancel)?;
        let mut residuals = sample[..wanted.min(ROWS) * full].to_vec();
        for (row, near) in residuals.chunks_exact_mut(full).zip(centres.assign(&sample[..wanted.min(ROWS) * full])) {
            row.iter_mut().zip(centres.centre(near as usize)).for_each(|(value, centre)| *value -= centre);
        }
        cancel.check()?;
        let parts = if options.parts > 0 { options.parts } else { full.div_ceil(4).clamp(1, 256) }.min(full);
        let width = full.div_ceil(parts);
        let rotation =
            if options.optimise { Quantiser::rotation(&residuals, full, parts, width, cancel)? } else { Vec::new() };
        let turned: Vec<f32> = residuals
            .par_chunks_exact(full)
            .flat_map_iter(|row| {
                let mut out = Vec::new();
                Quantiser::rotate(&rotation, row, parts * width, &mut out);
                out
            })
            .collect();
        let quantiser = Quantiser::learn(&turned, parts, width, rotation, cancel)?;

        let mut index = Self {
            metric,
            dim,
            full,
            unit,
            mean,
            centres,
            quantiser,
            lists: Vec::new(),
            slots: Vec::new().into(),
            codes: Vec::new().into(),
            places: SlotMap::default(),
            len: count,
            gpu: None,
        };
        let (mut near, mut codes) = (vec![0_u32; count], vec![0_u8; count * parts]);
        for from in (0..count).step_by(BATCH) {
            cancel.check()?;
            let batch: Vec<usize> = (from..count.min(from + BATCH)).collect();
            let mut lifted = space.lifted(&batch);
            centre(&mut lifted, &index.mean);
            let (near, codes) = (&mut near[from..from + batch.len()], &mut codes[from * parts..]);
            let out = near.par_iter_mut().zip(codes.par_chunks_mut(parts));
            lifted.par_chunks_exact(full).zip(out).with_min_len(64).for_each_init(
                Default::default,
                |scratch: &mut [Vec<f32>; 2], (row, (near, codes))| {
                    *near = index.encode(row, scratch, codes);
                },
            );
            progress.report((from + batch.len()) as u64, count as u64);
        }
        index.place(slots, &near, &codes);
        progress.finish(count as u64, count as u64);
        Ok(index)
    }

    /// Writes the codes of a row; returns its list.
    fn encode(&self, row: &[f32], [distances, turned]: &mut [Vec<f32>; 2], codes: &mut [u8]) -> u32 {
        let list = self.centres.nearest(row, distances);
        let residual: Vec<f32> = row.iter().zip(self.centres.centre(list as usize)).map(|(a, b)| a - b).collect();
        self.quantiser.turn(&residual, turned);
        self.quantiser.encode(turned, distances, codes);
        list
    }

    /// Gives every vector a place in its list, in the caller's order.
    fn place(&mut self, slots: &[u32], near: &[u32], codes: &[u8]) {
        let mut lens = vec![0; self.centres.len()];
        near.iter().for_each(|&list| lens[list as usize] += 1);
        let (lists, blocks) = lay_out(lens.iter().copied());
        let block_bytes = self.block();
        let (mut held, mut packed) = (vec![0_u32; blocks * NIBBLE_BLOCK], vec![0_u8; blocks * block_bytes]);
        let mut next: Vec<usize> = lists.iter().map(|list| list.block * NIBBLE_BLOCK).collect();
        for ((&slot, &list), codes) in slots.iter().zip(near).zip(codes.chunks_exact(self.quantiser.parts)) {
            let place = next[list as usize];
            next[list as usize] += 1;
            let (block, lane) = (place / NIBBLE_BLOCK, place % NIBBLE_BLOCK);
            let row = &mut packed[block * block_bytes..][..block_bytes];
            for (bytes, code) in row.chunks_exact_mut(NIBBLE_PART).zip(codes) {
                bytes[lane % NIBBLE_PART] |= code << (4 * (lane / NIBBLE_PART));
            }
            held[place] = slot;
            self.places.set(slot, place as u32);
        }
        (self.lists, self.slots, self.codes) = (lists, held.into(), packed.into());
    }
}

fn centre(rows: &mut [f32], mean: &[f32]) {
    rows.par_chunks_exact_mut(mean.len())
        .for_each(|row| row.iter_mut().zip(mean).for_each(|(value, mean)| *value -= mean));
}

/// The caller's rows as points whose squared distances order like the metric.
struct Lifted<'a> {
    rows: Rows<'a, f32>,
    norms: &'a [f64],
    metric: MetricKind,
    unit: f32,
    full: usize,
}

impl Lifted<'_> {
    fn lifted(&self, chosen: &[usize]) -> Vec<f32> {
        let mut out = vec![0.0; chosen.len() * self.full];
        let write = |(stored, row): &mut (Vec<f32>, Vec<f32>), (out, &i): (&mut [f32], &usize)| {
            stored.resize(self.rows.dim(), 0.0);
            vector::store(self.rows.row(i), self.norms[i], self.metric, stored);
            lift(self.metric, self.unit, stored, row);
            out.copy_from_slice(row);
        };
        out.par_chunks_exact_mut(self.full).zip(chosen).with_min_len(64).for_each_init(Default::default, write);
        out
    }
}
