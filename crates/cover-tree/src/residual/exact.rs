//! All pairs, at nearly the speed of the matrix product: nothing is written down but what a list keeps.

use super::best::Best;
use super::engine::{Query, Source};
use super::field::Field;
use super::found::Found;
use super::tiles::{Chosen, Dots, Gate, LEAF, NEAR, ROWS, Score};
use crate::error::Error;
use crate::neighbours::Neighbours;
use crate::task::Task;
use rayon::prelude::*;
use std::ops::Range;

/// Queries that pass over the leaves together: 64 rows of 512 `f32` are 128 KiB. With a chunk of as much they stay in L2.
const BLOCK: usize = 64;
/// Leaves that one look takes.
const CHUNK: usize = 2;
const WIDTH: usize = CHUNK * LEAF;

/// Room for the answers to a block of queries, reused from block to block.
pub(crate) struct Block<T: Chosen> {
    best: Vec<Best<T>>,
    x: Vec<f64>,
    squares: Vec<T>,
    dots: Vec<T>,
    inverse: Vec<T>,
    hits: Vec<u32>,
    rows: Vec<T>,
    plain: Vec<u32>,
}

impl<T: Chosen> Block<T> {
    pub(crate) fn new(k: usize) -> Self {
        Self {
            best: vec![Best::new(k); BLOCK],
            x: Vec::new(),
            squares: vec![T::ZERO; ROWS * WIDTH],
            dots: vec![T::ZERO; ROWS * WIDTH],
            inverse: Vec::new(),
            hits: vec![0; WIDTH],
            rows: Vec::new(),
            plain: Vec::new(),
        }
    }

    /// Holds queries (at most [`BLOCK`]) against some leaves of a field. `note` sees, for each query and run of
    /// points, correlations and squared distances and the points' places.
    fn run(
        &mut self,
        source: &impl Source<Real = T>,
        field: &Field,
        leaves: Range<usize>,
        queries: &[Query<'_, T>],
        mut note: impl FnMut(usize, &[T], &[T], &[u32]),
    ) {
        self.x.clear();
        self.x.extend(queries.iter().flat_map(|query| query.x));
        self.best[..queries.len()].iter_mut().for_each(Best::clear);
        let shape = source.shape();
        let (loops, dim, ids) = (T::loops(), shape.places().dim, &shape.places().ids);
        let variance = T::from_f64(shape.variance);
        let (unlimited, classes, mut masks) = ([[f64::INFINITY; NEAR]; ROWS], [0; LEAF], [0; ROWS]);
        for first in leaves.clone().step_by(CHUNK) {
            let last = (first + CHUNK).min(leaves.end);
            let list = field.places(first..last);
            let len = list.len();
            self.inverse.clear();
            self.inverse.extend(list.iter().map(|&place| source.inverse(place)));
            let (base, stride, plain) = source.rows(list, &mut self.rows, &mut self.plain);
            for (group, queries) in queries.chunks(ROWS).enumerate() {
                let count = queries.len();
                let x = &self.x[group * ROWS * dim..][..count * dim];
                for leaf in first..last {
                    let gate = Gate {
                        lanes: field.lanes(leaf),
                        queries: x,
                        scales: &shape.scales,
                        near: &unlimited[..count],
                        classes: &classes,
                    };
                    gate.run(loops, &mut self.squares[(leaf - first) * LEAF..], WIDTH, &mut masks);
                }
                let mut rows = [&[][..]; ROWS];
                rows.iter_mut().zip(queries).for_each(|(row, query)| *row = query.v);
                let call = Dots { rows: &rows[..count], base, stride, len: stride, list: plain };
                call.run(loops, &mut self.dots, WIDTH);
                for (row, query) in queries.iter().enumerate() {
                    let best = &mut self.best[group * ROWS + row];
                    let (squares, dots) = (&self.squares[row * WIDTH..][..len], &mut self.dots[row * WIDTH..][..len]);
                    let score = Score {
                        kind: shape.kind,
                        variance,
                        squares,
                        inverse: &self.inverse,
                        own: query.own(),
                        least: best.least(),
                    };
                    let found = score.run(loops, dots, &mut self.hits);
                    for &at in &self.hits[..found] {
                        let id = ids[list[at as usize] as usize];
                        if query.wants(id) {
                            best.offer(dots[at as usize], id);
                        }
                    }
                    note(group * ROWS + row, dots, squares, list);
                }
            }
        }
    }
}

/// The nearest of a field for each query, all pairs looked at. `leaves` says how many leaves of the field the queries from the
/// first to one need.
pub(crate) fn exact<'a, S: Source>(
    source: &S,
    field: &Field,
    k: usize,
    count: usize,
    query: impl Fn(usize) -> Query<'a, S::Real> + Sync,
    leaves: impl Fn(usize) -> usize + Sync,
    task: &Task<'_>,
) -> Result<Vec<Found>, Error> {
    // The last blocks of predecessors are the longest; they go first, so that threads end together.
    let blocks: Vec<usize> = (0..count.div_ceil(BLOCK)).rev().collect();
    let run = |block: &mut Block<S::Real>, &at: &usize| -> Result<Found, Error> {
        task.advance(0)?;
        let range = at * BLOCK..((at + 1) * BLOCK).min(count);
        let queries: Vec<Query<'_, S::Real>> = range.clone().map(&query).collect();
        block.run(source, field, 0..leaves(range.end), &queries, |_, _, _, _| ());
        let mut found = Found::default();
        block.best[..queries.len()].iter_mut().for_each(|best| found.push(best.finish(), k));
        task.advance(queries.len())?;
        Ok(found)
    };
    let mut found: Vec<Found> =
        blocks.par_iter().with_max_len(1).map_init(|| Block::new(k), run).collect::<Result<_, _>>()?;
    found.reverse();
    Ok(found)
}

