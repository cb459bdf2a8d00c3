//! The product quantiser: a vector as 4-bit codes of its parts (Jégou, Douze and Schmid 2011).
//!
//! Before it is cut in parts a vector may be rotated so that all parts vary alike: the parametric solution of optimised product quantisation (Ge et al. 2013)
//! takes the directions of most variance and deals them out so that the products of the parts' variances are equal.

use super::kmeans::{Centres, kmeans};
use crate::graph::pca;
use canopy_core::{Cancel, Cancelled};
use canopy_simd::{NIBBLE_PART, NIBBLE_PARTS, dot_rows_f32};
use rayon::prelude::*;

/// Entries a part.
const ENTRIES: usize = 16;
/// Rounds of k-means for the entries.
const ROUNDS: usize = 12;

/// Codebooks of `parts` parts of `width` values.
#[derive(Debug, Clone)]
pub(super) struct Quantiser {
    /// Real parts; tables have more, of zeros, to fill a register.
    pub(super) parts: usize,
    pub(super) width: usize,
    /// `parts * width` rows of `dim` values; empty when vectors are cut as they are.
    rotation: Vec<f32>,
    books: Vec<Centres>,
}

impl Quantiser {
    /// The rotation for centred rows, or none: fewer rows than columns say nothing of most directions.
    pub(super) fn rotation(
        rows: &[f32],
        dim: usize,
        parts: usize,
        width: usize,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Cancelled> {
        if rows.len() / dim < dim || dim > pca::WIDEST {
            return Ok(Vec::new());
        }
        let (directions, variances) = pca::directions(&pca::covariance(rows, dim), dim, dim, cancel)?;
        // Widest first, each to the part whose product of variances is least and which has room.
        let mut products = vec![0.0_f64; parts];
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); parts];
        for (direction, &variance) in variances.iter().enumerate() {
            let open = (0..parts).filter(|&part| members[part].len() < width);
            let Some(part) = open.min_by(|&a, &b| products[a].total_cmp(&products[b])) else { break };
            products[part] += f64::from(variance.max(1e-12)).ln() - (1e-12_f64).ln();
            members[part].push(direction);
        }
        let mut rotation = vec![0.0; parts * width * dim];
        for (part, members) in members.iter().enumerate() {
            for (i, &direction) in members.iter().enumerate() {
                let to = (part * width + i) * dim;
                rotation[to..to + dim].copy_from_slice(&directions[direction * dim..(direction + 1) * dim]);
            }
        }
        Ok(rotation)
    }

    /// Learns the entries from rotated residuals, rows of `parts * width` values.
    pub(super) fn learn(
        residuals: &[f32],
        parts: usize,
        width: usize,
        rotation: Vec<f32>,
        cancel: &Cancel,
    ) -> Result<Self, Cancelled> {
        let full = parts * width;
        let book = |part: usize| {
            let cut = |row: &[f32]| row[part * width..(part + 1) * width].to_vec();
            let rows: Vec<f32> = residuals.chunks_exact(full).flat_map(cut).collect();
            kmeans(&rows, width, ENTRIES, ROUNDS, part as u64, cancel)
        };
        let books = (0..parts).into_par_iter().map(book).collect::<Result<_, _>>()?;
        Ok(Self { parts, width, rotation, books })
    }

    /// What [`Quantiser::rotated`] and [`Quantiser::entries`] gave; `entries` a part.
    pub(super) fn of(parts: usize, width: usize, rotation: Vec<f32>, values: &[f32], entries: usize) -> Self {
        let book = |part: usize| Centres::new(values[part * entries * width..][..entries * width].to_vec(), width);
        Self { parts, width, rotation, books: (0..parts).map(book).collect() }
    }

    /// `parts * width` rows, or nothing.
    pub(super) fn rotated(&self) -> &[f32] {
        &self.rotation
    }

    /// How many entries a part has, and their values, part after part.
    pub(super) fn entries(&self) -> (usize, Vec<f32>) {
        let values = self.books.iter().flat_map(|book| &book.values).copied().collect();
        (self.books.first().map_or(0, Centres::len), values)
    }

    /// Parts with those that fill up.
    pub(super) fn padded(&self) -> usize {
        self.parts.next_multiple_of(NIBBLE_PARTS)
    }

    /// Rotates a vector, or fills it up with zeros.
    pub(super) fn rotate(rotation: &[f32], x: &[f32], full: usize, out: &mut Vec<f32>) {
        out.clear();
        out.resize(full, 0.0);
        if rotation.is_empty() {
            out[..x.len()].copy_from_slice(x);
        } else {
            dot_rows_f32(x, rotation, out);
        }
    }

    pub(super) fn turn(&self, x: &[f32], out: &mut Vec<f32>) {
        Self::rotate(&self.rotation, x, self.parts * self.width, out);
    }

    /// The codes of a rotated residual, one a part.
    pub(super) fn encode(&self, residual: &[f32], scratch: &mut Vec<f32>, out: &mut [u8]) {
        for ((book, part), out) in self.books.iter().zip(residual.chunks_exact(self.width)).zip(out) {
            *out = book.nearest(part, scratch) as u8;
        }
    }

    /// Squared distances of a rotated residual from every entry of every part, 16 a part.
    pub(super) fn tables(&self, residual: &[f32], out: &mut Vec<f32>) {
        out.clear();
        out.resize(self.padded() * NIBBLE_PART, 0.0);
        for ((book, part), out) in
            self.books.iter().zip(residual.chunks_exact(self.width)).zip(out.chunks_exact_mut(NIBBLE_PART))
        {
            for (entry, out) in book.values.chunks_exact(self.width).zip(out) {
                *out = entry.iter().zip(part).map(|(a, b)| (a - b) * (a - b)).sum();
            }
        }
    }

    /// All entries, 16 a part; those that a part lacks are 0, and no code names them.
    pub(super) fn whole_books(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.parts * ENTRIES * self.width];
        for (book, out) in self.books.iter().zip(values.chunks_exact_mut(ENTRIES * self.width)) {
            out[..book.values.len()].copy_from_slice(&book.values);
        }
        values
    }

    pub(super) fn bytes(&self) -> usize {
        (self.rotation.len() + self.parts * self.width * ENTRIES) * size_of::<f32>()
    }
}
