//! What a residual tree can be asked.

use super::answer::ResidualAnswer;
use super::engine::{Asked, Engine};
use super::given::GivenFactors;
use super::held::held;
use super::options::Search;
use super::root::{Factors, Root};
use super::search::{Job, Whose};
use super::tiles::Chosen;
use super::tree::{ResidualTree, places};
use crate::error::Error;
use crate::neighbours::check_k;
use crate::points::Points;
use crate::task::Task;
use canopy_core::{Cancel, Progress};

impl ResidualTree {
    /// The `k` nearest points of each query.
    ///
    /// # Errors
    /// [`Error::Count`], [`Error::Dimension`], [`Error::FactorsNeeded`] where V was given, [`Error::Missed`],
    /// [`Error::Cancelled`].
    pub fn knn(
        &self,
        queries: &Points,
        k: usize,
        search: &Search,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<ResidualAnswer, Error> {
        self.accept(queries, k)?;
        let root = self.root.as_ref().ok_or(Error::FactorsNeeded)?;
        let task = Task::new(cancel, progress, queries.len());
        held!(&self.held, |engine| {
            let asked = compute(root, queries, &task)?;
            self.job(engine, Whose::Asked(&asked), k, search, &task)
        })
    }

    /// The `k` nearest points of each query, whose V and p were computed elsewhere.
    ///
    /// # Errors
    /// [`Error::FactorsLength`], [`Error::FactorsNotFinite`], and those of [`ResidualTree::knn`].
    pub fn knn_with(
        &self,
        queries: &Points,
        factors: &GivenFactors,
        k: usize,
        search: &Search,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<ResidualAnswer, Error> {
        self.accept(queries, k)?;
        self.check_factors(queries, factors)?;
        let task = Task::new(cancel, progress, queries.len());
        held!(&self.held, |engine| {
            let asked = given(factors, queries, self.options.kernel.variance);
            self.job(engine, Whose::Asked(&asked), k, search, &task)
        })
    }

    /// The `k` nearest other points of every point. A point at the same place is another point, at distance 0.
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

    /// For every point `i` the `k` nearest points `j < i`, in the order in which the points were given.
    ///
    /// # Errors
    /// Those of [`ResidualTree::knn_all`].
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

    /// Refuses factors that aren't rows of as many values as this tree's, one for each point.
    pub(super) fn check_factors(&self, points: &Points, factors: &GivenFactors) -> Result<(), Error> {
        factors.check(points.len())?;
        let count = self.report().inducing;
        if factors.count == count || points.is_empty() {
            return Ok(());
        }
        let received = (factors.v.len(), factors.p.len());
        Err(Error::FactorsLength { expected: (points.len() * count, points.len()), received })
    }

    fn accept(&self, queries: &Points, k: usize) -> Result<(), Error> {
        check_k(k)?;
        if queries.dim() == self.dim() {
            return Ok(());
        }
        Err(Error::Dimension { expected: self.dim(), received: queries.dim() })
    }

    fn job<T: Chosen>(
        &self,
        engine: &Engine<T>,
        whose: Whose<'_, T>,
        k: usize,
        search: &Search,
        task: &Task<'_>,
    ) -> Result<ResidualAnswer, Error> {
        let (envelope, ledger, seed) = (&self.envelope, &self.ledger, self.options.seed);
        let answer = Job { engine, whose, k, search: *search, envelope, ledger, seed, task }.run()?;
        task.finish();
        Ok(answer)
    }
}

fn compute<'a, T: Chosen>(root: &'a Root, queries: &Points, task: &Task<'_>) -> Result<Asked<'a, T>, Error> {
    let places = places(queries);
    let Factors { v, p, .. } = root.rows(&places.rows, places.dim, false, task)?;
    Ok(Asked { v, rest: None, root: Some(root), p, places })
}

fn given<T: Chosen>(factors: &GivenFactors, queries: &Points, variance: f64) -> Asked<'static, T> {
    let places = places(queries);
    let Factors { v, p, .. } = factors.factors(&places.ids, variance);
    Asked { v, rest: None, root: None, p, places }
}
