//! Holds answers against all pairs, and widens the envelope by what it spared wrongly.

use super::engine::{Asked, Fine, Query, Source};
use super::envelope::Envelope;
use super::exact;
use super::field::Places;
use super::inducing::Draw;
use super::ledger::{BATCH, Owed, Tally};
use super::matrix::Matrix;
use super::options::GatePreset;
use super::real::Real;
use super::search::{AUDITED, Job, Whose};
use super::tiles::Chosen;
use crate::error::Error;
use crate::neighbours::Neighbours;

impl<T: Chosen> Job<'_, T> {
    /// What is known of the recall, after a walk that computed `kept` pairs; and whether the envelope was good enough.
    ///
    /// A gate of [`GatePreset::Audit`] audits this call and nothing else; a lookup is audited as the ledger says, and of
    /// calls with queries of their own the report tells what all audits of such calls have found.
    pub(super) fn audited(
        &self,
        answers: &Neighbours,
        kept: u64,
        wider: &mut Envelope,
    ) -> Result<(Tally, bool), Error> {
        let draw = |call: u64, count: usize| Draw(self.seed ^ 0xA0D17 ^ call << 20).some(self.queries(), count);
        if self.search.gate == GatePreset::Audit {
            let tally = self.audit(answers, draw(0, self.search.audit), wider)?;
            return Ok((tally, tally.spared == 0));
        }
        let share = self.search.audit.min(self.queries().div_ceil(AUDITED));
        let Whose::Asked(asked) = self.whose else {
            // The same question has the same answer: its audit is done each time, and adds nothing to the one before.
            let tally = self.audit(answers, draw(0, share), wider)?;
            return Ok((tally, self.is_enough(&tally)));
        };
        let (known, calls, count) = {
            let mut ledger = self.ledger.lock();
            let page = ledger.page(self.kind(), self.k);
            let count = page.pay(kept, self.engine.shape.places().len(), share);
            (page.tally, page.calls, count)
        };
        let tally = if known.queries == 0 || share >= BATCH {
            self.audit(answers, draw(calls, share), wider)?
        } else {
            let owed = draw(calls, count).into_iter().map(|place| self.owe(asked, answers, place));
            let owed = owed.collect::<Result<_, Error>>()?;
            match self.ledger.lock().page(self.kind(), self.k).put_aside(owed) {
                None => return Ok((known, self.is_enough(&known))),
                Some(batch) => self.settle(&batch, wider)?,
            }
        };
        let mut ledger = self.ledger.lock();
        let page = ledger.page(self.kind(), self.k);
        page.tally = page.tally.and(tally);
        Ok((page.tally, self.is_enough(&page.tally)))
    }

    fn is_enough(&self, tally: &Tally) -> bool {
        tally.spared as f64 <= (1.0 - self.search.least_recall) * tally.pairs as f64
    }

    /// An answer, to be put aside.
    fn owe(&self, asked: &Asked<'_, T>, answers: &Neighbours, place: usize) -> Result<Owed, Error> {
        let row = self.owner(place as u32);
        Ok(Owed {
            x: asked.places.row(place).to_vec(),
            v: self.fine_rows(&[place as u32])?,
            p: asked.p[place],
            ids: answers.ids[row * self.k..(row + 1) * self.k].to_vec(),
        })
    }

    /// Audits what was put aside.
    fn settle(&self, batch: &[Owed], wider: &mut Envelope) -> Result<Tally, Error> {
        let mut wide = Matrix::<f64>::zeros(batch.len(), self.engine.v.width());
        batch.iter().enumerate().for_each(|(row, owed)| wide.row_mut(row).copy_from_slice(&owed.v));
        let places = Places {
            dim: self.engine.shape.places().dim,
            given: batch.len(),
            ids: (0..batch.len() as u32).collect::<Vec<_>>().into(),
            rows: batch.iter().flat_map(|owed| owed.x.iter().copied()).collect::<Vec<_>>().into(),
        };
        let v: Matrix<T> = wide.rounded();
        let rest = self.engine.rest.as_ref().map(|_| wide.less(&v));
        let asked = Asked { v, rest, root: None, p: batch.iter().map(|owed| owed.p).collect(), places };
        let mut answers = Neighbours::missing(batch.len(), self.k);
        answers.ids.clear();
        batch.iter().for_each(|owed| answers.ids.extend(&owed.ids));
        let job = Job { whose: Whose::Asked(&asked), ..*self };
        job.audit(&answers, (0..batch.len()).collect(), wider)
    }

    /// Holds the answers to a sample of the queries against all pairs, and widens an envelope by what it spared wrongly.
    ///
    /// A lookup is audited in the precision in which it was made, an audit in `f64`.
    fn audit(&self, answers: &Neighbours, sample: Vec<usize>, envelope: &mut Envelope) -> Result<Tally, Error> {
        let strict = self.search.gate == GatePreset::Audit;
        let (fine, plain): (Vec<u32>, Vec<u32>) = sample.into_iter().map(|place| place as u32).partition(|&place| {
            let p = self.p(place);
            strict || self.engine.is_fine(p) || self.engine.is_tiny(p)
        });
        let first = self.compare(self.engine, &plain, |at| self.query(plain[at]), answers, envelope)?;
        if fine.is_empty() {
            return Ok(first);
        }
        let (stride, rows) = (self.engine.v.stride(), self.fine_rows(&fine)?);
        let query = |at: usize| self.fine_query(fine[at], &rows[at * stride..(at + 1) * stride]);
        Ok(first.and(self.compare(&Fine(self.engine), &fine, query, answers, envelope)?))
    }

    fn compare<'b, S: Source>(
        &self,
        source: &S,
        sample: &[u32],
        query: impl Fn(usize) -> Query<'b, S::Real> + Sync,
        answers: &Neighbours,
        envelope: &mut Envelope,
    ) -> Result<Tally, Error> {
        let nothing = |_: &mut (), _: usize, _: &[S::Real], _: &[S::Real], _: &[u32]| ();
        let truth = exact::all_pairs(source, self.k, sample.len(), &query, || (), nothing, self.task)?;
        let mut tally = Tally { queries: sample.len() as u64, ..Tally::default() };
        let by_id = self.by_id();
        let old = envelope.clone();
        for (at, mut best) in truth.into_iter().flat_map(|(_, best)| best).enumerate() {
            let (query, row) = (query(at), self.owner(sample[at]));
            let mut found = answers.ids[row * self.k..(row + 1) * self.k].to_vec();
            found.sort_unstable();
            for (strength, id) in best.finish() {
                tally.pairs += 1;
                if found.binary_search(&id).is_ok() {
                    continue;
                }
                tally.missed += 1;
                let (place, shape) = (by_id[id as usize] as usize, &self.engine.shape);
                let square = self.square(query.x, shape.places().row(place));
                let classes = (envelope.class(query.p), envelope.class(shape.p[place]));
                // What lay within was looked at, and lost a tie or the last digits of `f32`.
                if square > old.limits(classes.0, strength.to_f64())[classes.1] {
                    tally.spared += 1;
                    envelope.widen(classes, strength.to_f64(), square);
                }
            }
        }
        Ok(tally)
    }

    /// Squared distance in units of the lengthscale.
    fn square(&self, a: &[f64], b: &[f64]) -> f64 {
        let gaps = a.iter().zip(b).zip(&self.engine.shape.scales).map(|((a, b), scale)| (a - b) * scale);
        gaps.map(|gap| gap * gap).sum()
    }
}
