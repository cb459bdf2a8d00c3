//! The float work between the matrix products, over any vector register.
//!
//! # Safety
//! Every function needs the instruction set of its `S`; lengths are asserted, so that all pointers stay inside their slices.

use super::Simd;
use crate::minilm::{EPSILON, HEAD, HEADS, HIDDEN};
use canopy_simd::gemm::QuantRows;

/// Rows of a matrix tile.
const ROWS: usize = 6;
/// Columns are filled up to a multiple of this, so that every instruction set works on whole tiles.
const COLUMNS: usize = 64;

#[inline(always)]
pub(super) unsafe fn look_up<S: Simd>(word: &[i8], scale: f32, position: &[f32], out: &mut [f32]) {
    assert!(word.len() == out.len() && position.len() == out.len() && out.len().is_multiple_of(S::LANES));
    // SAFETY: see the module's head.
    unsafe {
        let scale = S::splat(scale);
        for i in (0..out.len()).step_by(S::LANES) {
            let v = S::fma(S::load_i8(word.as_ptr().add(i)), scale, S::load(position.as_ptr().add(i)));
            S::store(out.as_mut_ptr().add(i), v);
        }
    }
}

#[inline(always)]
pub(super) unsafe fn norm<S: Simd>(x: &mut [f32], gain: &[f32], bias: &[f32]) {
    assert!(gain.len() == bias.len() && gain.len().is_multiple_of(S::LANES));
    for row in x.chunks_exact_mut(gain.len()) {
        // SAFETY: see the module's head.
        unsafe {
            let mut sum = S::splat(0.0);
            for i in (0..row.len()).step_by(S::LANES) {
                sum = S::add(sum, S::load(row.as_ptr().add(i)));
            }
            finish_norm::<S>(row, S::sum(sum), gain, bias);
        }
    }
}

#[inline(always)]
pub(super) unsafe fn add_and_norm<S: Simd>(x: &mut [f32], y: &[f32], gain: &[f32], bias: &[f32]) {
    assert!(x.len() == y.len() && gain.len() == bias.len() && gain.len().is_multiple_of(S::LANES));
    for (row, other) in x.chunks_exact_mut(gain.len()).zip(y.chunks_exact(gain.len())) {
        // SAFETY: see the module's head.
        unsafe {
            let mut sum = S::splat(0.0);
            for i in (0..row.len()).step_by(S::LANES) {
                let v = S::add(S::load(row.as_ptr().add(i)), S::load(other.as_ptr().add(i)));
                S::store(row.as_mut_ptr().add(i), v);
                sum = S::add(sum, v);
            }
            finish_norm::<S>(row, S::sum(sum), gain, bias);
        }
    }
}

/// The rest of a row's normalisation once its sum is known.
#[inline(always)]
unsafe fn finish_norm<S: Simd>(row: &mut [f32], sum: f32, gain: &[f32], bias: &[f32]) {
    let width = row.len() as f32;
    // SAFETY: see the module's head; `gain` and `bias` are as long as the row.
    unsafe {
        let mean = S::splat(sum / width);
        let mut squares = S::splat(0.0);
        for i in (0..row.len()).step_by(S::LANES) {
            let v = S::sub(S::load(row.as_ptr().add(i)), mean);
            squares = S::fma(v, v, squares);
        }
        let factor = S::splat(1.0 / (S::sum(squares) / width + EPSILON).sqrt());
        for i in (0..row.len()).step_by(S::LANES) {
            let v = S::mul(S::sub(S::load(row.as_ptr().add(i)), mean), factor);
            let v = S::fma(v, S::load(gain.as_ptr().add(i)), S::load(bias.as_ptr().add(i)));
            S::store(row.as_mut_ptr().add(i), v);
        }
    }
}

