//! One search from queries to an answer: all pairs, or walks with an audit behind them.

use super::answer::{Audit, ResidualAnswer, SearchReport};
use super::best::Best;
use super::engine::{Asked, Engine, Fine, Query};
use super::envelope::{Envelope, Seen};
use super::exact;
use super::field::Field;
use super::found::Found;
use super::inducing::Draw;
use super::options::{GatePreset, OnMiss, Search};
use super::tiles::{Chosen, LEAF, ROWS};
use super::walk::{GateCounts, Walk};
use crate::error::Error;
use crate::neighbours::{MISSING, Neighbours};
use crate::task::Task;
use parking_lot::RwLock;
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Queries that one piece of parallel work takes.
const RUN: usize = 64;
/// Predecessors of the first this many points are sought among just these points.
const FIRST: usize = 1024;
/// Rounds of widening before all pairs are looked at.
const ROUNDS: u32 = 3;

/// Whose neighbours are sought.
pub(crate) enum Whose<'a, T> {
    /// Of all points, among the others.
    All,
    /// Of all points, among those given before them.
    Before,
    /// Of new points.
    Asked(&'a Asked<T>),
}

/// A search under way.
pub(crate) struct Job<'a, T> {
    pub(crate) engine: &'a Engine<T>,
    pub(crate) whose: Whose<'a, T>,
    pub(crate) k: usize,
    pub(crate) search: Search,
    pub(crate) envelope: &'a RwLock<Arc<Envelope>>,
    pub(crate) seed: u64,
    pub(crate) task: &'a Task<'a>,
}

