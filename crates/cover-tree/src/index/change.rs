//! Adding points and taking them away: the next tree, made from this one.

use super::{CoverTree, prepare};
use crate::error::Error;
use crate::hilbert;
use crate::leaves::Leaves;
use crate::metric::Geometry;
use crate::points::{MAX_POINTS, Points};
use crate::task::Task;
use crate::tree::{self, ByTree};
use canopy_core::{Cancel, Progress};
use std::ops::Range;
use std::sync::OnceLock;

/// A tree is made anew when this share of its nodes are points that were removed.
const DEAD_SHARE: f64 = 0.5;

impl CoverTree {
    /// The tree with more points; they get the ids that follow. This one stays as it is.
    ///
    /// Under a custom metric the new points go into the tree that is there, in batches as at the build. Leaves are packed anew,
    /// which takes less time than anything else would.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::TooMany`], [`Error::Zero`] for angles, [`Error::Metric`], [`Error::Cancelled`].
    pub fn inserted(&self, points: Points, cancel: &Cancel, progress: &Progress) -> Result<Self, Error> {
        if points.dim() != self.dim() {
            return Err(Error::Dimension { expected: self.dim(), received: points.dim() });
        }
        let ids = self.ids() + points.len();
        if ids > MAX_POINTS {
            return Err(Error::TooMany { received: ids });
        }
        let task = Task::new(cancel, progress, points.len());
        let points = self.points.and(&prepare(points, &self.geometry)?);
        let new = self.ids() as u32..ids as u32;
        self.next(points, self.gone.clone(), &new, &task)
    }

    /// [`CoverTree::inserted`], in the place of this one; gives the new ids. On an error nothing has changed.
    ///
    /// # Errors
    /// Those of [`CoverTree::inserted`].
    pub fn insert(&mut self, points: Points, cancel: &Cancel, progress: &Progress) -> Result<Range<u32>, Error> {
        let first = self.ids() as u32;
        *self = self.inserted(points, cancel, progress)?;
        Ok(first..self.ids() as u32)
    }

    /// The tree without some of its points. Their ids aren't given to others. This tree stays as it is.
    ///
    /// Under a custom metric the nodes stay where they are, for others to be found by, until they are half of all.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an id that isn't here, twice in the list included; [`Error::Metric`], [`Error::Cancelled`].
    pub fn removed(&self, ids: &[u32], cancel: &Cancel, progress: &Progress) -> Result<Self, Error> {
        let mut gone = self.gone.clone();
        for &id in ids {
            if id as usize >= self.ids() || !gone.add(id) {
                return Err(Error::Unknown { id });
            }
        }
        let task = Task::new(cancel, progress, ids.len());
        let end = self.ids() as u32;
        self.next(self.points.clone(), gone, &(end..end), &task)
    }

    /// [`CoverTree::removed`], in the place of this one. On an error nothing has changed.
    ///
    /// # Errors
    /// Those of [`CoverTree::removed`].
    pub fn remove(&mut self, ids: &[u32], cancel: &Cancel, progress: &Progress) -> Result<(), Error> {
        *self = self.removed(ids, cancel, progress)?;
        Ok(())
    }

    fn next(&self, points: Points, gone: super::Gone, new: &Range<u32>, task: &Task<'_>) -> Result<Self, Error> {
        let mut order = hilbert::order(&points);
        let (geometry, options, report) = (self.geometry.clone(), self.options, self.report);
        let Geometry::Custom(metric) = &self.geometry else {
            order.retain(|&id| !gone.has(id));
            task.advance(0)?;
            let leaves = Some(Leaves::pack(&points, &order));
            task.finish();
            return Ok(Self { geometry, points, order, gone, options, tree: OnceLock::new(), leaves, report });
        };
        let old = self.tree();
        let dead = self.order.iter().filter(|&&id| gone.has(id)).count();
        let tree = if dead as f64 > DEAD_SHARE * self.order.len() as f64 || old.len() == 0 {
            order.retain(|&id| !gone.has(id));
            let finder = ByTree { points: &points, metric: &**metric };
            tree::build(&points, &order, &**metric, &finder, (options.seed, &options.plan), task)?
        } else {
            // Points that left the tree at an earlier rebuild are gone for good.
            let mut held = vec![false; points.len()];
            self.order.iter().for_each(|&id| held[id as usize] = true);
            held[new.start as usize..].fill(true);
            order.retain(|&id| held[id as usize]);
            if new.is_empty() {
                old.clone()
            } else {
                tree::extend(old, &points, &order, &**metric, new, (options.seed, &options.plan), task)?
            }
        };
        task.finish();
        let report = super::BuildReport { nodes: tree.len(), ..report };
        Ok(Self { geometry, points, order, gone, options, tree: OnceLock::from(tree), leaves: None, report })
    }
}
