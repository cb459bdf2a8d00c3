//! The engine in the precision that the data need.

use super::engine::{Engine, FINE};
use super::field::Places;
use super::given::GivenFactors;
use super::inducing::Draw;
use super::kernel::Kernel;
use super::matrix::Matrix;
use super::options::{Precision, ResidualOptions};
use super::root::{Factors, Root};
use super::tiles::Chosen;
use super::tree::Structure;
use crate::error::Error;
use crate::points::Points;
use crate::task::Task;

/// An engine of either precision.
#[derive(Debug)]
pub(crate) enum Held {
    Single(Engine<f32>),
    Double(Engine<f64>),
}

/// Points that come to a tree.
#[derive(Clone, Copy)]
pub(super) enum New<'a> {
    /// V and p are computed.
    Computed(&'a Root, &'a Points),
    /// V and p were computed elsewhere.
    Given(&'a GivenFactors),
    /// None come.
    Nothing,
}

impl New<'_> {
    /// V and p of the new points, to go with those of an engine; `rest` asks for what rounding takes.
    fn factors<T: Chosen>(
        &self,
        engine: &Engine<impl Chosen>,
        rest: bool,
        task: &Task<'_>,
    ) -> Result<Factors<T>, Error> {
        match self {
            Self::Computed(root, points) => root.rows(points.values(), points.dim(), rest, task),
            Self::Given(given) => {
                Ok(given.factors(&(0..given.p.len() as u32).collect::<Vec<_>>(), engine.shape.variance))
            }
            Self::Nothing => {
                let rest = rest.then(|| Matrix::zeros(0, engine.v.width()));
                Ok(Factors { v: Matrix::zeros(0, engine.v.width()), rest, p: Vec::new() })
            }
        }
    }
}

/// Runs `$body` with the engine of either precision.
macro_rules! held {
    ($held:expr, |$engine:ident| $body:expr) => {
        match $held {
            $crate::residual::held::Held::Single($engine) => $body,
            $crate::residual::held::Held::Double($engine) => $body,
        }
    };
}
pub(crate) use held;

/// Above this share of points that need `f64`, everything is kept in it: putting rows together costs more otherwise.
const MANY: f64 = 0.1;
/// Points that are asked first whether many need `f64`.
const SAMPLE: usize = 512;

impl Held {
    /// Computes V and p.
    pub(crate) fn compute(
        root: &Root,
        structure: Structure,
        precision: Precision,
        task: &Task<'_>,
    ) -> Result<Self, Error> {
        let places = structure.places.clone();
        let dim = places.dim;
        if precision == Precision::Double || (precision == Precision::Auto && many_in_sample(root, &places, task)?) {
            let factors = root.rows(&places.rows, dim, false, task)?;
            return Ok(Self::Double(engine(root, structure, factors)));
        }
        let mut factors: Factors<f32> = root.rows(&places.rows, dim, precision == Precision::Auto, task)?;
        let fine = fine(root, &factors.p);
        if precision == Precision::Auto && is_many(fine, places.len()) {
            drop(factors);
            let factors = root.rows(&places.rows, dim, false, task)?;
            return Ok(Self::Double(engine(root, structure, factors)));
        }
        factors.rest = factors.rest.filter(|_| fine > 0);
        Ok(Self::Single(engine(root, structure, factors)))
    }

    /// The engine of the next structure: rows of V that are here are copied, those of new points are computed or taken as given.
    ///
    /// `from` says for each new place where its row comes from: a place of this engine, or, from its length on, a new point.
    pub(super) fn grown(
        &self,
        structure: Structure,
        from: &[u32],
        new: &New<'_>,
        precision: Precision,
        task: &Task<'_>,
    ) -> Result<Self, Error> {
        match self {
            Self::Double(engine) => Ok(Self::Double(engine.grown(structure, from, &new.factors(engine, false, task)?))),
            Self::Single(engine) => {
                let auto = precision == Precision::Auto;
                let factors: Factors<f32> = new.factors(engine, auto, task)?;
                let count = |p: &[f64]| p.iter().filter(|p| **p < FINE * engine.shape.variance).count();
                let fresh = count(&factors.p);
                let all = fresh + count(&engine.shape.p);
                if !auto || fresh == 0 || (engine.rest.is_some() && !is_many(all, from.len())) {
                    return Ok(Self::Single(engine.grown(structure, from, &factors)));
                }
                // What the first points could do without, the new ones need.
                if let New::Computed(root, _) = new {
                    return Self::compute(root, structure, precision, task);
                }
                Ok(Self::Double(engine.widened().grown(structure, from, &new.factors(engine, false, task)?)))
            }
        }
    }

    /// Takes V and p as they are.
    pub(crate) fn given(
        structure: Structure,
        scales: Vec<f64>,
        options: &ResidualOptions,
        given: &GivenFactors,
    ) -> Self {
        let Kernel { kind, variance, .. } = options.kernel;
        let double = match options.precision {
            Precision::Auto => given.is_fine(variance),
            precision => precision == Precision::Double,
        };
        let ids = structure.places.ids.clone();
        let kernel = (kind, variance, scales);
        if double {
            Self::Double(Engine::new(kernel, structure, given.factors(&ids, variance)))
        } else {
            Self::Single(Engine::new(kernel, structure, given.factors(&ids, variance)))
        }
    }
}

fn engine<T: Chosen>(root: &Root, structure: Structure, factors: Factors<T>) -> Engine<T> {
    let kernel = (root.kernel.kind, root.kernel.variance, root.scales.clone());
    Engine::new(kernel, structure, factors)
}

fn fine(root: &Root, p: &[f64]) -> usize {
    p.iter().filter(|p| **p < FINE * root.kernel.variance).count()
}

fn is_many(fine: usize, of: usize) -> bool {
    fine as f64 > MANY * of as f64
}

fn many_in_sample(root: &Root, places: &Places, task: &Task<'_>) -> Result<bool, Error> {
    let sample = Draw(1).some(places.len(), SAMPLE);
    let rows: Vec<f64> = sample.iter().flat_map(|&place| places.row(place).iter().copied()).collect();
    let factors: Factors<f64> = root.rows(&rows, places.dim, false, task)?;
    Ok(is_many(fine(root, &factors.p), sample.len()))
}