/// Copies row `at` of what [`exact`] found to row `to` of an answer.
pub(crate) fn copy(found: &[Found], at: usize, out: &mut Neighbours, to: usize) {
    found[at / BLOCK].copy(at % BLOCK, out, to);
}

/// Queries that go together in [`all_pairs`].
pub(crate) const GROUP: usize = BLOCK;

/// What [`all_pairs`] gathered for a group of queries, in pieces, and their nearest.
pub(crate) type Gathered<A, T> = (Vec<A>, Vec<Best<T>>);

/// All correlations and squared distances of some queries, given to `note(gathered, row in the group, correlations, squares,
/// places)` run by run.
///
/// Few queries are shared out by leaves, not by queries: each row of V that is read should serve all of them.
pub(crate) fn all_pairs<'a, S: Source, A: Send>(
    source: &S,
    k: usize,
    count: usize,
    query: impl Fn(usize) -> Query<'a, S::Real> + Sync,
    start: impl Fn() -> A + Sync,
    note: impl Fn(&mut A, usize, &[S::Real], &[S::Real], &[u32]) + Sync,
    task: &Task<'_>,
) -> Result<Vec<Gathered<A, S::Real>>, Error> {
    let field = source.shape().field();
    let groups = count.div_ceil(GROUP);
    let pieces = (2 * rayon::current_num_threads()).div_ceil(groups.max(1));
    let run = |block: &mut Block<S::Real>, at: usize| {
        task.advance(0)?;
        let (group, piece) = (at / pieces, at % pieces);
        let queries: Vec<Query<'_, S::Real>> = (group * GROUP..((group + 1) * GROUP).min(count)).map(&query).collect();
        let leaves = field.leaves() * piece / pieces..field.leaves() * (piece + 1) / pieces;
        let mut gathered = start();
        block.run(source, field, leaves, &queries, |row, correlations, squares, places| {
            note(&mut gathered, row, correlations, squares, places);
        });
        Ok((gathered, block.best[..queries.len()].to_vec()))
    };
    let found: Vec<(A, Vec<Best<S::Real>>)> =
        (0..groups * pieces).into_par_iter().map_init(|| Block::new(k), run).collect::<Result<_, Error>>()?;
    let mut out: Vec<Gathered<A, S::Real>> = Vec::with_capacity(groups);
    for (at, (gathered, mut best)) in found.into_iter().enumerate() {
        match out.last_mut().filter(|_| at % pieces > 0) {
            None => out.push((vec![gathered], best)),
            Some(group) => {
                group.0.push(gathered);
                for (into, from) in group.1.iter_mut().zip(&mut best) {
                    from.finish().for_each(|(correlation, id)| into.offer(correlation, id));
                }
            }
        }
    }
    Ok(out)
}
