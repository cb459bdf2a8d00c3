//! The tree as callers see it.

mod change;
mod file;

use crate::error::Error;
use crate::except::{Except, Gone};
use crate::hilbert;
use crate::leaves::{self, Leaves};
use crate::metric::{Geometry, Metric, Straight};
use crate::neighbours::{Ball, Keep, MISSING, Nearest, Neighbours, Within, check_k};
use crate::points::Points;
use crate::task::{Task, timed};
use crate::tree::{self, BatchReport, ByLeaves, ByTree, Defect, Plan, Tree};
use canopy_core::{Cancel, Progress};
use rayon::prelude::*;
use std::sync::OnceLock;

/// What a build may be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Draws the order of insertion; the same points and seed give the same tree, whatever the number of threads.
    pub seed: u64,
    /// How the batches of a build are gone about. Files don't keep it: it says how to build, not what.
    pub plan: Plan,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 42, plan: Plan::default() }
    }
}

/// What a build cost, in seconds, and what it made.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BuildReport {
    /// Ordering the points along the curve.
    pub order_s: f64,
    /// Packing leaves; 0 under a custom metric, which has none.
    pub leaves_s: f64,
    /// The cover tree; 0 where straight lines let the leaves answer alone, see [`CoverTree::raise`].
    pub tree_s: f64,
    /// Nodes of the tree: the points at different places; 0 while there is no tree.
    pub nodes: usize,
}

/// Exact nearest neighbours of points.
///
/// A tree never changes under a reader: points are added and taken away by making the next one, see [`CoverTree::inserted`] and
/// [`CoverTree::removed`]. An id stays with its point for good.
///
/// Euclidean and angular answers are those of a brute force in `f64` over the points as sent: the same ids, equal distances by
/// ascending id. Answers under a custom metric are as exact as its triangle inequality. Reading from many threads is fine.
#[derive(Debug, Clone)]
pub struct CoverTree {
    geometry: Geometry,
    /// Every point that was ever here, by id.
    points: Points,
    /// Along the curve: the points of the leaves, or of the tree where there are none.
    order: Vec<u32>,
    gone: Gone,
    options: Options,
    /// Made with the rest under a custom metric, else when it is asked for.
    tree: OnceLock<Tree>,
    leaves: Option<Leaves>,
    report: BuildReport,
}

impl CoverTree {
    /// Builds the index; progress counts points.
    ///
    /// Euclidean and angular queries read nothing but the leaves, so the cover tree itself, by far the longest part, is made
    /// then when somebody asks for it.
    ///
    /// # Errors
    /// [`Error::PrefixFactor`], [`Error::Zero`] for angles, [`Error::Metric`] for a custom metric, [`Error::Cancelled`].
    pub fn build(
        points: Points,
        geometry: Geometry,
        options: &Options,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        if let Some(received) = options.plan.prefix_factor.filter(|factor| !(*factor > 1.0 && factor.is_finite())) {
            return Err(Error::PrefixFactor { received });
        }
        let points = prepare(points, &geometry)?;
        let task = Task::new(cancel, progress, points.len());
        let mut report = BuildReport::default();
        let order = timed(&mut report.order_s, || hilbert::order(&points));
        task.advance(0)?;
        let leaves = timed(&mut report.leaves_s, || match geometry {
            Geometry::Custom(_) => None,
            _ => Some(Leaves::pack(&points, &order)),
        });
        let (gone, tree) = (Gone::default(), OnceLock::new());
        let mut built = Self { geometry, points, order, gone, options: *options, tree, leaves, report };
        if built.leaves.is_none() {
            let mut tree_s = 0.0;
            let tree = timed(&mut tree_s, || built.tree_of(&task))?;
            (built.report.tree_s, built.report.nodes) = (tree_s, tree.len());
            built.tree = OnceLock::from(tree);
        }
        task.finish();
        Ok(built)
    }

    fn tree_of(&self, task: &Task<'_>) -> Result<Tree, Error> {
        let Self { points, order, options: Options { seed, plan }, .. } = self;
        match &self.geometry {
            Geometry::Custom(metric) => {
                let finder = ByTree { points, metric: &**metric };
                tree::build(points, order, &**metric, &finder, (*seed, plan), task)
            }
            _ => tree::build(points, order, &Straight, &ByLeaves::new(points, order, plan), (*seed, plan), task),
        }
    }

