//! One search from queries to an answer: all pairs, or walks with an audit behind them.

use super::answer::{ResidualAnswer, SearchReport};
use super::engine::{Asked, Engine, Query, write_row};
use super::envelope::Fitted;
use super::exact;
use super::field::Field;
use super::inducing::Draw;
use super::ledger::{Kind, Ledger};
use super::options::{GatePreset, OnMiss, Search};
use super::tiles::{Chosen, LEAF};
use super::walk::{GateCounts, Lists, Walk};
use crate::error::Error;
use crate::neighbours::{MISSING, Neighbours};
use crate::task::Task;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// A lookup audits one in so many queries at most.
pub(super) const AUDITED: usize = 128;
/// Walks that are tried before the rest.
const PILOTS: usize = 64;
/// What a pair of a walk costs more than one of all pairs: rows of V are read by four queries, not by 64, and those four look at
/// points that only one of them needs.
const WALKING: f64 = 6.0;
/// So many points are all looked at: that takes no time, and their envelope would have seen too little.
const FEW: usize = 1024;
/// New queries may lie where no sample has been, and the fewer the points, the more of the samples are alike.
const FEW_FOR_NEW: usize = 4000;
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
    pub(super) fn rows(&self) -> usize {
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
    pub(super) fn drowned(&self, places: impl Iterator<Item = u32>, answers: &Neighbours) -> Vec<u32> {
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
        let few = if matches!(self.whose, Whose::Asked(_)) { FEW_FOR_NEW } else { FEW };
        if self.engine.shape.places().len() <= few {
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
            walk.run(&[self.query(place as u32)], Lists::Shared);
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

    /// The place of each id, [`MISSING`] for points that were removed.
    pub(super) fn by_id(&self) -> Vec<u32> {
        self.engine.shape.places().by_id()
    }
}
