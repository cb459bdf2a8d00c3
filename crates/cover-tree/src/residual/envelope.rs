//! The audited envelope: how far from a point correlations of a given strength have been seen.

use super::kernel::Kernel;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Steps in which correlations from 0 to 1 are told apart.
pub(crate) const BINS: usize = 128;
/// Classes of points by residual variance: where inducing points are dense, correlations end sooner.
pub(crate) const CLASSES: usize = 12;

/// For each pair of classes and each strength of correlation, the largest distance at which such a one was seen.
///
/// A search stops where the envelope says that nothing farther reaches its k-th correlation. It is built from samples, so it
/// is evidence and no proof: searches audit it, and widen it where a miss is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Version of this layout.
    pub version: u32,
    /// The kernel under which it holds.
    pub kernel: Kernel,
    /// Digest of the kernel, the coordinates and the residual variances for which it holds.
    pub digest: String,
    /// What drew the samples.
    pub seed: u64,
    /// Upper ends of the classes, ascending, by residual variance; the last class has none.
    edges: Vec<f64>,
    /// Squared distances (in units of the lengthscale): for each class of one point, for each strength, by class of the other
    /// point. They grow from class to class.
    reach: Vec<f64>,
    /// Pairs it was built from.
    pub pairs: u64,
    /// How often an audit widened it.
    pub widened: u32,
}

/// Version of the layout; the first had classes of queries only.
const VERSION: u32 = 2;
/// Distances are widened by this share when the envelope is built: samples never hold the farthest pair.
const MARGIN: f64 = 1.03;

impl Envelope {
    /// An envelope that has seen nothing yet; classes are quantiles of the residual variances of a sample.
    pub(crate) fn new(mut sample: Vec<f64>, kernel: &Kernel, digest: String, seed: u64) -> Self {
        sample.sort_unstable_by(f64::total_cmp);
        let edge = |class: usize| sample[class * sample.len() / CLASSES];
        let mut edges: Vec<f64> = if sample.is_empty() { Vec::new() } else { (1..CLASSES).map(edge).collect() };
        edges.dedup();
        let classes = edges.len() + 1;
        let reach = vec![0.0; classes * classes * (BINS + 1)];
        Self { version: VERSION, kernel: kernel.clone(), digest, seed, edges, reach, pairs: 0, widened: 0 }
    }

    /// Whether it is of this layout.
    pub(crate) fn is_current(&self) -> bool {
        self.version == VERSION
    }

    /// Whether it was made for these data and this kernel, in a layout that can be read, and is whole.
    pub(crate) fn fits(&self, digest: &str) -> bool {
        self.is_current() && self.digest == digest && self.reach.len() == numbers(self.classes()) - self.edges.len()
    }

    /// Edges and reaches one after the other, for [`Envelope::restored`].
    pub(crate) fn numbers(&self) -> Vec<f64> {
        [&self.edges[..], &self.reach].concat()
    }

    /// An envelope with the numbers that were saved; `None` where they aren't those of any.
    pub(crate) fn restored(self, saved: &[f64]) -> Option<Self> {
        let classes = (1..=CLASSES).find(|&classes| numbers(classes) == saved.len())?;
        let (edges, reach) = saved.split_at(classes - 1);
        let whole = !saved.iter().any(|number| number.is_nan());
        whole.then(|| Self { edges: edges.to_vec(), reach: reach.to_vec(), ..self })
    }

    /// The envelope without its numbers.
    pub(crate) fn bare(&self) -> Self {
        Self { edges: Vec::new(), reach: Vec::new(), kernel: self.kernel.clone(), digest: self.digest.clone(), ..*self }
    }

    /// The same knowledge, for other data.
    pub(crate) fn moved(&self, digest: String) -> Self {
        Self { digest, ..self.clone() }
    }

    /// How many classes there are.
    pub(crate) fn classes(&self) -> usize {
        self.edges.len() + 1
    }

    /// Whether the classes have become so uneven that one holds three times its share of these residual variances: the envelope
    /// would still hold, and spare less than it could.
    pub(crate) fn is_stale(&self, p: &[f64]) -> bool {
        let mut members = vec![0; self.classes()];
        p.iter().for_each(|&p| members[self.class(p)] += 1);
        self.classes() > 1 && members.into_iter().any(|count| count * self.classes() > 3 * p.len())
    }

    /// The class of a point of this residual variance.
    pub(crate) fn class(&self, p: f64) -> usize {
        self.edges.partition_point(|edge| *edge <= p)
    }

    /// Where the reaches of a class and a strength begin.
    #[inline]
    fn row(&self, class: usize, bin: usize) -> usize {
        (class * (BINS + 1) + bin) * self.classes()
    }

    /// Notes what was seen of a point of a class.
    pub(crate) fn note(&mut self, class: usize, seen: &Seen) {
        self.pairs += seen.pairs;
        let start = self.row(class, 0);
        for (reach, &square) in self.reach[start..].iter_mut().zip(&seen.squares) {
            *reach = reach.max(square * MARGIN * MARGIN);
        }
    }

    /// Draws its conclusions, after everything was noted: pairs have no direction; a distance at which stronger correlations were
    /// seen is one where weaker ones may be; and points that know more of the inducing points reach no farther than those that know
    /// less, which lets classes in which little was seen learn from the others.
    pub(crate) fn settle(&mut self) {
        let classes = self.classes();
        for bin in (0..=BINS).rev() {
            for a in 0..classes {
                for b in 0..classes {
                    let (at, back) = (self.row(a, bin) + b, self.row(b, bin) + a);
                    let mut most = self.reach[at].max(self.reach[back]);
                    if bin < BINS {
                        most = most.max(self.reach[self.row(a, bin + 1) + b]);
                    }
                    if a > 0 {
                        most = most.max(self.reach[self.row(a - 1, bin) + b]);
                    }
                    if b > 0 {
                        most = most.max(self.reach[at - 1]);
                    }
                    (self.reach[at], self.reach[back]) = (most, most);
                }
            }
        }
    }

