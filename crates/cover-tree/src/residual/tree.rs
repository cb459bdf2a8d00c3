//! The residual tree as callers see it: building, refreshing, and what it says of itself.

use super::envelope::{Envelope, Fitted};
use super::field::{Field, Places};
use super::given::GivenFactors;
use super::held::{Held, held};
use super::kernel::Kernel;
use super::ledger::Ledger;
use super::options::ResidualOptions;
use super::root::Root;
use super::sample::envelope;
use super::tiles::Chosen;
use crate::error::Error;
use crate::hilbert;
use crate::points::Points;
use crate::task::Task;
use canopy_core::{Cancel, Progress};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::time::Instant;

/// What a build cost and what it found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ResidualReport {
    /// Seconds for the order along the curve, packing leaves, and the envelope.
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

/// Nearest neighbours by residual correlation: `sqrt(1 - |ρ|)`.
///
/// Order and leaves come from the coordinates and outlive the kernel's parameters. A tree never changes under a reader: points are
/// added and taken away by making the next one, see [`ResidualTree::inserted`] and [`ResidualTree::removed`]; an id stays with its
/// point for good. Reading from many threads is fine.
///
/// ```
/// use canopy_core::{Cancel, Progress};
/// use canopy_cover_tree::{Inducing, Kernel, KernelKind, Points, ResidualOptions, ResidualTree, Search};
///
/// let rows: Vec<f64> = (0..300).map(|i| f64::from(i * 7919 % 1009) / 100.0).collect();
/// let options = ResidualOptions {
///     kernel: Kernel::new(KernelKind::Matern52, 2.0),
///     inducing: Inducing::KMeans { count: 10, seed: 1 },
///     ..ResidualOptions::default()
/// };
/// let (cancel, progress) = (Cancel::new(), Progress::default());
/// let mut tree = ResidualTree::build(Points::from_f64(rows, 2)?, &options, &cancel, &progress)?;
/// let found = tree.predecessors(5, &Search::default(), &cancel, &progress)?;
/// assert_eq!(found.neighbours.ids.len(), 150 * 5);
///
/// tree.refresh_metric(&Kernel::new(KernelKind::Matern52, 1.0), &cancel, &progress)?;
/// assert_eq!(tree.options().kernel.lengthscales, [1.0]);
/// # Ok::<(), canopy_cover_tree::Error>(())
/// ```
#[derive(Debug)]
pub struct ResidualTree {
    pub(super) options: ResidualOptions,
    /// Nothing where V was given.
    pub(super) root: Option<Arc<Root>>,
    pub(super) held: Held,
    pub(super) envelope: RwLock<Arc<Fitted>>,
    /// What audits under this kernel have found.
    pub(super) ledger: Mutex<Ledger>,
    pub(super) report: ResidualReport,
}

/// What outlives the kernel's parameters.
#[derive(Debug, Clone)]
pub(super) struct Structure {
    pub(super) places: Arc<Places>,
    /// All places in the order of the curve.
    pub(super) field: Arc<Field>,
}

impl Structure {
    fn new(points: &Points) -> Self {
        Self::of(places(points))
    }

    pub(super) fn of(places: Places) -> Self {
        let field = Field::pack(&places, 0..places.len() as u32);
        Self { places: Arc::new(places), field: Arc::new(field) }
    }
}

/// Points in the order of the curve.
pub(super) fn places(points: &Points) -> Places {
    let ids = hilbert::order(points);
    let rows: Vec<f64> = ids.iter().flat_map(|&id| points.row(id as usize).iter().copied()).collect();
    Places { dim: points.dim(), given: ids.len(), ids: ids.into(), rows: rows.into() }
}

impl ResidualTree {
    /// Builds the tree: order, inducing points, V, p, and the envelope.
    ///
    /// # Errors
    /// Those of the options ([`Error::Variance`], [`Error::Lengthscale`], [`Error::Lengthscales`], [`Error::Jitter`],
    /// [`Error::Inducing`] and those of [`Points::from_f64`] for given ones), [`Error::NotPositiveDefinite`],
    /// [`Error::Cancelled`].
    pub fn build(
        points: Points,
        options: &ResidualOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let scales = options.kernel.scales(points.dim())?;
        if !(options.jitter >= 0.0 && options.jitter <= 1.0) {
            return Err(Error::Jitter { received: options.jitter });
        }
        let task = Task::new(cancel, progress, points.len());
        let start = Instant::now();
        let mut inducing = options.inducing.choose(&points, &scales)?;
        if inducing.is_empty() {
            // Without points there is nothing to choose from, and any inducing point will do.
            inducing = vec![0.0; points.dim()];
        }
        let chosen_s = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let structure = Structure::new(&points);
        let mut report = ResidualReport { build_s: start.elapsed().as_secs_f64(), ..ResidualReport::default() };
        drop(points);
        task.advance(0)?;
        report.v_s = chosen_s;
        Self::with_inducing(structure, &inducing, options, report, &task)
    }

    /// A tree over V and p that were computed elsewhere. Queries by new points then bring theirs, see
    /// [`ResidualTree::knn_with`].
    ///
    /// The options' inducing points and jitter aren't used.
    ///
    /// # Errors
    /// [`Error::FactorsLength`], [`Error::FactorsNotFinite`], those of the kernel, [`Error::Cancelled`].
    pub fn with_factors(
        points: &Points,
        factors: &GivenFactors,
        options: &ResidualOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let scales = options.kernel.scales(points.dim())?;
        factors.check(points.len())?;
        let task = Task::new(cancel, progress, points.len());
        let start = Instant::now();
        let structure = Structure::new(points);
        let held = Held::given(structure, scales, options, factors);
        let build_s = start.elapsed().as_secs_f64();
        let report = ResidualReport { build_s, inducing: factors.count, ..ResidualReport::default() };
        Self::finish(None, held, options, report, &task)
    }

