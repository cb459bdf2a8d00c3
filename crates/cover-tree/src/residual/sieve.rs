//! A first look in `f32` at the points that a query of tiny residual variance walks past: only those that may matter are put
//! together and multiplied in `f64`.

use super::best::Best;
use super::engine::{Engine, Query};
use super::real::Real;
use super::tiles::{Chosen, Dots, ROWS, STEP, Score};

/// Room for a first look, and the queries in its precision.
pub(super) struct Sieve<'a, T> {
    engine: &'a Engine<T>,
    rows: Vec<T>,
    inverse: Vec<T>,
    squares: Vec<T>,
    dots: Vec<T>,
    hits: Vec<u32>,
    /// What rounding may have done to a residual covariance.
    off: f64,
}

impl<'a, T: Chosen> Sieve<'a, T> {
    pub(super) fn new(engine: &'a Engine<T>) -> Self {
        let off = engine.off();
        let empty = || (Vec::new(), Vec::new());
        let ((rows, inverse), (squares, dots)) = (empty(), empty());
        Self { engine, rows, inverse, squares, dots, hits: Vec::new(), off }
    }

    /// Takes the queries of a walk.
    pub(super) fn ask<S: Real>(&mut self, queries: &[Query<'_, S>]) {
        self.rows.clear();
        queries.iter().for_each(|query| self.rows.extend(query.v.iter().map(|value| T::from_f64(value.to_f64()))));
    }

    /// Takes out of a list, and of its squared distances, the points that reach no query's bound, whatever rounding has done. The
    /// queries are those of the walk from the `first` on.
    pub(super) fn sift<S: Real>(
        &mut self,
        first: usize,
        queries: &[Query<'_, S>],
        best: &[Best<S>],
        list: &mut Vec<u32>,
        squares: &mut [S],
        width: usize,
    ) {
        let (len, engine) = (list.len(), self.engine);
        if len == 0 || !best.iter().all(Best::is_full) {
            return;
        }
        let (shape, stride, loops) = (&engine.shape, engine.v.stride(), T::loops());
        let mut padded = [0_u32; MOST];
        padded[..len].copy_from_slice(list);
        padded[len..].fill(list[len - 1]);
        let padded = &padded[..len.next_multiple_of(STEP)];
        let mut rows = [&[][..]; ROWS];
        rows.iter_mut().zip(self.rows.chunks_exact(stride).skip(first)).for_each(|(row, values)| *row = values);
        self.dots.resize(ROWS * MOST, T::ZERO);
        self.hits.resize(MOST, 0);
        let call = Dots { rows: &rows[..queries.len()], base: engine.v.values(), stride, len: stride, list: padded };
        call.run(loops, &mut self.dots, MOST);
        self.inverse.clear();
        self.inverse.extend(list.iter().map(|&place| engine.inverse[place as usize]));
        let mut wanted = [false; MOST];
        for (row, query) in queries.iter().enumerate() {
            self.squares.clear();
            self.squares
                .extend(squares[row * width..row * width + len].iter().map(|value| T::from_f64(value.to_f64())));
            let own = 1.0 / query.p.sqrt();
            let score = Score {
                kind: shape.kind,
                variance: T::from_f64(shape.variance),
                squares: &self.squares,
                inverse: &self.inverse,
                own: T::from_f64(own),
                least: T::ZERO,
            };
            let dots = &mut self.dots[row * MOST..row * MOST + len];
            score.run(loops, dots, &mut self.hits);
            let (least, off) = (best[row].least().to_f64(), self.off * own);
            for ((wanted, strength), inverse) in wanted.iter_mut().zip(dots).zip(&self.inverse) {
                *wanted |= strength.to_f64() + off * inverse.to_f64() >= least;
            }
        }
        let mut kept = 0;
        for at in (0..len).filter(|&at| wanted[at]) {
            list[kept] = list[at];
            (0..queries.len()).for_each(|row| squares[row * width + kept] = squares[row * width + at]);
            kept += 1;
        }
        list.truncate(kept);
    }
}

/// More points than a walk ever gathers.
const MOST: usize = 128;
