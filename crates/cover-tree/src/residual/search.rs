//! One search from queries to an answer: all pairs, or walks with an audit behind them.

use super::answer::{ResidualAnswer, SearchReport};
use super::engine::{Asked, Engine, Fine, Query, Source, write_row};
use super::envelope::Fitted;
use super::exact;
use super::field::Field;
use super::found::Found;
use super::inducing::Draw;
use super::ledger::{Kind, Ledger};
use super::options::{GatePreset, OnMiss, Search};
use super::tiles::{Chosen, LEAF, ROWS};
use super::walk::{GateCounts, Walk};
use crate::error::Error;
use crate::neighbours::{MISSING, Neighbours};
use crate::task::Task;
use parking_lot::{Mutex, RwLock};
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Queries that one piece of parallel work takes at most.
const RUN: usize = 64;
/// Pieces whose answers lie beside the whole answer at a time.
const PART: usize = 4096;
/// A lookup audits one in so many queries at most.
pub(super) const AUDITED: usize = 128;
/// Walks that are tried before the rest.
const PILOTS: usize = 64;
/// What a pair of a walk costs more than one of all pairs: rows of V are read by four queries, not by 64, and those four look at
/// points that only one of them needs.
const WALKING: f64 = 6.0;
/// Queries walk together when there is at least one for this many points.
const SPARSE: usize = 8;
/// Predecessors of the first this many points are sought among just these points.
const FIRST: usize = 1024;
/// So many points are all looked at: that takes no time, and their envelope would have seen too little.
const FEW: usize = 1024;
/// Rounds of widening before all pairs are looked at.
const ROUNDS: u32 = 3;

/// Whose neighbours are sought.
pub(crate) enum Whose<'a, T> {
    /// Of all points, among the others.
    All,
    /// Of all points, among those given before them.
    Before,
    /// Of new points.
    Asked(&'a Asked<'a, T>),
}

/// A search under way.
pub(crate) struct Job<'a, T> {
    pub(crate) engine: &'a Engine<T>,
    pub(crate) whose: Whose<'a, T>,
    pub(crate) k: usize,
    pub(crate) search: Search,
    pub(crate) envelope: &'a RwLock<Arc<Fitted>>,
    pub(crate) ledger: &'a Mutex<Ledger>,
    pub(crate) seed: u64,
    pub(crate) task: &'a Task<'a>,
}