impl<T: Chosen> Job<'_, T> {
    fn queries(&self) -> usize {
        match self.whose {
            Whose::Asked(asked) => asked.places.len(),
            _ => self.engine.shape.places.len(),
        }
    }

    /// The query at a place.
    fn query(&self, place: u32) -> Query<'_, T> {
        match self.whose {
            Whose::Asked(asked) => Query::asked(asked, asked.v.row(place as usize), place),
            _ => Query::indexed(&self.engine.shape, self.engine.v.row(place as usize), place, self.before(place)),
        }
    }

    /// The query at a place, in `f64`; `room` holds its row of V.
    fn fine_query<'a>(&'a self, place: u32, room: &'a [f64]) -> Query<'a, f64> {
        match self.whose {
            Whose::Asked(asked) => Query::asked(asked, room, place),
            _ => Query::indexed(&self.engine.shape, room, place, self.before(place)),
        }
    }

    /// Ids from here on aren't wanted by the query at a place.
    fn before(&self, place: u32) -> u32 {
        match self.whose {
            Whose::Before => self.engine.shape.places.ids[place as usize],
            _ => MISSING,
        }
    }

    /// Whether `f32` won't do for the query at a place.
    fn is_fine(&self, place: u32) -> bool {
        self.engine.is_fine(match self.whose {
            Whose::Asked(asked) => asked.p[place as usize],
            _ => self.engine.shape.p[place as usize],
        })
    }

    /// The row of the answer that belongs to a place.
    fn owner(&self, place: u32) -> usize {
        let ids = match self.whose {
            Whose::Asked(asked) => &asked.places.ids,
            _ => &self.engine.shape.places.ids,
        };
        ids[place as usize] as usize
    }

    /// Pairs that all queries together could look at.
    fn candidates(&self) -> u64 {
        let (n, queries) = (self.engine.shape.places.len() as u64, self.queries() as u64);
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
                self.fine(&mut neighbours)?;
                let candidates = self.candidates();
                let gate = GateCounts { candidates, kept: candidates, pruned: 0 };
                let report = SearchReport { exact: true, gate, widened, audit: None };
                return Ok(ResidualAnswer { neighbours, report });
            }
            let envelope = (search.gate != GatePreset::Off).then(|| self.envelope.read().clone());
            let (mut neighbours, kept) = self.walks(envelope.as_deref())?;
            let candidates = self.candidates();
            let kept = kept + self.fine(&mut neighbours)?;
            let kept = kept.min(candidates);
            let gate = GateCounts { candidates, kept, pruned: candidates - kept };
            let exact = search.gate == GatePreset::Off;
            let mut report = SearchReport { exact, gate, widened, audit: None };
            let Some(envelope) = envelope.filter(|_| search.audit > 0 && self.queries() > 0) else {
                return Ok(ResidualAnswer { neighbours, report });
            };
            let mut wider = (*envelope).clone();
            let audit = self.audit(&neighbours, &mut wider)?;
            report.audit = Some(audit);
            let strict = search.gate == GatePreset::Audit;
            if strict && audit.missed > 0 && search.on_miss == OnMiss::Fail {
                return Err(Error::Missed { missed: audit.missed, pairs: audit.pairs });
            }
            if audit.recall >= search.least_recall && !(strict && audit.missed > 0) {
                return Ok(ResidualAnswer { neighbours, report });
            }
            widened += 1;
            *self.envelope.write() = Arc::new(wider);
            search.exact = widened >= ROUNDS;
        }
    }

    /// All pairs.
    fn exact(&self) -> Result<Neighbours, Error> {
        let mut out = Neighbours::missing(self.queries(), self.k);
        if let Whose::Before = self.whose {
            // In the order of ids only the leaves up to a query's own matter: half of all pairs.
            let by_id = self.by_id();
            let field = Field::pack(&self.engine.shape.places, by_id.iter().copied());
            let query = |at: usize| self.query(by_id[at]);
            let leaves = |end: usize| end.div_ceil(LEAF);
            let found = exact::exact(self.engine, &field, self.k, by_id.len(), query, leaves, self.task)?;
            (0..by_id.len()).for_each(|at| exact::copy(&found, at, &mut out, at));
        } else {
            let (field, count) = (&self.engine.shape.field, self.queries());
            let query = |at: usize| self.query(at as u32);
            let found = exact::exact(self.engine, field, self.k, count, query, |_| field.leaves(), self.task)?;
            (0..count).for_each(|at| exact::copy(&found, at, &mut out, self.owner(at as u32)));
        }
        Ok(out)
    }

    /// Answers in `f64` the queries that `f32` won't do for: all pairs, since correlations of such points end nowhere near.
    fn fine(&self, out: &mut Neighbours) -> Result<u64, Error> {
        let places: Vec<u32> = (0..self.queries() as u32).filter(|&place| self.is_fine(place)).collect();
        if places.is_empty() {
            return Ok(0);
        }
        let source = Fine(self.engine);
        let (stride, mut rows) = (self.engine.v.stride(), Vec::with_capacity(places.len() * self.engine.v.stride()));
        for &place in &places {
            match self.whose {
                Whose::Asked(Asked { wide: Some(wide), .. }) => rows.extend_from_slice(wide.row(place as usize)),
                Whose::Asked(asked) => rows.extend(asked.v.row(place as usize).iter().map(|value| value.to_f64())),
                _ => source.push_row(place, &mut rows),
            }
        }
        let query = |at: usize| self.fine_query(places[at], &rows[at * stride..(at + 1) * stride]);
        let field = &self.engine.shape.field;
        let found = exact::exact(&source, field, self.k, places.len(), query, |_| field.leaves(), self.task)?;
        places.iter().enumerate().for_each(|(at, &place)| exact::copy(&found, at, out, self.owner(place)));
        Ok(places.len() as u64 * field.len() as u64)
    }

    /// Squared distance in units of the lengthscale.
    fn square(&self, a: &[f64], b: &[f64]) -> f64 {
        let gaps = a.iter().zip(b).zip(&self.engine.shape.scales).map(|((a, b), scale)| (a - b) * scale);
        gaps.map(|gap| gap * gap).sum()
    }

    fn by_id(&self) -> Vec<u32> {
        let ids = &self.engine.shape.places.ids;
        let mut by_id = vec![0_u32; ids.len()];
        (0..).zip(ids).for_each(|(place, &id)| by_id[id as usize] = place);
        by_id
    }

    /// Walks for all queries; gives the answers and how many pairs were computed.
    fn walks(&self, envelope: Option<&Envelope>) -> Result<(Neighbours, u64), Error> {
        let mut out = Neighbours::missing(self.queries(), self.k);
        let mut kept = 0;
        let all = 0..self.queries() as u32;
        if !matches!(self.whose, Whose::Before) {
            let places: Vec<u32> = all.filter(|&place| !self.is_fine(place)).collect();
            kept += self.walk(&self.engine.shape.field, envelope, &places, &mut out)?;
            return Ok((out, kept));
        }
        // Points from `n / 2` on are sought among all, those from `n / 4` to `n / 2` among the first half, and so on: at least
        // every other point a query meets is one it wants.
        let ids = &self.engine.shape.places.ids;
        let mut end = ids.len();
        while end > 0 {
            let start = if end <= FIRST { 0 } else { end / 2 };
            let inside =
                |from: usize| all.clone().filter(move |&place| (from..end).contains(&(ids[place as usize] as usize)));
            let places: Vec<u32> = inside(start).filter(|&place| !self.is_fine(place)).collect();
            kept += if end == ids.len() {
                self.walk(&self.engine.shape.field, envelope, &places, &mut out)?
            } else {
                self.walk(&Field::pack(&self.engine.shape.places, inside(0)), envelope, &places, &mut out)?
            };
            end = start;
        }
        Ok((out, kept))
    }

    fn walk(
        &self,
        field: &Field,
        envelope: Option<&Envelope>,
        places: &[u32],
        out: &mut Neighbours,
    ) -> Result<u64, Error> {
        // Few queries among many points are far apart, and a walk together would hold far more points than each needs.
        let together = if places.len() * 8 >= field.len() { ROWS } else { 1 };
        let kept = AtomicU64::new(0);
        let run = |walk: &mut Walk<'_, T>, places: &[u32]| -> Result<Found, Error> {
            let mut found = Found::default();
            for places in places.chunks(together) {
                let first = self.query(places[0]);
                let mut queries = [first; ROWS];
                queries.iter_mut().zip(places).for_each(|(query, &place)| *query = self.query(place));
                walk.run(&queries[..places.len()]);
                walk.best[..places.len()].iter_mut().for_each(|best| found.push(best.finish(), self.k));
            }
            kept.fetch_add(std::mem::take(&mut walk.kept), Ordering::Relaxed);
            self.task.advance(places.len())?;
            Ok(found)
        };
        let start = || Walk::new(self.engine, field, envelope, self.k);
        let found: Vec<Found> = places.par_chunks(RUN).map_init(start, run).collect::<Result<_, _>>()?;
        for (found, places) in found.iter().zip(places.chunks(RUN)) {
            places.iter().enumerate().for_each(|(at, &place)| found.copy(at, out, self.owner(place)));
        }
        Ok(kept.into_inner())
    }

    /// Holds the answers to a sample of the queries against all pairs, and widens an envelope by what they lack.
    fn audit(&self, answers: &Neighbours, envelope: &mut Envelope) -> Result<Audit, Error> {
        let mut sample = Draw(self.seed ^ 0xA0D17).some(self.queries(), self.search.audit);
        // Those were answered by all pairs in `f64`; all pairs in `f32` can't judge them.
        sample.retain(|&place| !self.is_fine(place as u32));
        let query = |at: usize| self.query(sample[at] as u32);
        let nothing = |_: &mut (), _: usize, _: &[T], _: &[T], _: &[u32]| ();
        let truth = exact::all_pairs(self.engine, self.k, sample.len(), query, || (), nothing, self.task)?;
        let (mut pairs, mut missed) = (0, 0);
        let by_id = self.by_id();
        for (at, best) in truth.into_iter().flat_map(|(_, best)| best).enumerate() {
            let (query, row) = (query(at), self.owner(sample[at] as u32));
            let row = row * self.k..(row + 1) * self.k;
            let mut found = answers.ids[row].to_vec();
            found.sort_unstable();
            let mut best: Best<T> = best;
            for &(strength, id) in best.finish() {
                pairs += 1;
                if found.binary_search(&id).is_err() {
                    missed += 1;
                    let other = self.engine.shape.places.row(by_id[id as usize] as usize);
                    let class = envelope.class(query.p);
                    envelope.widen(class, strength.to_f64(), self.square(query.x, other));
                }
            }
        }
        Ok(Audit::new(sample.len() as u64, pairs, missed))
    }
}