    fn with_inducing(
        structure: Structure,
        inducing: &[f64],
        options: &ResidualOptions,
        mut report: ResidualReport,
        task: &Task<'_>,
    ) -> Result<Self, Error> {
        let start = Instant::now();
        let root = Root::new(&options.kernel, inducing, structure.places.dim, options.jitter)?;
        task.advance(0)?;
        let held = Held::compute(&root, structure, options.precision, task)?;
        report.v_s += start.elapsed().as_secs_f64();
        report.inducing = root.count;
        report.jitter = root.jitter;
        Self::finish(Some(Arc::new(root)), held, options, report, task)
    }

    fn finish(
        root: Option<Arc<Root>>,
        held: Held,
        options: &ResidualOptions,
        mut report: ResidualReport,
        task: &Task<'_>,
    ) -> Result<Self, Error> {
        let start = Instant::now();
        let envelope = held!(&held, |engine| envelope(engine, options, task))?;
        report.build_s += start.elapsed().as_secs_f64();
        task.finish();
        Ok(Self::assemble(root, held, envelope, options.clone(), report))
    }

    /// A tree whose parts are there; the report gets what can be read off them.
    pub(super) fn assemble(
        root: Option<Arc<Root>>,
        held: Held,
        envelope: Envelope,
        options: ResidualOptions,
        mut report: ResidualReport,
    ) -> Self {
        report.isa = f32::loops().name;
        report.double = matches!(held, Held::Double(_));
        let mut p = held!(&held, |engine| engine.shape.p.clone());
        let fitted = Fitted::new(envelope, &p);
        p.sort_unstable_by(f64::total_cmp);
        let share = |at: usize| p.get(at).map_or(1.0, |p| p / options.kernel.variance);
        (report.least_p, report.median_p) = (share(0), share(p.len() / 2));
        let (envelope, ledger) = (RwLock::new(Arc::new(fitted)), Mutex::default());
        Self { options, root, held, envelope, ledger, report }
    }

    /// The same tree under another kernel: order, leaves and inducing points stay; V, p and the envelope are computed anew.
    ///
    /// # Errors
    /// Those of the kernel, [`Error::NotPositiveDefinite`], [`Error::FactorsNeeded`] where V was given,
    /// [`Error::Cancelled`].
    pub fn refreshed(&self, kernel: &Kernel, cancel: &Cancel, progress: &Progress) -> Result<Self, Error> {
        let root = self.root.as_ref().ok_or(Error::FactorsNeeded)?;
        let options = ResidualOptions { kernel: kernel.clone(), ..self.options.clone() };
        let task = Task::new(cancel, progress, self.len());
        Self::with_inducing(self.structure(), &root.inducing(), &options, ResidualReport::default(), &task)
    }

    /// Puts another kernel in the place of the current one; on an error nothing has changed.
    ///
    /// # Errors
    /// Those of [`ResidualTree::refreshed`].
    pub fn refresh_metric(&mut self, kernel: &Kernel, cancel: &Cancel, progress: &Progress) -> Result<(), Error> {
        *self = self.refreshed(kernel, cancel, progress)?;
        Ok(())
    }

    pub(super) fn structure(&self) -> Structure {
        held!(&self.held, |engine| engine.shape.structure.clone())
    }

    pub(super) fn places(&self) -> &Places {
        held!(&self.held, |engine| &engine.shape.structure.places)
    }

    /// Number of ids: points that were removed keep theirs.
    pub fn ids(&self) -> usize {
        self.places().given
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.places().len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Coordinates a point.
    pub fn dim(&self) -> usize {
        self.places().dim
    }

    /// What building cost, or the last refresh.
    pub fn report(&self) -> ResidualReport {
        self.report
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        held!(&self.held, |engine| engine.bytes())
    }

    /// What the tree was built with; the kernel is the current one.
    pub fn options(&self) -> &ResidualOptions {
        &self.options
    }

    /// The inducing points, row-major; none where V was given.
    pub fn inducing(&self) -> Vec<f64> {
        self.root.as_deref().map(Root::inducing).unwrap_or_default()
    }

    /// The residual variance of every point, by id; NaN where a point was removed.
    pub fn residual_variances(&self) -> Vec<f64> {
        let mut out = vec![f64::NAN; self.ids()];
        let p = held!(&self.held, |engine| &engine.shape.p);
        self.places().ids.iter().zip(p).for_each(|(&id, &p)| out[id as usize] = p);
        out
    }

    /// The envelope as it is now: audits may have widened it.
    pub fn envelope(&self) -> Envelope {
        self.envelope.read().envelope.clone()
    }

    /// Takes back an envelope that was stored, with what audits had taught it.
    ///
    /// # Errors
    /// [`Error::Envelope`] when it was made for other points, another kernel, or by another version.
    pub fn adopt_envelope(&self, envelope: Envelope) -> Result<(), Error> {
        let mut current = self.envelope.write();
        if !envelope.fits(&current.envelope.digest) {
            return Err(Error::Envelope);
        }
        *current = Arc::new(held!(&self.held, |engine| Fitted::new(envelope, &engine.shape.p)));
        self.ledger.lock().clear();
        Ok(())
    }
}
