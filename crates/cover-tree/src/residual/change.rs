//! Adding points and taking them away: the next tree, made from this one.
//!
//! Inducing points and kernel stay, so the rows of V of all points that stay are those there were: they are copied into the
//! order of the new curve, and only those of new points are computed. A tree after changes has the order, leaves and V of one that
//! was built of the same points with the same inducing points.

use super::field::Places;
use super::given::GivenFactors;
use super::held::{New, held};
use super::sample;
use super::tree::{ResidualReport, ResidualTree, Structure};
use crate::error::Error;
use crate::except::Gone;
use crate::hilbert;
use crate::neighbours::MISSING;
use crate::points::{MAX_POINTS, Points};
use crate::task::Task;
use canopy_core::{Cancel, Progress};
use std::ops::Range;
use std::time::Instant;

impl ResidualTree {
    /// The tree with more points; they get the ids that follow. This one stays as it is.
    ///
    /// Inducing points stay too: where many points come to few, build anew. (A tree that never had a point chooses them now.)
    /// The envelope is widened by what the new points show against all others, up to [`super::ResidualOptions::envelope_samples`]
    /// of them.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::TooMany`], [`Error::FactorsNeeded`] where V was given, [`Error::Cancelled`].
    pub fn inserted(&self, points: &Points, cancel: &Cancel, progress: &Progress) -> Result<Self, Error> {
        let root = self.root.as_deref().ok_or(Error::FactorsNeeded)?;
        self.room(points)?;
        if self.ids() == 0 {
            return Self::build(points.clone(), &self.options, cancel, progress);
        }
        let task = Task::new(cancel, progress, points.len());
        self.next(Some(points), &Gone::default(), New::Computed(root, points), &task)
    }

    /// [`ResidualTree::inserted`] for a tree over given factors: V and p of the new points come along.
    ///
    /// V of earlier points stays in the precision in which it is kept: where points of tiny residual variance are to come to a
    /// tree of [`super::Precision::Auto`] that had none, build with [`super::Precision::Double`].
    ///
    /// # Errors
    /// [`Error::FactorsLength`], [`Error::FactorsNotFinite`], [`Error::FactorsUnwanted`] where V is computed here, and those of
    /// [`ResidualTree::inserted`].
    pub fn inserted_with(
        &self,
        points: &Points,
        factors: &GivenFactors,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        if self.root.is_some() {
            return Err(Error::FactorsUnwanted);
        }
        self.room(points)?;
        self.check_factors(points, factors)?;
        let task = Task::new(cancel, progress, points.len());
        self.next(Some(points), &Gone::default(), New::Given(factors), &task)
    }

    /// [`ResidualTree::inserted`], in the place of this one; gives the new ids. On an error nothing has changed.
    ///
    /// # Errors
    /// Those of [`ResidualTree::inserted`].
    pub fn insert(&mut self, points: &Points, cancel: &Cancel, progress: &Progress) -> Result<Range<u32>, Error> {
        let first = self.ids() as u32;
        *self = self.inserted(points, cancel, progress)?;
        Ok(first..self.ids() as u32)
    }

    /// [`ResidualTree::inserted_with`], in the place of this one; gives the new ids. On an error nothing has changed.
    ///
    /// # Errors
    /// Those of [`ResidualTree::inserted_with`].
    pub fn insert_with(
        &mut self,
        points: &Points,
        factors: &GivenFactors,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Range<u32>, Error> {
        let first = self.ids() as u32;
        *self = self.inserted_with(points, factors, cancel, progress)?;
        Ok(first..self.ids() as u32)
    }

    /// The tree without some of its points. Their ids aren't given to others. This tree stays as it is.
    ///
    /// The envelope holds on: a pair that it allowed for may be gone, and none came.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an id that isn't here, twice in the list included; [`Error::Cancelled`].
    pub fn removed(&self, ids: &[u32], cancel: &Cancel, progress: &Progress) -> Result<Self, Error> {
        let by_id = self.places().by_id();
        let mut gone = Gone::default();
        for &id in ids {
            if by_id.get(id as usize).is_none_or(|&place| place == MISSING) || !gone.add(id) {
                return Err(Error::Unknown { id });
            }
        }
        let task = Task::new(cancel, progress, ids.len());
        self.next(None, &gone, New::Nothing, &task)
    }

    /// [`ResidualTree::removed`], in the place of this one. On an error nothing has changed.
    ///
    /// # Errors
    /// Those of [`ResidualTree::removed`].
    pub fn remove(&mut self, ids: &[u32], cancel: &Cancel, progress: &Progress) -> Result<(), Error> {
        *self = self.removed(ids, cancel, progress)?;
        Ok(())
    }

    fn room(&self, points: &Points) -> Result<(), Error> {
        if points.dim() != self.dim() {
            return Err(Error::Dimension { expected: self.dim(), received: points.dim() });
        }
        let received = self.ids() + points.len();
        if received > MAX_POINTS { Err(Error::TooMany { received }) } else { Ok(()) }
    }

    fn next(&self, points: Option<&Points>, gone: &Gone, new: New<'_>, task: &Task<'_>) -> Result<Self, Error> {
        let start = Instant::now();
        let places = self.places();
        let moved = moved(places, points, gone);
        let structure = Structure::of(moved.places);
        let mut report = ResidualReport { build_s: start.elapsed().as_secs_f64(), ..self.report };
        task.advance(0)?;
        let start = Instant::now();
        let held = self.held.grown(structure, &moved.from, &new, self.options.precision, task)?;
        report.v_s = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let fresh: Vec<u32> =
            (0..).zip(&moved.from).filter(|(_, from)| **from >= places.len() as u32).map(|(at, _)| at).collect();
        let envelope =
            held!(&held, |engine| sample::grown(engine, &self.envelope.read().envelope, &fresh, &self.options, task))?;
        report.build_s += start.elapsed().as_secs_f64();
        task.finish();
        let root = self.root.clone();
        Ok(Self::assemble(root, held, envelope, self.options.clone(), report))
    }
}

/// The places of the next tree, and where the row of V of each comes from: a place of this tree, or, from its length on, a new
/// point.
struct Moved {
    places: Places,
    from: Vec<u32>,
}

fn moved(old: &Places, new: Option<&Points>, gone: &Gone) -> Moved {
    let stay = old.by_id().into_iter().zip(0..).filter(|&(place, id)| place != MISSING && !gone.has(id));
    let (mut from, mut ids): (Vec<u32>, Vec<u32>) = stay.unzip();
    let mut rows: Vec<f64> = from.iter().flat_map(|&place| old.row(place as usize).iter().copied()).collect();
    let mut given = old.given;
    if let Some(new) = new {
        rows.extend_from_slice(new.values());
        from.extend((old.len() as u32..).take(new.len()));
        ids.extend((given as u32..).take(new.len()));
        given += new.len();
    }
    // By ascending id, as at a build: points at one place come in that order.
    let points = Points::mapped(rows.into(), old.dim);
    let order = hilbert::order(&points);
    let pick = |list: &[u32]| order.iter().map(|&at| list[at as usize]).collect::<Vec<u32>>();
    let rows: Vec<f64> = order.iter().flat_map(|&at| points.row(at as usize).iter().copied()).collect();
    Moved { places: Places { dim: old.dim, given, ids: pick(&ids).into(), rows: rows.into() }, from: pick(&from) }
}
