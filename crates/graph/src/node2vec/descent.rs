//! One step of gradient descent for a window: two small matrix products and a logistic function between them.

use super::matrix::LANES;

/// The logistic function from a table: within 0.006 of it, which gradient noise drowns.
pub(super) struct Logistic([f32; Self::CELLS]);

impl Logistic {
    const CELLS: usize = 1024;
    const REACH: f32 = 8.0;

    pub(super) fn new() -> Self {
        let scale = 2.0 * Self::REACH / Self::CELLS as f32;
        Self(std::array::from_fn(|at| 1.0 / (1.0 + (Self::REACH - scale * (at as f32 + 0.5)).exp())))
    }

    #[inline(always)]
    fn at(&self, x: f32) -> f32 {
        let place = (x + Self::REACH) * (Self::CELLS as f32 / (2.0 * Self::REACH));
        self.0[(place.max(0.0) as usize).min(Self::CELLS - 1)]
    }
}

/// Which rows meet. The first output is the one to be recognised, the others are to be told from it.
pub(super) struct Step<'a> {
    pub(super) inputs: &'a [u32],
    /// Distinct.
    pub(super) outputs: &'a [u32],
    /// Values a row, a multiple of [`LANES`].
    pub(super) width: usize,
    pub(super) rate: f32,
    pub(super) logistic: &'a Logistic,
}

/// One step of gradient descent for all pairs of inputs and outputs, on the widest registers there are.
pub(super) fn descend(step: &Step<'_>, nodes: &mut [f32], contexts: &mut [f32], scratch: &mut Vec<f32>) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn avx2(step: &Step<'_>, nodes: &mut [f32], contexts: &mut [f32], scratch: &mut Vec<f32>) {
            plain(step, nodes, contexts, scratch);
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the machine was just seen to have it.
            return unsafe { wide::descend(step, nodes, contexts, scratch) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: as above.
            return unsafe { avx2(step, nodes, contexts, scratch) };
        }
    }
    plain(step, nodes, contexts, scratch);
}

/// Flat loops over whole rows: over rows of lanes the compiler gathers instead, ten times slower.
#[inline(always)]
fn plain(step: &Step<'_>, nodes: &mut [f32], contexts: &mut [f32], gradient: &mut Vec<f32>) {
    let width = step.width;
    gradient.resize(width, 0.0);
    for &input in step.inputs {
        let x = &mut nodes[input as usize * width..][..width];
        gradient.fill(0.0);
        let mut label = 1.0;
        for &output in step.outputs {
            let y = &mut contexts[output as usize * width..][..width];
            let pull = step.rate * (label - step.logistic.at(dot(x, y)));
            for ((y, &x), g) in y.iter_mut().zip(x.iter()).zip(gradient.iter_mut()) {
                let old = *y;
                *g += pull * old;
                *y = old + pull * x;
            }
            label = 0.0;
        }
        x.iter_mut().zip(gradient.iter()).for_each(|(x, g)| *x += g);
    }
}

/// An inner product in as many sums as a register has lanes.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let ((a, _), (b, _)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    // A tree of additions: one after the other they would take longer than the products.
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = sums;
    (((a + i) + (e + m)) + ((c + k) + (g + o))) + (((b + j) + (f + n)) + ((d + l) + (h + p)))
}

/// Tiles of outputs whose sums stay in registers, by AVX-512: what the compiler makes of the loops above waits for memory.
#[cfg(target_arch = "x86_64")]
mod wide {
    use super::{LANES, Step};
    use std::arch::x86_64::{
        __m512, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_reduce_add_ps, _mm512_set1_ps, _mm512_setzero_ps,
        _mm512_storeu_ps,
    };

    /// Outputs of a tile: one to be recognised and five drawn, as is usual.
    const TILE: usize = 6;

    type Row = [f32; LANES];

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(row: &Row) -> __m512 {
        // SAFETY: an array of 16 numbers is 64 bytes that can be read.
        unsafe { _mm512_loadu_ps(row.as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store(row: &mut Row, value: __m512) {
        // SAFETY: an array of 16 numbers is 64 bytes that can be written.
        unsafe { _mm512_storeu_ps(row.as_mut_ptr(), value) }
    }

    // Loops by number, not closures: a closure doesn't inherit the target feature and would be called.

    /// Inner products of one row with some others.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn dots<const N: usize>(x: &[Row], contexts: &[Row], outputs: [u32; N]) -> [f32; N] {
        let mut rows = [x; N];
        for at in 0..N {
            rows[at] = &contexts[outputs[at] as usize * x.len()..][..x.len()];
        }
        let mut sums = [_mm512_setzero_ps(); N];
        for (chunk, x) in x.iter().enumerate() {
            let x = load(x);
            for at in 0..N {
                sums[at] = _mm512_fmadd_ps(x, load(&rows[at][chunk]), sums[at]);
            }
        }
        let mut found = [0.0; N];
        for at in 0..N {
            found[at] = _mm512_reduce_add_ps(sums[at]);
        }
        found
    }

    /// Moves one row and some others towards or from each other.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn pull<const N: usize>(x: &mut [Row], contexts: &mut [Row], outputs: [u32; N], by: [f32; N]) {
        let mut starts = [0; N];
        for at in 0..N {
            starts[at] = outputs[at] as usize * x.len();
        }
        let mut pulls = [_mm512_setzero_ps(); N];
        for at in 0..N {
            pulls[at] = _mm512_set1_ps(by[at]);
        }
        for (chunk, x) in x.iter_mut().enumerate() {
            let old = load(x);
            let mut new = old;
            for at in 0..N {
                let cell = &mut contexts[starts[at] + chunk];
                let y = load(cell);
                new = _mm512_fmadd_ps(pulls[at], y, new);
                store(cell, _mm512_fmadd_ps(pulls[at], old, y));
            }
            store(x, new);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn tile<const N: usize>(step: &Step<'_>, x: &mut [Row], contexts: &mut [Row], outputs: [u32; N], mut label: f32) {
        let mut by = dots(x, contexts, outputs);
        for by in &mut by {
            *by = step.rate * (label - step.logistic.at(*by));
            label = 0.0;
        }
        pull(x, contexts, outputs, by);
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn descend(step: &Step<'_>, nodes: &mut [f32], contexts: &mut [f32], scratch: &mut Vec<f32>) {
        let chunks = step.width / LANES;
        let ((nodes, _), (contexts, _)) = (nodes.as_chunks_mut::<LANES>(), contexts.as_chunks_mut::<LANES>());
        let (tiles, rest) = step.outputs.as_chunks::<TILE>();
        for &input in step.inputs {
            let x = &mut nodes[input as usize * chunks..][..chunks];
            let mut label = 1.0;
            for &outputs in tiles {
                tile(step, x, contexts, outputs, label);
                label = 0.0;
            }
            for &output in rest {
                tile(step, x, contexts, [output], label);
                label = 0.0;
            }
        }
        scratch.clear();
    }
}
