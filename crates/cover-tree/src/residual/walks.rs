//! Walks for the queries of a search, side by side on all threads; queries that walks aren't for are held against all pairs.

use super::engine::{Fine, Query, Source};
use super::envelope::Fitted;
use super::exact;
use super::field::Field;
use super::found::Found;
use super::search::{Job, Whose};
use super::tiles::{Chosen, ROWS};
use super::walk::{Lists, Walk};
use crate::error::Error;
use crate::neighbours::Neighbours;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Queries that one piece of parallel work takes at most.
const RUN: usize = 64;
/// Pieces whose answers lie beside the whole answer at a time.
const PART: usize = 4096;
/// Up to this many points for each query, queries that follow one another need mostly the same points.
const DENSE: usize = 8;
/// Up to this many, they need some of the same points.
const SPARSE: usize = 128;
/// Predecessors of the first this many points are sought among just these points.
const FIRST: usize = 1024;

impl<T: Chosen> Job<'_, T> {
    /// Walks for all queries; gives the answers and how many pairs were computed.
    pub(super) fn walks(&self, envelope: Option<&Fitted>) -> Result<(Neighbours, u64), Error> {
        let mut out = Neighbours::missing(self.rows(), self.k);
        let mut kept = 0;
        let all = 0..self.queries() as u32;
        if !matches!(self.whose, Whose::Before) {
            let places: Vec<u32> = all.collect();
            kept += self.walk(self.engine.shape.field(), envelope, &places, &mut out)?;
            return Ok((out, kept));
        }
        // Points from `n / 2` on are sought among all, those from `n / 4` to `n / 2` among the first half, and so on: at least
        // every other point a query meets is one it wants.
        let (ids, given) = (&self.engine.shape.places().ids, self.rows());
        let mut end = given;
        while end > 0 {
            let start = if end <= FIRST { 0 } else { end / 2 };
            let inside =
                |from: usize| all.clone().filter(move |&place| (from..end).contains(&(ids[place as usize] as usize)));
            let places: Vec<u32> = inside(start).collect();
            kept += if end == given {
                self.walk(self.engine.shape.field(), envelope, &places, &mut out)?
            } else {
                self.walk(&Field::pack(self.engine.shape.places(), inside(0)), envelope, &places, &mut out)?
            };
            end = start;
        }
        Ok((out, kept))
    }

    /// Walks for the queries at some places, each in the precision it needs.
    fn walk(
        &self,
        field: &Field,
        envelope: Option<&Fitted>,
        places: &[u32],
        out: &mut Neighbours,
    ) -> Result<u64, Error> {
        let is_tiny = |place: &u32| envelope.is_some() && self.engine.is_tiny(self.p(*place));
        let (tiny, rest): (Vec<u32>, Vec<u32>) = places.iter().partition(|place| is_tiny(place));
        let is_asked = envelope.is_some() && matches!(self.whose, Whose::Asked(_));
        let is_strange = |place: &u32| is_asked && self.engine.is_strange(self.p(*place));
        let (strange, rest): (Vec<u32>, Vec<u32>) = rest.into_iter().partition(is_strange);
        let (fine, plain): (Vec<u32>, Vec<u32>) =
            rest.into_iter().partition(|&place| self.engine.is_fine(self.p(place)));
        let mut kept = self.tiny(&tiny, out)?;
        kept += self.against_all(self.engine, &strange, |at| self.query(strange[at]), out)?;
        kept += self.walk_in(self.engine, field, envelope, &plain, |at| self.query(plain[at]), out)?;
        let mut fine = fine;
        fine.extend(self.drowned(plain.iter().chain(&strange).copied(), out));
        if !fine.is_empty() {
            let (stride, rows) = (self.engine.v.stride(), self.fine_rows(&fine)?);
            let query = |at: usize| self.fine_query(fine[at], &rows[at * stride..(at + 1) * stride]);
            kept += self.walk_in(&Fine(self.engine), field, envelope, &fine, query, out)?;
        }
        Ok(kept)
    }

    fn walk_in<'b, S: Source>(
        &self,
        source: &S,
        field: &Field,
        envelope: Option<&Fitted>,
        places: &[u32],
        query: impl Fn(usize) -> Query<'b, S::Real> + Sync,
        out: &mut Neighbours,
    ) -> Result<u64, Error> {
        let spread = field.len() / places.len().max(1);
        let together = if spread <= SPARSE { ROWS } else { 1 };
        let lists = if spread <= DENSE { Lists::Shared } else { Lists::Apart };
        // A handful of queries, such as those of small residual variance, is work for all threads as well, and the last piece
        // should keep nobody waiting.
        let piece = places.len().div_ceil(16 * rayon::current_num_threads()).next_multiple_of(ROWS).min(RUN);
        let kept = AtomicU64::new(0);
        let run = |walk: &mut Walk<'_, S>, run: usize| -> Result<Found, Error> {
            let mut found = Found::default();
            let end = ((run + 1) * piece).min(places.len());
            for first in (run * piece..end).step_by(together) {
                let mut queries = [query(first); ROWS];
                let count = together.min(end - first);
                queries[1..].iter_mut().zip(first + 1..first + count).for_each(|(slot, at)| *slot = query(at));
                walk.run(&queries[..count], lists);
                walk.best[..count].iter_mut().for_each(|best| found.push(best.finish(), self.k));
            }
            kept.fetch_add(std::mem::take(&mut walk.kept), Ordering::Relaxed);
            self.task.advance(end - run * piece)?;
            Ok(found)
        };
        let start = || Walk::new(source, field, envelope, self.k);
        let runs = places.len().div_ceil(piece.max(1));
        // Part by part: what was found for a million points takes as much memory as the answer itself.
        for first in (0..runs).step_by(PART) {
            let part = first..runs.min(first + PART);
            let found: Vec<Found> = part.into_par_iter().map_init(start, run).collect::<Result<_, _>>()?;
            for (found, places) in found.iter().zip(places[first * piece..].chunks(piece)) {
                places.iter().enumerate().for_each(|(at, &place)| found.copy(at, out, self.owner(place)));
            }
        }
        Ok(kept.into_inner())
    }

    /// Holds queries of tiny residual variance against all pairs, in `f64`.
    pub(super) fn tiny(&self, places: &[u32], out: &mut Neighbours) -> Result<u64, Error> {
        if places.is_empty() {
            return Ok(0);
        }
        let (stride, rows) = (self.engine.v.stride(), self.fine_rows(places)?);
        let query = |at: usize| self.fine_query(places[at], &rows[at * stride..(at + 1) * stride]);
        self.against_all(&Fine(self.engine), places, query, out)
    }

    /// Holds some queries against all pairs.
    fn against_all<'b, S: Source>(
        &self,
        source: &S,
        places: &[u32],
        query: impl Fn(usize) -> Query<'b, S::Real> + Sync,
        out: &mut Neighbours,
    ) -> Result<u64, Error> {
        if places.is_empty() {
            return Ok(0);
        }
        let nothing = |_: &mut (), _: usize, _: &[S::Real], _: &[S::Real], _: &[u32]| ();
        let all = exact::all_pairs(source, self.k, places.len(), query, || (), nothing, self.task)?;
        let mut found = Found::default();
        all.into_iter().flat_map(|(_, best)| best).for_each(|mut best| found.push(best.finish(), self.k));
        places.iter().enumerate().for_each(|(at, &place)| found.copy(at, out, self.owner(place)));
        Ok(places.len() as u64 * self.engine.shape.field().len() as u64)
    }
}