    /// Makes the cover tree now, if it isn't there yet; progress counts points.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; the next call starts anew.
    pub fn raise(&self, cancel: &Cancel, progress: &Progress) -> Result<(), Error> {
        if self.tree.get().is_none() {
            let task = Task::new(cancel, progress, self.points.len());
            // Should another thread be faster, its tree is the same.
            let _ = self.tree.set(self.tree_of(&task)?);
            task.finish();
        }
        Ok(())
    }

    fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| {
            let (cancel, progress) = (Cancel::new(), Progress::default());
            let task = Task::new(&cancel, &progress, self.points.len());
            self.tree_of(&task).expect("nobody can cancel, and a custom metric was met at the build")
        })
    }

    /// Number of ids: points that were removed keep theirs.
    pub fn ids(&self) -> usize {
        self.points.len()
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.ids() - self.gone.count()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Coordinates a point.
    pub fn dim(&self) -> usize {
        self.points.dim()
    }

    /// How points are compared.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// What building cost.
    pub fn report(&self) -> BuildReport {
        self.report
    }

    /// What the batches of the build did and took; none where there is no tree yet, or where it was read from a file.
    pub fn batches(&self) -> &[BatchReport] {
        self.tree.get().map_or(&[], |tree| &tree.batches)
    }

    /// What the build was told.
    pub fn options(&self) -> Options {
        self.options
    }

    /// Bytes of memory that the points, the tree and the leaves hold.
    pub fn memory_bytes(&self) -> usize {
        let points = self.ids() * self.dim() * size_of::<f64>() + size_of_val(&self.order[..]) + self.gone.bytes();
        points + self.tree.get().map_or(0, Tree::bytes) + self.leaves.as_ref().map_or(0, Leaves::bytes)
    }

    /// Checks nesting, covering, separation, radii, and that every point is in the tree once. Makes the
    /// tree where there is none yet, and takes about as long again.
    ///
    /// # Errors
    /// The first [`Defect`] that was met.
    pub fn validate(&self) -> Result<(), Defect> {
        match &self.geometry {
            Geometry::Custom(metric) => self.tree().validate(&self.points, &self.order, &**metric),
            _ => self.tree().validate(&self.points, &self.order, &Straight),
        }
    }

    /// The nodes of the tree in preorder, as `(point, its parent, its highest level)`; the root is its own parent.
    ///
    /// Points at the place of another one are not nodes. Makes the tree where there is none yet.
    pub fn nodes(&self) -> impl Iterator<Item = (u32, u32, i32)> + '_ {
        let tree = self.tree();
        (0..tree.len()).map(|node| (tree.ids[node], tree.ids[tree.parents[node] as usize], tree.levels[node]))
    }

    /// The `k` nearest points of each query.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Dimension`], [`Error::Zero`] for angles, [`Error::Metric`], [`Error::Cancelled`].
    pub fn knn(&self, queries: Points, k: usize, cancel: &Cancel, progress: &Progress) -> Result<Neighbours, Error> {
        check_k(k)?;
        let queries = self.accept(queries)?;
        let task = Task::new(cancel, progress, queries.len());
        let mut out = Neighbours::missing(queries.len(), k);
        let kept = self.ask(&queries, || Nearest::new(k), &task)?;
        for (row, keep) in kept.iter().enumerate() {
            self.write(&mut out, row, keep);
        }
        task.finish();
        Ok(out)
    }

    /// All points within `radius` of each query, those at the radius included.
    ///
    /// # Errors
    /// [`Error::Radius`], and those of [`CoverTree::knn`].
    pub fn radius(&self, queries: Points, radius: f64, cancel: &Cancel, progress: &Progress) -> Result<Within, Error> {
        if !(radius.is_finite() && radius >= 0.0) {
            return Err(Error::Radius { received: radius });
        }
        let queries = self.accept(queries)?;
        let task = Task::new(cancel, progress, queries.len());
        let inward = self.geometry.inward(radius);
        let kept = self.ask(&queries, || Ball::new(inward, self.leaves.is_some()), &task)?;
        let mut out = Within { starts: vec![0], ids: Vec::new(), distances: Vec::new() };
        for keep in kept {
            out.ids.extend(keep.kept().iter().map(|&(_, id)| id));
            out.distances.extend(keep.kept().iter().map(|&(measure, _)| self.reported(measure)));
            out.starts.push(out.ids.len());
        }
        task.finish();
        Ok(out)
    }

    /// The `k` nearest other points of every point, by id; none for one that was removed. A point at the same place is another
    /// point.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Metric`], [`Error::Cancelled`].
    pub fn knn_all(&self, k: usize, cancel: &Cancel, progress: &Progress) -> Result<Neighbours, Error> {
        check_k(k)?;
        let task = Task::new(cancel, progress, self.len());
        let out = match &self.leaves {
            Some(leaves) => leaves::all_nearest(leaves, self.ids(), k, &self.geometry, &task),
            None => self.own(k, |id| Except { id, from: MISSING }, &task),
        }?;
        task.finish();
        Ok(out)
    }

    /// For every point `i` the `k` nearest points `j < i` in the order in which they were given.
    ///
    /// # Errors
    /// Those of [`CoverTree::knn_all`].
    pub fn predecessors(&self, k: usize, cancel: &Cancel, progress: &Progress) -> Result<Neighbours, Error> {
        check_k(k)?;
        let task = Task::new(cancel, progress, self.len());
        let out = match &self.leaves {
            Some(leaves) => leaves::predecessors(&self.points, &self.order, leaves, k, &self.geometry, &task),
            None => self.own(k, |id| Except { id, from: id }, &task),
        }?;
        task.finish();
        Ok(out)
    }

    fn accept(&self, queries: Points) -> Result<Points, Error> {
        if queries.dim() != self.dim() {
            return Err(Error::Dimension { expected: self.dim(), received: queries.dim() });
        }
        prepare(queries, &self.geometry)
    }

    /// What each query keeps.
    fn ask<K: Keep + Send>(
        &self,
        queries: &Points,
        keep: impl Fn() -> K + Sync,
        task: &Task<'_>,
    ) -> Result<Vec<K>, Error> {
        match (&self.leaves, &self.geometry) {
            (Some(leaves), _) => leaves::asked(leaves, queries, keep, task),
            (None, geometry) => (0..queries.len())
                .into_par_iter()
                .map(|row| {
                    let mut keep = keep();
                    self.search(geometry, queries.row(row), Except::NOTHING, &mut keep)?;
                    task.advance(1)?;
                    Ok(keep)
                })
                .collect(),
        }
    }

    /// Neighbours of the points themselves, by the tree.
    fn own(&self, k: usize, except: impl Fn(u32) -> Except + Sync, task: &Task<'_>) -> Result<Neighbours, Error> {
        let mut out = Neighbours::missing(self.ids(), k);
        let find = |id: u32| {
            let mut keep = Nearest::new(k);
            if self.gone.has(id) {
                return Ok(keep);
            }
            self.search(&self.geometry, self.points.row(id as usize), except(id), &mut keep)?;
            task.advance(1)?;
            Ok(keep)
        };
        let kept: Vec<Nearest> = (0..self.ids() as u32).into_par_iter().map(find).collect::<Result<_, Error>>()?;
        kept.iter().enumerate().for_each(|(row, keep)| self.write(&mut out, row, keep));
        Ok(out)
    }

    fn search(&self, geometry: &Geometry, query: &[f64], except: Except, keep: &mut impl Keep) -> Result<(), Error> {
        let metric: &dyn Metric = match geometry {
            Geometry::Custom(metric) => &**metric,
            _ => &Straight,
        };
        self.tree().search(&self.points, metric, query, (except, &self.gone), keep)?;
        keep.finish();
        Ok(())
    }

    fn write(&self, out: &mut Neighbours, row: usize, keep: &impl Keep) {
        for (place, &(measure, id)) in (row * out.k..).zip(keep.kept()) {
            out.ids[place] = id;
            out.distances[place] = self.reported(measure);
        }
    }

    /// A distance as it is reported, for a measure as searches compare it.
    fn reported(&self, measure: f64) -> f32 {
        let distance = if self.leaves.is_some() { measure.sqrt() } else { measure };
        self.geometry.outward(distance) as f32
    }
}

fn prepare(points: Points, geometry: &Geometry) -> Result<Points, Error> {
    match geometry {
        Geometry::Angular => points.into_directions(),
        _ => Ok(points),
    }
}