    /// The squared distances beyond which no correlation of at least this strength is expected, by the other point's class,
    /// ascending.
    #[inline]
    pub(crate) fn limits(&self, class: usize, strength: f64) -> &[f64] {
        let start = self.row(class, bin(strength));
        &self.reach[start..start + self.classes()]
    }

    /// The squared distance beyond which points of a class have shown no correlation of at least this strength.
    pub fn probe(&self, class: usize, strength: f64) -> f64 {
        self.limits(class.min(self.classes() - 1), strength).last().copied().unwrap_or(0.0)
    }

    /// Makes room for a pair that was missed, in all classes: what one lacked the others may lack too.
    pub(crate) fn widen(&mut self, (class, other): (usize, usize), strength: f64, square: f64) {
        let at = self.row(class, bin(strength)) + other;
        let old = self.reach[at];
        let factor = if old > 0.0 { (square / old).max(1.0) * MARGIN * MARGIN } else { MARGIN };
        self.reach.iter_mut().for_each(|reach| *reach *= factor);
        self.reach[at] = self.reach[at].max(square * MARGIN * MARGIN);
        self.settle();
        self.widened += 1;
    }
}

/// Numbers of an envelope of so many classes: edges, of which there is one fewer, and reaches.
fn numbers(classes: usize) -> usize {
    classes - 1 + classes * classes * (BINS + 1)
}

#[inline]
fn bin(strength: f64) -> usize {
    ((strength * BINS as f64) as usize).min(BINS)
}

/// What was seen of one point.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// As the reaches of one class.
    squares: Vec<f64>,
    classes: usize,
    pairs: u64,
}

impl Seen {
    pub(crate) fn new(classes: usize) -> Self {
        Self { squares: vec![0.0; classes * (BINS + 1)], classes, pairs: 0 }
    }

    /// Notes a pair with a point of a class; a NaN is no pair.
    #[inline]
    pub(crate) fn note(&mut self, class: usize, strength: f64, square: f64) {
        let seen = &mut self.squares[bin(strength) * self.classes + class];
        *seen = if square > *seen { square } else { *seen };
        self.pairs += 1;
    }
}

/// An envelope, and the class of each point under it.
#[derive(Debug, Clone)]
pub(crate) struct Fitted {
    pub(crate) envelope: Envelope,
    /// By place.
    pub(crate) classes: Arc<[u8]>,
}

impl Fitted {
    /// `p` are the residual variances by place.
    pub(crate) fn new(envelope: Envelope, p: &[f64]) -> Self {
        let classes = p.par_iter().with_min_len(4096).map(|&p| envelope.class(p) as u8).collect::<Vec<u8>>().into();
        Self { envelope, classes }
    }

    /// The same classes under an envelope that was widened.
    pub(crate) fn widened(&self, envelope: Envelope) -> Self {
        Self { envelope, classes: self.classes.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::residual::kernel::KernelKind;

    fn settled(pairs: &[(usize, usize, f64, f64)]) -> Envelope {
        let p = (0..1200).map(f64::from).collect();
        let mut envelope = Envelope::new(p, &Kernel::new(KernelKind::Rbf, 1.0), String::new(), 1);
        for &(class, other, strength, square) in pairs {
            let mut seen = Seen::new(envelope.classes());
            seen.note(other, strength, square);
            envelope.note(class, &seen);
        }
        envelope.settle();
        envelope
    }

    #[test]
    fn what_was_seen_holds_both_ways_for_weaker_ones_and_for_points_that_know_less() {
        let envelope = settled(&[(2, 5, 0.6, 4.0), (7, 7, 0.3, 9.0)]);
        let reach = |a: usize, b: usize, strength: f64| envelope.limits(a, strength)[b];
        let within = |value: f64, square: f64| (value - square * MARGIN * MARGIN).abs() < 1e-12;
        for (a, b, strength) in [(2, 5, 0.6), (5, 2, 0.6), (2, 5, 0.1), (3, 5, 0.5), (11, 11, 0.6), (2, 11, 0.6)] {
            assert!(reach(a, b, strength) >= 4.0, "{a} {b} {strength}");
        }
        assert!(within(reach(11, 11, 0.6), 4.0) && within(reach(7, 7, 0.3), 9.0) && within(reach(6, 7, 0.3), 4.0));
        assert!(reach(2, 4, 0.6) == 0.0 && reach(1, 5, 0.1) == 0.0 && reach(11, 11, 0.7) == 0.0);
        let ascending = |class: usize| envelope.limits(class, 0.2).is_sorted();
        assert!((0..12).all(ascending));
    }

    #[test]
    fn a_miss_makes_room_everywhere_and_files_hold_all_of_it() {
        let mut envelope = settled(&[(2, 5, 0.6, 4.0)]);
        envelope.widen((2, 5), 0.6, 16.0);
        assert!(envelope.limits(2, 0.6)[5] >= 16.0 && envelope.probe(0, 0.6) < 16.0 && envelope.probe(11, 0.5) >= 16.0);
        let back = envelope.bare().restored(&envelope.numbers()).unwrap();
        assert_eq!(back, envelope);
        assert_eq!(envelope.bare().restored(&envelope.numbers()[1..]), None);
        assert!(envelope.is_stale(&[3.0; 50]) && !envelope.is_stale(&(0..1200).map(f64::from).collect::<Vec<_>>()));
    }
}
