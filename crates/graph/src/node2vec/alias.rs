//! Walker and Vose's alias tables: one draw from any distribution in constant time.

/// Fills the table of one distribution. A draw takes a place at random and then itself with probability `keep`, its alias
/// otherwise.
pub(super) fn fill(weights: &[f64], keep: &mut [f32], alias: &mut [u32]) {
    let n = weights.len();
    let total: f64 = weights.iter().sum();
    let mut scaled: Vec<f64> = weights.iter().map(|weight| weight * n as f64 / total).collect();
    let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..n).partition(|&at| scaled[at] < 1.0);
    while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
        small.pop();
        keep[low] = scaled[low] as f32;
        alias[low] = high as u32;
        scaled[high] -= 1.0 - scaled[low];
        if scaled[high] < 1.0 {
            large.pop();
            small.push(high);
        }
    }
    // What rounding left over keeps its own place.
    for at in small.into_iter().chain(large) {
        keep[at] = 1.0;
        alias[at] = at as u32;
    }
}

/// A place of the table in `keep` and `alias`.
pub(super) fn draw(keep: &[f32], alias: &[u32], random: &mut fastrand::Rng) -> usize {
    let at = random.usize(0..keep.len());
    if random.f32() < keep[at] { at } else { alias[at] as usize }
}
