//! What a run of queries found, on its way from a thread to the answer.

use super::real::Real;
use crate::neighbours::{MISSING, Neighbours};

/// Rows of ids and distances.
#[derive(Debug, Default)]
pub(crate) struct Found {
    ids: Vec<u32>,
    distances: Vec<f32>,
}

impl Found {
    /// Appends what a query found, strongest first, and fills up to `k`.
    pub(crate) fn push<T: Real>(&mut self, kept: impl Iterator<Item = (T, u32)>, k: usize) {
        let end = self.ids.len() + k;
        for (correlation, id) in kept {
            self.ids.push(id);
            self.distances.push(distance(correlation.to_f64()) as f32);
        }
        self.ids.resize(end, MISSING);
        self.distances.resize(end, f32::INFINITY);
    }

    /// Copies row `at` of these to row `to` of an answer.
    pub(crate) fn copy(&self, at: usize, out: &mut Neighbours, to: usize) {
        let k = out.k;
        out.ids[to * k..(to + 1) * k].copy_from_slice(&self.ids[at * k..(at + 1) * k]);
        out.distances[to * k..(to + 1) * k].copy_from_slice(&self.distances[at * k..(at + 1) * k]);
    }
}

/// The metric: `sqrt(1 - |ρ|)`.
fn distance(correlation: f64) -> f64 {
    (1.0 - correlation.abs()).max(0.0).sqrt()
}
