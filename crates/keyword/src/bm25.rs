//! BM25 (Robertson & Zaragoza 2009) with the idf that Lucene uses, which is never negative.
//!
//! `score(q, d) = Σ idf(t) · weight(t in q) · tf / (tf + k1 · (1 − b + b · |d| / avg))`

use crate::Options;
use crate::postings::{Bound, Posting};

/// The part of the formula that depends on the document, for one average length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Saturation {
    constant: f32,
    per_token: f32,
}

impl Saturation {
    pub(crate) fn new(options: Options, average: f32) -> Self {
        // An index of empty texts has average 0; no posting exists then, but nothing may become NaN.
        let average = average.max(1.0);
        Self { constant: options.k1 * (1.0 - options.b), per_token: options.k1 * options.b / average }
    }

    /// `tf / (tf + K)`, in (0, 1].
    #[inline(always)]
    pub(crate) fn of(self, tf: u8, length: u32) -> f32 {
        let tf = f32::from(tf);
        tf / (tf + self.constant + self.per_token * length as f32)
    }
}

/// Lucene's `ln(1 + (N − n + ½) / (n + ½))`: positive even for a word in every document.
pub(crate) fn idf(documents: usize, frequency: usize) -> f32 {
    let (all, with) = (documents as f64, frequency as f64);
    (1.0 + (all - with + 0.5) / (with + 0.5)).ln() as f32
}

/// How much a word counts that the query holds `times`.
pub(crate) fn query_weight(options: Options, times: u32) -> f32 {
    let times = times as f32;
    (options.k3 + 1.0) * times / (options.k3 + times)
}

/// The worth of postings at the average for which bounds are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference<'a> {
    pub(crate) saturation: Saturation,
    pub(crate) lengths: &'a [u32],
}

impl Bound for Reference<'_> {
    fn bound(&self, posting: Posting) -> f32 {
        self.saturation.of(posting.tf, self.lengths[posting.slot as usize])
    }
}
