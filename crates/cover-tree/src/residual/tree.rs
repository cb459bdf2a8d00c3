//! The residual tree as callers see it.

use super::answer::ResidualAnswer;
use super::engine::{Asked, Engine};
use super::envelope::Envelope;
use super::field::Places;
use super::held::{Held, held};
use super::options::{ResidualOptions, Search};
use super::root::{Factors, Root};
use super::search::{Job, Whose, envelope};
use super::tiles::Chosen;
use crate::error::Error;
use crate::hilbert;
use crate::neighbours::check_k;
use crate::points::Points;
use crate::task::Task;
use canopy_core::{Cancel, Progress};
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::Instant;

/// What a build cost and what it found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ResidualReport {
    /// Seconds for the order along the curve and for packing leaves.
    pub build_s: f64,
    /// Seconds for choosing inducing points, the root of their covariance, V and p.
    pub v_s: f64,
    /// Inducing points.
    pub inducing: usize,
    /// The jitter that was used, as a share of the variance.
    pub jitter: f64,
    /// Smallest residual variance, as a share of the variance.
    pub least_p: f64,
    /// Median residual variance, as a share of the variance.
    pub median_p: f64,
    /// Whether V is kept in `f64`.
    pub double: bool,
    /// The instruction set of the inner loops.
    pub isa: &'static str,
}

/// Nearest neighbours by residual correlation.
#[derive(Debug)]
pub struct ResidualTree {
    points: Points,
    order: Vec<u32>,
    options: ResidualOptions,
    root: Root,
    held: Held,
    envelope: RwLock<Arc<Envelope>>,
    report: ResidualReport,
}

impl ResidualTree {
    /// Builds the tree: order, inducing points, V and p.
    ///
    /// # Errors
    /// Those of the options ([`Error::Lengthscale`], [`Error::Inducing`], [`Error::NotPositiveDefinite`], …) and
    /// [`Error::Cancelled`].
    pub fn build(
        points: Points,
        options: &ResidualOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let scales = options.kernel.scales(points.dim())?;
        let task = Task::new(cancel, progress, points.len());
        let mut report = ResidualReport::default();
        let start = Instant::now();
        let order = hilbert::order(&points);
        let places = places(&points, &order);
        report.build_s = start.elapsed().as_secs_f64();
        task.advance(0)?;

        let start = Instant::now();
        let mut inducing = options.inducing.choose(&points, &scales)?;
        if inducing.is_empty() {
            // Without points there is nothing to choose from, and any inducing point will do.
            inducing = vec![0.0; points.dim()];
        }
        let root = Root::new(&options.kernel, &inducing, points.dim(), options.jitter)?;
        task.advance(0)?;
        let variance = options.kernel.variance;
        let held = Held::compute(&root, places, options.precision, &task)?;
        report.v_s = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let samples = options.envelope_samples;
        let envelope = held!(&held, |engine| envelope(engine, samples, options.seed, &task))?;
        let envelope = RwLock::new(Arc::new(envelope));
        report.build_s += start.elapsed().as_secs_f64();
        report.inducing = root.count;
        report.jitter = root.jitter;
        report.isa = f32::loops().name;
        report.double = matches!(held, Held::Double(_));
        let mut sorted = held!(&held, |engine| engine.shape.p.clone());
        sorted.sort_unstable_by(f64::total_cmp);
        report.least_p = sorted.first().map_or(1.0, |p| p / variance);
        report.median_p = sorted.get(sorted.len() / 2).map_or(1.0, |p| p / variance);
        task.finish();
        Ok(Self { points, order, options: options.clone(), root, held, envelope, report })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// What building cost.
    pub fn report(&self) -> ResidualReport {
        self.report
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        held!(&self.held, |engine| engine.bytes())
    }

    /// The inducing points, row-major.
    pub fn inducing(&self) -> Vec<f64> {
        self.root.rows_of_inducing()
    }

    /// The residual variance of every point, in the order in which the points were given.
    pub fn residual_variances(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.len()];
        let p = held!(&self.held, |engine| &engine.shape.p);
        self.order.iter().zip(p).for_each(|(&id, &p)| out[id as usize] = p);
        out
    }

    /// The envelope as it is now: audits may have widened it.
    pub fn envelope(&self) -> Envelope {
        (**self.envelope.read()).clone()
    }

    /// The `k` nearest of every query.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Dimension`], [`Error::Missed`], [`Error::Cancelled`].
    pub fn knn(
        &self,
        queries: &Points,
        k: usize,
        search: &Search,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<ResidualAnswer, Error> {
        check_k(k)?;
        if queries.dim() != self.points.dim() {
            return Err(Error::Dimension { expected: self.points.dim(), received: queries.dim() });
        }
        let task = Task::new(cancel, progress, queries.len());
        let places = places(queries, &hilbert::order(queries));
        held!(&self.held, |engine| {
            let Factors { v, p, .. } = self.root.rows(&places.rows, places.dim, false, &task)?;
            let wide = match engine.rest {
                Some(_) => Some(self.root.rows(&places.rows, places.dim, false, &task)?.v),
                None => None,
            };
            let asked = Asked { v, wide, p, places };
            self.job(engine, Whose::Asked(&asked), k, search, &task)
        })
    }

    /// The `k` nearest others of every point.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Missed`], [`Error::Cancelled`].
    pub fn knn_all(
        &self,
        k: usize,
        search: &Search,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<ResidualAnswer, Error> {
        check_k(k)?;
        let task = Task::new(cancel, progress, self.len());
        held!(&self.held, |engine| self.job(engine, Whose::All, k, search, &task))
    }

    /// For every point `i` the `k` nearest `j < i`, in the order in which the points were given.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Missed`], [`Error::Cancelled`].
    pub fn predecessors(
        &self,
        k: usize,
        search: &Search,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<ResidualAnswer, Error> {
        check_k(k)?;
        let task = Task::new(cancel, progress, self.len());
        held!(&self.held, |engine| self.job(engine, Whose::Before, k, search, &task))
    }

    fn job<T: Chosen>(
        &self,
        engine: &Engine<T>,
        whose: Whose<'_, T>,
        k: usize,
        search: &Search,
        task: &Task<'_>,
    ) -> Result<ResidualAnswer, Error> {
        let (envelope, seed) = (&self.envelope, self.options.seed);
        let answer = Job { engine, whose, k, search: *search, envelope, seed, task }.run()?;
        task.finish();
        Ok(answer)
    }
}

fn places(points: &Points, order: &[u32]) -> Places {
    let rows = order.iter().flat_map(|&id| points.row(id as usize).iter().copied()).collect();
    Places { dim: points.dim(), ids: order.to_vec(), rows }
}
