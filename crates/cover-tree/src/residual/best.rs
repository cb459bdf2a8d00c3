//! The bounded list that the strongest correlations are collected in.

use super::real::Real;

/// The `k` points of largest `|ρ|`, equal ones by ascending id.
///
/// Points go to the end of a list that is cut back to `k` when it has grown by half: far cheaper than a heap that is kept in
/// order. Strength and id lie in one number, so that a comparison is one instruction. The bound is that of the last cut.
#[derive(Debug, Clone)]
pub(crate) struct Best<T: Real> {
    k: usize,
    kept: Vec<T::Key>,
    bound: Option<T::Key>,
    least: T,
}

impl<T: Real> Best<T> {
    pub(crate) fn new(k: usize) -> Self {
        Self { k, kept: Vec::with_capacity((k + k / 2 + 1).min(4096)), bound: None, least: T::ZERO }
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        (self.bound, self.least) = (None, T::ZERO);
    }

    /// Correlations below this aren't kept; those at it may be.
    #[inline]
    pub(crate) fn least(&self) -> T {
        self.least
    }

    /// Whether `k` are known, as of the last cut.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.bound.is_some()
    }

    /// `correlation` is not negative.
    #[inline]
    pub(crate) fn offer(&mut self, correlation: T, id: u32) {
        let new = correlation.key(id);
        if self.bound.is_some_and(|bound| new >= bound) {
            return;
        }
        self.kept.push(new);
        if self.kept.len() > self.k + self.k / 2 {
            self.cut();
        }
    }

    /// Learns the bound, if there is much to learn.
    #[inline]
    pub(crate) fn tighten(&mut self) {
        if !self.is_full() || self.kept.len() >= self.k + self.k / 8 {
            self.cut();
        }
    }

    /// Learns the bound from what is there.
    pub(crate) fn cut(&mut self) {
        if self.kept.len() >= self.k {
            let (_, &mut worst, _) = self.kept.select_nth_unstable(self.k - 1);
            (self.bound, self.least) = (Some(worst), T::unkey(worst).0);
            self.kept.truncate(self.k);
        }
    }

    /// What was kept, strongest first.
    pub(crate) fn finish(&mut self) -> impl ExactSizeIterator<Item = (T, u32)> {
        self.cut();
        self.kept.sort_unstable();
        self.kept.iter().map(|&key| T::unkey(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_what_a_full_sort_keeps(drawn in prop::collection::vec(0_u32..30, 0..300), k in 1_usize..40) {
            let mut all: Vec<(f32, u32)> = drawn.iter().zip(0..).map(|(&x, id)| (x as f32 / 30.0, id)).collect();
            let mut best = Best::new(k);
            for &(correlation, id) in all.iter().rev() {
                best.offer(correlation, id);
                if id % 17 == 0 {
                    best.cut();
                }
            }
            all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            all.truncate(k);
            prop_assert_eq!(best.finish().collect::<Vec<_>>(), all);
        }
    }
}
