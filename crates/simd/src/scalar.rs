//! Portable kernels: the reference every other back end is tested against, and the fallback where there is none.

use crate::imp::Imp;
use half::f16;

pub(crate) static IMP: Imp = Imp {
    name: "scalar",
    dot_f32: dot::<f32, f32>,
    l2sq_f32: l2sq::<f32, f32>,
    dot_f16: dot::<f16, f16>,
    l2sq_f16: l2sq::<f16, f16>,
    dot_f32_f16: dot::<f32, f16>,
    l2sq_f32_f16: l2sq::<f32, f16>,
    dot_f32_u8: dot::<f32, u8>,
    l2sq_f32_u8: l2sq::<f32, u8>,
    dot_i8,
    l2sq_i8,
    dot_rows_f32: dot_rows::<f32, f32>,
    l2sq_rows_f32: l2sq_rows::<f32, f32>,
    dot_rows_f16: dot_rows::<f16, f16>,
    l2sq_rows_f16: l2sq_rows::<f16, f16>,
    dot_rows_f32_f16: dot_rows::<f32, f16>,
    l2sq_rows_f32_f16: l2sq_rows::<f32, f16>,
    dot_rows_f32_u8: dot_rows::<f32, u8>,
    l2sq_rows_f32_u8: l2sq_rows::<f32, u8>,
    l2sq_rows_i8,
    dot_block_i8,
    score_codes,
    sum_nibbles,
};

/// A stored number that becomes an `f32` without loss.
trait Real: Copy {
    fn real(self) -> f32;
}
impl Real for f32 {
    fn real(self) -> f32 {
        self
    }
}
impl Real for f16 {
    fn real(self) -> f32 {
        self.to_f32()
    }
}

impl Real for u8 {
    fn real(self) -> f32 {
        self.into()
    }
}

/// Independent sums, so that additions don't wait for each other and the compiler may use the vectors it has.
const LANES: usize = 8;

#[inline]
fn sum_of<A: Copy, B: Copy>(a: &[A], b: &[B], term: impl Fn(A, B) -> f32) -> f32 {
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(&x, &y)| term(x, y)).sum();
    let mut lanes = [0.0_f32; LANES];
    for (x, y) in a_chunks.zip(b_chunks) {
        lanes.iter_mut().zip(x.iter().zip(y)).for_each(|(lane, (&x, &y))| *lane += term(x, y));
    }
    lanes.iter().sum::<f32>() + tail
}

fn dot<A: Real, B: Real>(a: &[A], b: &[B]) -> f32 {
    sum_of(a, b, |x, y| x.real() * y.real())
}

fn l2sq<A: Real, B: Real>(a: &[A], b: &[B]) -> f32 {
    sum_of(a, b, |x, y| {
        let difference = x.real() - y.real();
        difference * difference
    })
}

fn dot_rows<A: Real, B: Real>(query: &[A], rows: &[B], out: &mut [f32]) {
    per_row(query.len(), rows, out, |row| dot(query, row));
}

fn l2sq_rows<A: Real, B: Real>(query: &[A], rows: &[B], out: &mut [f32]) {
    per_row(query.len(), rows, out, |row| l2sq(query, row));
}

fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(&x, &y)| i32::from(x) * i32::from(y)).sum()
}

fn l2sq_i8(a: &[i8], b: &[i8]) -> i32 {
    let square = |(&x, &y): (&i8, &i8)| (i32::from(x) - i32::from(y)).pow(2);
    a.iter().zip(b).map(square).sum()
}

fn l2sq_rows_i8(query: &[i8], rows: &[i8], out: &mut [i32]) {
    per_row(query.len(), rows, out, |row| l2sq_i8(query, row));
}

fn dot_block_i8(queries: &[i8], rows: &[i8], dim: usize, out: &mut [i32]) {
    let count = rows.len() / dim;
    for (query, out) in queries.chunks_exact(dim).zip(out.chunks_exact_mut(count.max(1))) {
        per_row(dim, rows, out, |row| dot_i8(query, row));
    }
}

fn per_row<B, O>(dim: usize, rows: &[B], out: &mut [O], value: impl Fn(&[B]) -> O) {
    // An empty query has rows without values: every sum is that of nothing.
    (0..out.len()).for_each(|i| out[i] = value(&rows[i * dim..(i + 1) * dim]));
}

/// The step and the bias at the end of a row of codes.
pub(crate) fn tail(row: &[u8]) -> (f32, f32) {
    let [a, b, c, d, e, f, g, h] = row.last_chunk().copied().unwrap_or_default();
    (f32::from_le_bytes([a, b, c, d]), f32::from_le_bytes([e, f, g, h]))
}

fn score_codes(query: &[i8], shift: i32, weight: f32, rows: &[u8], ids: &[u32], out: &mut [f32]) {
    let stride = query.len();
    for (&id, out) in ids.iter().zip(out) {
        let row = &rows[id as usize * stride..][..stride];
        let product: i32 = query.iter().zip(row).map(|(&q, &c)| i32::from(q) * i32::from(c)).sum();
        let (step, bias) = tail(row);
        *out = (weight * step).mul_add((product - shift) as f32, bias);
    }
}

fn sum_nibbles(tables: &[u8], codes: &[u8], out: &mut [u16]) {
    const PART: usize = 16;
    for (codes, out) in codes.chunks_exact(tables.len()).zip(out.chunks_exact_mut(2 * PART)) {
        out.fill(0);
        for (table, codes) in tables.chunks_exact(PART).zip(codes.chunks_exact(PART)) {
            for (i, &code) in codes.iter().enumerate() {
                out[i] += u16::from(table[usize::from(code & 15)]);
                out[PART + i] += u16::from(table[usize::from(code >> 4)]);
            }
        }
    }
}