/// The envelope of an engine, from all pairs of a sample of its points.
pub(crate) fn envelope<T: Chosen>(
    engine: &Engine<T>,
    samples: usize,
    seed: u64,
    task: &Task<'_>,
) -> Result<Envelope, Error> {
    let shape = &engine.shape;
    let mut sample = Draw(seed).some(shape.places.len(), samples);
    sample.retain(|&place| !engine.is_fine(shape.p[place]));
    let mut envelope = Envelope::new(sample.iter().map(|&place| shape.p[place]).collect());
    let group = exact::group(sample.len());
    let start = || vec![Seen::new(); group];
    let note = |seen: &mut Vec<Seen>, row: usize, correlations: &[T], squares: &[T], _: &[u32]| {
        let seen = &mut seen[row % group];
        for (correlation, square) in correlations.iter().zip(squares) {
            seen.note(correlation.to_f64(), square.to_f64());
        }
    };
    let query = |at: usize| Query::indexed(shape, engine.v.row(sample[at]), sample[at] as u32, MISSING);
    let seen = exact::all_pairs(engine, 1, sample.len(), query, start, note, task)?;
    for (seen, places) in seen.iter().zip(sample.chunks(group)) {
        for (seen, &place) in seen.0.iter().zip(places) {
            envelope.note(envelope.class(shape.p[place]), seen);
        }
    }
    envelope.settle();
    Ok(envelope)
}