impl<T: Chosen> Job<'_, T> {
    /// The kind of question, for the ledger.
    pub(super) fn kind(&self) -> Kind {
        match self.whose {
            Whose::All => Kind::All,
            Whose::Before => Kind::Before,
            Whose::Asked(_) => Kind::Asked,
        }
    }

    pub(super) fn queries(&self) -> usize {
        match self.whose {
            Whose::Asked(asked) => asked.places.len(),
            _ => self.engine.shape.places().len(),
        }
    }

    /// Rows of the answer: one for each id ever given, or for each new query.
    fn rows(&self) -> usize {
        match self.whose {
            Whose::Asked(asked) => asked.places.given,
            _ => self.engine.shape.places().given,
        }
    }

    /// The query at a place.
    pub(super) fn query(&self, place: u32) -> Query<'_, T> {
        match self.whose {
            Whose::Asked(asked) => Query::asked(asked, asked.v.row(place as usize), place),
            _ => Query::indexed(&self.engine.shape, self.engine.v.row(place as usize), place, self.before(place)),
        }
    }

    /// The query at a place, in `f64`; `room` holds its row of V.
    pub(super) fn fine_query<'a>(&'a self, place: u32, room: &'a [f64]) -> Query<'a, f64> {
        match self.whose {
            Whose::Asked(asked) => Query::asked(asked, room, place),
            _ => Query::indexed(&self.engine.shape, room, place, self.before(place)),
        }
    }

    /// Ids from here on aren't wanted by the query at a place.
    fn before(&self, place: u32) -> u32 {
        match self.whose {
            Whose::Before => self.engine.shape.places().ids[place as usize],
            _ => MISSING,
        }
    }

    /// The residual variance of the query at a place.
    pub(super) fn p(&self, place: u32) -> f64 {
        match self.whose {
            Whose::Asked(asked) => asked.p[place as usize],
            _ => self.engine.shape.p[place as usize],
        }
    }

    /// Queries that `f32` won't do for.
    fn fine_places(&self) -> Vec<u32> {
        (0..self.queries() as u32).filter(|&place| self.engine.is_fine(self.p(place))).collect()
    }

    /// Queries whose answers in `f32` may be rounding and nothing else.
    fn drowned(&self, places: impl Iterator<Item = u32>, answers: &Neighbours) -> Vec<u32> {
        if self.engine.rest.is_none() {
            return Vec::new();
        }
        let weak = |&place: &u32| {
            let last = f64::from(answers.distances[(self.owner(place) + 1) * self.k - 1]);
            // Where there are fewer than k, all of them were found.
            last.is_finite() && self.engine.is_drowned(self.p(place), 1.0 - last * last)
        };
        places.filter(weak).collect()
    }

    /// Rows of V of queries, in `f64`.
    pub(super) fn fine_rows(&self, places: &[u32]) -> Result<Vec<f64>, Error> {
        if let Whose::Asked(Asked { root: Some(root), places: all, .. }) = self.whose {
            let x: Vec<f64> = places.iter().flat_map(|&place| all.row(place as usize).iter().copied()).collect();
            return Ok(root.rows::<f64>(&x, all.dim, false, self.task)?.v.values().to_vec());
        }
        let stride = self.engine.v.stride();
        let mut rows = vec![0.0; places.len() * stride];
        for (out, &place) in rows.chunks_exact_mut(stride).zip(places) {
            match self.whose {
                Whose::Asked(asked) => write_row(&asked.v, asked.rest.as_ref(), place, out),
                _ => write_row(&self.engine.v, self.engine.rest.as_ref(), place, out),
            }
        }
        Ok(rows)
    }

    /// The row of the answer that belongs to a place.
    pub(super) fn owner(&self, place: u32) -> usize {
        let ids = match self.whose {
            Whose::Asked(asked) => &asked.places.ids,
            _ => &self.engine.shape.places().ids,
        };
        ids[place as usize] as usize
    }

    /// Pairs that all queries together could look at.
    fn candidates(&self) -> u64 {
        let (n, queries) = (self.engine.shape.places().len() as u64, self.queries() as u64);
        match self.whose {
            Whose::All => n * n.saturating_sub(1),
            Whose::Before => n * n.saturating_sub(1) / 2,
            Whose::Asked(_) => n * queries,
        }
    }

    pub(crate) fn run(&self) -> Result<ResidualAnswer, Error> {
        let mut widened = 0;
        let mut search = self.search;
        loop {
            if search.exact {
                let mut neighbours = self.exact()?;
                let fine = self.fine_places();
                self.tiny(&fine, &mut neighbours)?;
                let plain = (0..self.queries() as u32).filter(|place| fine.binary_search(place).is_err());
                self.tiny(&self.drowned(plain, &neighbours), &mut neighbours)?;
                let candidates = self.candidates();
                let gate = GateCounts { candidates, kept: candidates, pruned: 0 };
                let report = SearchReport { exact: true, gate, widened, audit: None };
                return Ok(ResidualAnswer { neighbours, report });
            }
            let envelope = (search.gate != GatePreset::Off).then(|| self.envelope.read().clone());
            // One that has seen no pair knows nothing.
            let envelope = envelope.filter(|envelope| envelope.envelope.pairs > 0);
            if search.gate == GatePreset::Lookup
                && envelope.as_deref().is_some_and(|envelope| self.is_crowded(envelope))
            {
                search.exact = true;
                continue;
            }
            let (neighbours, kept) = self.walks(envelope.as_deref())?;
            let candidates = self.candidates();
            let kept = kept.min(candidates);
            let gate = GateCounts { candidates, kept, pruned: candidates - kept };
            let exact = envelope.is_none();
            let mut report = SearchReport { exact, gate, widened, audit: None };
            let Some(envelope) = envelope.filter(|_| search.audit > 0 && self.queries() > 0) else {
                return Ok(ResidualAnswer { neighbours, report });
            };
            let mut wider = envelope.envelope.clone();
            let (tally, enough) = self.audited(&neighbours, kept, &mut wider)?;
            report.audit = Some(tally.report());
            if !enough && search.gate == GatePreset::Audit && search.on_miss == OnMiss::Fail {
                return Err(Error::Missed { missed: tally.spared, pairs: tally.pairs });
            }
            if enough {
                return Ok(ResidualAnswer { neighbours, report });
            }
            widened += 1;
            *self.envelope.write() = Arc::new(envelope.widened(wider));
            // What was learnt under the old envelope says nothing about the new one.
            self.ledger.lock().clear();
            search.exact = widened >= ROUNDS;
        }
    }

    /// Whether walks would take longer than all pairs: a few of them are tried, once for each kind of question.
    fn is_crowded(&self, envelope: &Fitted) -> bool {
        if self.engine.shape.places().len() <= FEW {
            return true;
        }
        let count = (self.queries() / AUDITED).min(PILOTS);
        if count == 0 {
            return false;
        }
        if let Some(known) = self.ledger.lock().page(self.kind(), self.k).crowded {
            return known;
        }
        let pilots = Draw(self.seed ^ 0x9107).some(self.queries(), count);
        let mut walk = Walk::new(self.engine, self.engine.shape.field(), Some(envelope), self.k);
        for &place in &pilots {
            walk.run(&[self.query(place as u32)]);
        }
        let share = self.queries() as f64 / pilots.len() as f64;
        let crowded = walk.kept as f64 * share * WALKING > self.candidates() as f64;
        self.ledger.lock().page(self.kind(), self.k).crowded = Some(crowded);
        crowded
    }

    /// All pairs.
    fn exact(&self) -> Result<Neighbours, Error> {
        let mut out = Neighbours::missing(self.rows(), self.k);
        if let Whose::Before = self.whose {
            // In the order of ids only the leaves up to a query's own matter: half of all pairs.
            let mut order = self.by_id();
            order.retain(|&place| place != MISSING);
            let field = Field::pack(self.engine.shape.places(), order.iter().copied());
            let query = |at: usize| self.query(order[at]);
            let leaves = |end: usize| end.div_ceil(LEAF);
            let found = exact::exact(self.engine, &field, self.k, order.len(), query, leaves, self.task)?;
            order.iter().enumerate().for_each(|(at, &place)| exact::copy(&found, at, &mut out, self.owner(place)));
        } else {
            let (field, count) = (self.engine.shape.field(), self.queries());
            let query = |at: usize| self.query(at as u32);
            let found = exact::exact(self.engine, field, self.k, count, query, |_| field.leaves(), self.task)?;
            (0..count).for_each(|at| exact::copy(&found, at, &mut out, self.owner(at as u32)));
        }
        Ok(out)
    }

    /// Holds queries of tiny residual variance against all pairs, in `f64`.
    fn tiny(&self, places: &[u32], out: &mut Neighbours) -> Result<u64, Error> {
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

    /// The place of each id, [`MISSING`] for points that were removed.
    pub(super) fn by_id(&self) -> Vec<u32> {
        self.engine.shape.places().by_id()
    }

    /// Walks for all queries; gives the answers and how many pairs were computed.
    fn walks(&self, envelope: Option<&Fitted>) -> Result<(Neighbours, u64), Error> {
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
        // Few queries among many points are far apart, and a walk together would hold far more points than each needs.
        let together = (ROWS * SPARSE * places.len() / field.len().max(1)).clamp(1, ROWS);
        // A handful of queries, such as those of small residual variance, is work for all threads as well.
        let piece = places.len().div_ceil(4 * rayon::current_num_threads()).next_multiple_of(ROWS).min(RUN);
        let kept = AtomicU64::new(0);
        let run = |walk: &mut Walk<'_, S>, run: usize| -> Result<Found, Error> {
            let mut found = Found::default();
            let end = ((run + 1) * piece).min(places.len());
            for first in (run * piece..end).step_by(together) {
                let mut queries = [query(first); ROWS];
                let count = together.min(end - first);
                queries[1..].iter_mut().zip(first + 1..first + count).for_each(|(slot, at)| *slot = query(at));
                walk.run(&queries[..count]);
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
}
