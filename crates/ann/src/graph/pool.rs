//! The candidates of a walk: a short sorted array.

/// A candidate and whether the walk has been there, in one number that sorts by distance first.
///
/// An array of at most a few hundred such numbers is kept sorted by moving them: that is faster than a heap, and gives the nearest one that
/// hasn't been visited without a search.
#[derive(Debug, Default)]
pub(super) struct Pool {
    keys: Vec<u64>,
    /// Candidates kept.
    most: usize,
    /// Of them, so many are visited.
    wide: usize,
    /// Every candidate before this one was visited.
    next: usize,
}

const VISITED: u64 = 1;

/// Bits that compare like the numbers.
pub(super) fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    bits ^ (((bits as i32) >> 31) as u32 | 1 << 31)
}

pub(super) fn unordered(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 1 { bits ^ 1 << 31 } else { !bits })
}

impl Pool {
    /// Forgets everything; from now on the nearest `most` are kept, and visited while they are among the nearest `wide`.
    pub(super) fn start(&mut self, wide: usize, most: usize) {
        self.keys.clear();
        self.keys.reserve(most + 1);
        (self.most, self.wide, self.next) = (most, wide, 0);
    }

    /// A new candidate must be below this, while the pool is full.
    pub(super) fn limit(&self) -> f32 {
        match self.keys.last() {
            Some(&last) if self.keys.len() >= self.most => unordered((last >> 32) as u32),
            _ => f32::INFINITY,
        }
    }

    /// The distance of the candidate in place `count`, infinite while there are fewer.
    pub(super) fn limit_of(&self, count: usize) -> f32 {
        let last = count.clamp(1, self.most.max(1)) - 1;
        self.keys.get(last).map_or(f32::INFINITY, |&key| unordered((key >> 32) as u32))
    }

    /// Offers a candidate that wasn't offered before; its number is below 2^31.
    #[inline]
    pub(super) fn offer(&mut self, distance: f32, id: u32) {
        let key = u64::from(ordered(distance)) << 32 | u64::from(id) << 1;
        if self.keys.len() >= self.most {
            if self.keys.last().is_none_or(|&last| key >= last) {
                return;
            }
            self.keys.pop();
        }
        let at = self.keys.partition_point(|&other| other < key);
        self.keys.insert(at, key);
        self.next = self.next.min(at);
    }

    /// The nearest candidate that the walk hasn't visited, which counts as visited from now on.
    #[inline]
    pub(super) fn visit(&mut self) -> Option<u32> {
        let wide = self.wide.min(self.keys.len());
        while let Some(key) = self.keys[..wide].get_mut(self.next) {
            self.next += 1;
            if *key & VISITED == 0 {
                *key |= VISITED;
                return Some((*key as u32) >> 1);
            }
        }
        None
    }

    /// The candidate that will be visited next, if nothing nearer turns up.
    #[inline]
    pub(super) fn peek(&self) -> Option<u32> {
        self.keys[..self.wide.min(self.keys.len())]
            .get(self.next..)?
            .iter()
            .find(|&key| key & VISITED == 0)
            .map(|&key| key as u32 >> 1)
    }

    /// Distance and number of the candidates, nearest first.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (f32, u32)> + '_ {
        self.keys.iter().map(|&key| (unordered((key >> 32) as u32), key as u32 >> 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_and_visits_the_nearest(distances in prop::collection::vec(-5.0_f32..5.0, 1..80), most in 1_usize..20, wide in 1_usize..20) {
            let mut pool = Pool::default();
            pool.start(wide, most);
            let mut visited = Vec::new();
            for (id, &distance) in distances.iter().enumerate() {
                pool.offer(distance, id as u32);
                if id % 3 == 0 {
                    let peeked = pool.peek();
                    let next = pool.visit();
                    prop_assert_eq!(peeked, next);
                    visited.extend(next);
                }
            }
            let mut expected: Vec<(f32, u32)> = distances.iter().copied().zip(0..).collect();
            expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            expected.truncate(most);
            prop_assert_eq!(pool.iter().collect::<Vec<_>>(), expected);
            while let Some(id) = pool.visit() {
                prop_assert!(!visited.contains(&id));
                visited.push(id);
            }
            prop_assert!(pool.iter().take(wide).all(|(_, id)| visited.contains(&id)));
        }
    }
}