#[inline(always)]
pub(super) unsafe fn quantise<S: Simd>(x: &[f32], width: usize, rows: &mut QuantRows) {
    assert!(x.len().is_multiple_of(width) && width.is_multiple_of(S::LANES));
    rows.reset(x.len() / width, width);
    for (number, row) in x.chunks_exact(width).enumerate() {
        // SAFETY: see the module's head.
        unsafe {
            let (mut low, mut high) = (S::splat(0.0), S::splat(0.0));
            for i in (0..width).step_by(S::LANES) {
                let v = S::load(row.as_ptr().add(i));
                (low, high) = (S::min(v, low), S::max(v, high));
            }
            finish_quantise::<S>(row, number, S::least(low), S::most(high), rows);
        }
    }
}

#[inline(always)]
pub(super) unsafe fn gelu_and_quantise<S: Simd>(x: &mut [f32], width: usize, rows: &mut QuantRows) {
    assert!(x.len().is_multiple_of(width) && width.is_multiple_of(S::LANES));
    rows.reset(x.len() / width, width);
    for (number, row) in x.chunks_exact_mut(width).enumerate() {
        // SAFETY: see the module's head.
        unsafe {
            let (mut low, mut high) = (S::splat(0.0), S::splat(0.0));
            for i in (0..width).step_by(S::LANES) {
                let v = gelu::<S>(S::load(row.as_ptr().add(i)));
                S::store(row.as_mut_ptr().add(i), v);
                (low, high) = (S::min(v, low), S::max(v, high));
            }
            finish_quantise::<S>(row, number, S::least(low), S::most(high), rows);
        }
    }
}

/// Stores a row as bytes once its range is known.
#[inline(always)]
unsafe fn finish_quantise<S: Simd>(row: &[f32], number: usize, low: f32, high: f32, rows: &mut QuantRows) {
    let (factor, zero) = rows.set_range(number, low, high);
    let bytes = rows.row_mut(number);
    assert!(bytes.len() >= row.len());
    // SAFETY: see the module's head.
    unsafe {
        let (factor, zero) = (S::splat(factor), S::splat(zero));
        for i in (0..row.len()).step_by(S::LANES) {
            let v = S::round(S::mul(S::load(row.as_ptr().add(i)), factor));
            S::store_u8(bytes.as_mut_ptr().add(i), S::add(v, zero));
        }
    }
}

#[inline(always)]
pub(super) unsafe fn add_rows<S: Simd>(rows: &[f32], sum: &mut [f32]) {
    assert!(sum.len().is_multiple_of(S::LANES));
    for row in rows.chunks_exact(sum.len()) {
        for i in (0..sum.len()).step_by(S::LANES) {
            // SAFETY: see the module's head.
            unsafe {
                let v = S::add(S::load(sum.as_ptr().add(i)), S::load(row.as_ptr().add(i)));
                S::store(sum.as_mut_ptr().add(i), v);
            }
        }
    }
}

/// `x Φ(x) = x/2 (1 + erf(x/√2))`, off by at most 5e-7 × max(1, |x|).
///
/// erf is the odd rational function of degree 13 over 8 that Eigen and XLA use on ±3.8, where erf has reached 1 in f32.
#[inline(always)]
unsafe fn gelu<S: Simd>(x: S::V) -> S::V {
    const TOP: [f32; 7] = [
        -2.726_142_3e-10,
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    const BOTTOM: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329_2e-3, -1.426_473_9e-2];
    const LIMIT: f32 = 3.831_507;
    // SAFETY: arithmetic only.
    unsafe {
        let z = S::mul(x, S::splat(std::f32::consts::FRAC_1_SQRT_2));
        let z = S::max(S::min(z, S::splat(LIMIT)), S::splat(-LIMIT));
        let square = S::mul(z, z);
        let mut top = S::splat(TOP[0]);
        for &c in &TOP[1..] {
            top = S::fma(top, square, S::splat(c));
        }
        let mut bottom = S::splat(BOTTOM[0]);
        for &c in &BOTTOM[1..] {
            bottom = S::fma(bottom, square, S::splat(c));
        }
        let erf = S::div(S::mul(z, top), bottom);
        let half = S::mul(x, S::splat(0.5));
        S::fma(half, erf, half)
    }
}

