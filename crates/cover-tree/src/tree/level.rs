//! Levels are powers of two.

/// Distances below 2^-1000 count as none: their halves would leave the range of levels.
const LEAST: i32 = -1000;
/// Largest level a distance may ask for.
const MOST: i32 = 1000;

/// `2^level`.
#[inline]
pub(crate) fn reach(level: i32) -> f64 {
    debug_assert!((LEAST - 1..=MOST).contains(&level));
    f64::from_bits(((level + 1023) as u64) << 52)
}

/// Whether points at this distance share a node.
#[inline]
pub(crate) fn is_twin(distance: f64) -> bool {
    distance < reach(LEAST)
}

/// Whether a metric may give this.
#[inline]
pub(crate) fn is_distance(distance: f64) -> bool {
    (0.0..=reach(MOST)).contains(&distance)
}

/// The lowest level whose reach covers the distance, which isn't that of a twin.
#[inline]
pub(crate) fn covering(distance: f64) -> i32 {
    let bits = distance.to_bits();
    let whole = (bits >> 52) as i32 - 1023;
    whole + i32::from(bits & ((1 << 52) - 1) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_covers_and_the_one_below_does_not() {
        for distance in [1.0, 1.0 + f64::EPSILON, 2.0, 3.0, 0.75, 1e-200, 1e200, 2.0_f64.powi(-1000)] {
            let level = covering(distance);
            assert!(distance <= reach(level) && distance > reach(level - 1), "{distance} at {level}");
        }
    }
}