/// `eˣ` for `x` in −87..=88, smaller ones as −87; relative error below 2e-7.
///
/// Cody & Waite: `2ⁿ eʳ` with `n = round(x / ln 2)`, `ln 2` in two parts, and Cephes' polynomial for `eʳ`, |r| ≤ 0.35.
#[inline(always)]
unsafe fn exp<S: Simd>(x: S::V) -> S::V {
    const POLYNOMIAL: [f32; 6] = [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // SAFETY: arithmetic only.
    unsafe {
        let x = S::max(x, S::splat(-87.0));
        let n = S::round(S::mul(x, S::splat(std::f32::consts::LOG2_E)));
        let r = S::fma(n, S::splat(-LN2_HIGH), x);
        let r = S::fma(n, S::splat(-LN2_LOW), r);
        let mut p = S::splat(POLYNOMIAL[0]);
        for &c in &POLYNOMIAL[1..] {
            p = S::fma(p, r, S::splat(c));
        }
        let p = S::add(S::fma(p, S::mul(r, r), r), S::splat(1.0));
        S::scale(p, n)
    }
}

/// Floats of working memory that [`attend`] needs for a text of `count` tokens.
pub(in crate::minilm) fn attend_scratch(count: usize) -> usize {
    (HEAD + ROWS) * count.next_multiple_of(COLUMNS) + HEAD * count
}

/// Softmax attention of one head of one text. `qkv`: rows of 3 × 384 (query, already scaled, key, value); `out`: rows of 384, of which this
/// head's 32 columns are written; `scratch` as [`attend_scratch`] says.
#[inline(always)]
pub(super) unsafe fn attend<S: Simd>(qkv: &[f32], head: usize, out: &mut [f32], scratch: &mut [f32]) {
    let count = out.len() / HIDDEN;
    let columns = count.next_multiple_of(COLUMNS);
    assert!(head < HEADS && out.len() == count * HIDDEN && qkv.len() == 3 * out.len());
    assert!(scratch.len() >= attend_scratch(count));
    let (keys, rest) = scratch.split_at_mut(HEAD * columns);
    let (values, scores) = rest.split_at_mut(HEAD * count);
    gather(qkv, head, columns, keys, values);
    let mut row = 0;
    while row < count {
        let rows = ROWS.min(count - row);
        // SAFETY: see the module's head; rows `row..row + rows` lie inside `qkv` and `out`.
        unsafe {
            let query = qkv.as_ptr().add(row * 3 * HIDDEN + head * HEAD);
            let target = out.as_mut_ptr().add(row * HIDDEN + head * HEAD);
            product::<S>(
                rows,
                (query, 3 * HIDDEN),
                (keys.as_ptr(), columns),
                HEAD,
                (scores.as_mut_ptr(), columns),
                columns,
            );
            let mut factors = [0.0; ROWS];
            for r in 0..rows {
                factors[r] = 1.0 / softmax::<S>(&mut scores[r * columns..(r + 1) * columns], count);
            }
            product::<S>(rows, (scores.as_ptr(), columns), (values.as_ptr(), HEAD), count, (target, HIDDEN), HEAD);
            for (r, &factor) in factors.iter().enumerate().take(rows) {
                for i in (0..HEAD).step_by(S::LANES) {
                    let at = target.add(r * HIDDEN + i);
                    S::store(at, S::mul(S::load(at), S::splat(factor)));
                }
            }
        }
        row += rows;
    }
}

/// Copies a head's keys, transposed and filled up with zeros, and its values.
#[inline(always)]
fn gather(qkv: &[f32], head: usize, columns: usize, keys: &mut [f32], values: &mut [f32]) {
    const BLOCK: usize = 16;
    let count = values.len() / HEAD;
    for d in 0..HEAD {
        keys[d * columns + count..(d + 1) * columns].fill(0.0);
    }
    for first in (0..count).step_by(BLOCK) {
        let last = count.min(first + BLOCK);
        for d in 0..HEAD {
            for row in first..last {
                keys[d * columns + row] = qkv[row * 3 * HIDDEN + HIDDEN + head * HEAD + d];
            }
        }
        for row in first..last {
            let from = row * 3 * HIDDEN + 2 * HIDDEN + head * HEAD;
            values[row * HEAD..(row + 1) * HEAD].copy_from_slice(&qkv[from..from + HEAD]);
        }
    }
}

/// `exp(x − max)` of the first `count` values in place, zeros after them; gives the sum.
#[inline(always)]
unsafe fn softmax<S: Simd>(scores: &mut [f32], count: usize) -> f32 {
    scores[count..].fill(f32::NEG_INFINITY);
    // SAFETY: see the module's head; the slice's length is a multiple of 64.
    unsafe {
        let mut most = S::load(scores.as_ptr());
        for i in (S::LANES..scores.len()).step_by(S::LANES) {
            most = S::max(most, S::load(scores.as_ptr().add(i)));
        }
        let most = S::splat(S::most(most));
        let mut sum = S::splat(0.0);
        for i in (0..count).step_by(S::LANES) {
            let v = exp::<S>(S::sub(S::load(scores.as_ptr().add(i)), most));
            S::store(scores.as_mut_ptr().add(i), v);
            sum = S::add(sum, v);
        }
        // The filling of the last vector was counted as e^-87 each: nothing in f32 beside the maximum's 1.
        scores[count..].fill(0.0);
        S::sum(sum)
    }
}

/// `out = a × b` for up to 6 rows: `a` is rows × `depth`, `b` is `depth` × `width`, each with its distance between rows.
#[inline(always)]
unsafe fn product<S: Simd>(
    rows: usize,
    a: (*const f32, usize),
    b: (*const f32, usize),
    depth: usize,
    out: (*mut f32, usize),
    width: usize,
) {
    let step = S::TILE.min(width / S::LANES);
    for column in (0..width).step_by(step * S::LANES) {
        // SAFETY: the caller's pointers are good for the shapes, and `column` stays below `width`, a multiple of 32.
        unsafe {
            let (b, out) = ((b.0.add(column), b.1), (out.0.add(column), out.1));
            match (rows, step) {
                (ROWS, 4) => tile::<S, ROWS, 4>(a, b, depth, out),
                (ROWS, 2) => tile::<S, ROWS, 2>(a, b, depth, out),
                (ROWS, _) => tile::<S, ROWS, 1>(a, b, depth, out),
                (_, step) => {
                    for r in 0..rows {
                        let (a, out) = ((a.0.add(r * a.1), a.1), (out.0.add(r * out.1), out.1));
                        match step {
                            4 => tile::<S, 1, 4>(a, b, depth, out),
                            2 => tile::<S, 1, 2>(a, b, depth, out),
                            _ => tile::<S, 1, 1>(a, b, depth, out),
                        }
                    }
                }
            }
        }
    }
}

/// `R` rows × `N` registers of a product.
#[inline(always)]
unsafe fn tile<S: Simd, const R: usize, const N: usize>(
    a: (*const f32, usize),
    b: (*const f32, usize),
    depth: usize,
    out: (*mut f32, usize),
) {
    // SAFETY: the caller's pointers are good for the shapes.
    unsafe {
        let mut acc = [[S::splat(0.0); N]; R];
        for k in 0..depth {
            let mut columns = [S::splat(0.0); N];
            for (n, column) in columns.iter_mut().enumerate() {
                *column = S::load(b.0.add(k * b.1 + n * S::LANES));
            }
            for (r, acc) in acc.iter_mut().enumerate() {
                let value = S::splat(*a.0.add(r * a.1 + k));
                for (acc, &column) in acc.iter_mut().zip(&columns) {
                    *acc = S::fma(value, column, *acc);
                }
            }
        }
        for (r, acc) in acc.iter().enumerate() {
            for (n, &acc) in acc.iter().enumerate() {
                S::store(out.0.add(r * out.1 + n * S::LANES), acc);
            }
        }
    }
}
