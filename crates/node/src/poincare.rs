//! The Poincaré ball as JavaScript sees it: one call for many rows.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::outcome::{Outcome, Trouble, refused, run, run_json};
use crate::pages::{doubles, singles};
use canopy_collection::from_json;
use canopy_core::Cancel;
use canopy_hyperbolic::{Ball, Error, MeanOptions, Overshoot, Scalar, TrainOptions, evaluate, f16, overshoot, train};
use napi::bindgen_prelude::{Buffer, Either3, Float32Array, Float64Array, Uint16Array, Uint32Array};
use napi_derive::napi;

/// Row-major coordinates in single, double or half precision; half precision as the bits of each number.
pub(crate) type Rows = Either3<Float32Array, Float64Array, Uint16Array>;

/// What is done to each row.
#[napi(string_enum = "camelCase")]
#[derive(Debug, Clone, Copy)]
pub enum BindingBallMap {
    /// Exponential map at 0.
    Exp0,
    /// Logarithmic map at 0.
    Log0,
    /// Exponential map at the bases.
    Exp,
    /// Logarithmic map at the bases.
    Log,
    /// Möbius addition: base ⊕ row.
    Add,
    /// (−base) ⊕ row, for one base.
    Recentre,
}

/// A Fréchet mean and how it was reached.
#[napi(object)]
pub struct BindingMean {
    /// The mean, in double precision.
    pub point: Float64Array,
    /// The mean in the precision of the points.
    pub rounded: Rows,
    /// Weighted mean of the squared distances to it.
    pub variance: f64,
    /// Passes over the points.
    pub iterations: u32,
    /// Whether the last step was below the tolerance.
    pub converged: bool,
}

/// A trained embedding and how well it keeps the relations.
#[napi(object)]
pub struct BindingEmbedding {
    /// One row a node.
    pub points: Float64Array,
    /// Mean loss a pair in the last pass.
    pub loss: f64,
    /// Mean rank of a related node among all that are not, 1 at best; only where it was asked for.
    pub mean_rank: Option<f64>,
    /// Mean average precision of the related nodes, 1 at best; only where it was asked for.
    pub map: Option<f64>,
}

fn ball(kappa: f64, margin: Option<f64>) -> Result<Ball, Error> {
    let ball = Ball::new(kappa)?;
    margin.map_or(Ok(ball), |margin| ball.with_margin(margin))
}

/// One call's map.
struct Mapping {
    ball: Ball,
    map: BindingBallMap,
    dim: usize,
    cancel: Cancel,
}

impl Mapping {
    fn fill<T: Scalar>(&self, rows: &[T], bases: &[T], out: &mut [T]) -> Result<(), Error> {
        let Self { ball, map, dim, cancel } = self;
        match map {
            BindingBallMap::Exp0 => ball.exp0(rows, *dim, out, cancel),
            BindingBallMap::Log0 => ball.log0(rows, *dim, out, cancel),
            BindingBallMap::Exp => ball.exp_at(bases, rows, *dim, out, cancel),
            BindingBallMap::Log => ball.log_at(bases, rows, *dim, out, cancel),
            BindingBallMap::Add => ball.add(bases, rows, *dim, out, cancel),
            BindingBallMap::Recentre => ball.recentre(bases, rows, *dim, out, cancel),
        }
    }

    /// Half precision is copied, since JavaScript's bits have no type of ours.
    fn halves(&self, rows: &[u16], bases: &[u16]) -> Result<Uint16Array, Error> {
        let mut out = vec![f16::default(); rows.len()];
        self.fill(&halves(rows), &halves(bases), &mut out)?;
        Ok(bits(&out).into())
    }
}

/// Half precision as the core reads it; copied, since JavaScript's bits have no type of ours.
fn halves(bits: &[u16]) -> Vec<f16> {
    bits.iter().copied().map(f16::from_bits).collect()
}

fn bits(halves: &[f16]) -> Vec<u16> {
    halves.iter().map(|half| half.to_bits()).collect()
}

/// Applies a map to each row of `dim` numbers; `bases` has one row for all or one a row, in the rows' precision.
#[napi]
pub async fn poincare_map(
    map: BindingBallMap,
    kappa: f64,
    margin: Option<f64>,
    dim: u32,
    rows: Rows,
    bases: Option<Rows>,
    cancel: Option<&BindingCancel>,
) -> Outcome<Rows> {
    let cancel = flag(cancel);
    run(move || -> Result<Rows, Trouble> {
        let mapping = Mapping { ball: ball(kappa, margin)?, map, dim: dim as usize, cancel };
        Ok(match (&rows, &bases) {
            (Rows::A(rows), None) => Rows::A(singles(rows.len(), |out| mapping.fill(rows, &[], out))?),
            (Rows::A(rows), Some(Rows::A(bases))) => {
                Rows::A(singles(rows.len(), |out| mapping.fill(rows, bases, out))?)
            }
            (Rows::B(rows), None) => Rows::B(doubles(rows.len(), |out| mapping.fill(rows, &[], out))?),
            (Rows::B(rows), Some(Rows::B(bases))) => {
                Rows::B(doubles(rows.len(), |out| mapping.fill(rows, bases, out))?)
            }
            (Rows::C(rows), None) => Rows::C(mapping.halves(rows, &[])?),
            (Rows::C(rows), Some(Rows::C(bases))) => Rows::C(mapping.halves(rows, bases)?),
            _ => return Err(Precision.into()),
        })
    })
    .await
}

/// Hyperbolic distance of each row to its base, or to 0 without bases.
#[napi]
pub async fn poincare_distances(
    kappa: f64,
    dim: u32,
    rows: Rows,
    bases: Option<Rows>,
    cancel: Option<&BindingCancel>,
) -> Outcome<Float64Array> {
    fn measured<T: Scalar>(
        ball: &Ball,
        rows: &[T],
        bases: Option<&[T]>,
        dim: usize,
        cancel: &Cancel,
    ) -> Result<Float64Array, Error> {
        doubles(rows.len().checked_div(dim).unwrap_or(0), |out| match bases {
            Some(bases) => ball.distances(bases, rows, dim, out, cancel),
            None => ball.norms(rows, dim, out, cancel),
        })
    }
    let cancel = flag(cancel);
    run(move || -> Result<Float64Array, Trouble> {
        let (ball, dim) = (ball(kappa, None)?, dim as usize);
        let out = match (&rows, &bases) {
            (Rows::A(rows), None) => measured::<f32>(&ball, rows, None, dim, &cancel)?,
            (Rows::A(rows), Some(Rows::A(bases))) => measured::<f32>(&ball, rows, Some(bases), dim, &cancel)?,
            (Rows::B(rows), None) => measured::<f64>(&ball, rows, None, dim, &cancel)?,
            (Rows::B(rows), Some(Rows::B(bases))) => measured::<f64>(&ball, rows, Some(bases), dim, &cancel)?,
            (Rows::C(rows), None) => measured(&ball, &halves(rows), None, dim, &cancel)?,
            (Rows::C(rows), Some(Rows::C(bases))) => {
                measured(&ball, &halves(rows), Some(&halves(bases)), dim, &cancel)?
            }
            _ => return Err(Precision.into()),
        };
        Ok(out)
    })
    .await
}

/// The Fréchet mean of the rows. `options`: `{ tolerance?, iterations? }`.
#[napi]
pub async fn poincare_mean(
    kappa: f64,
    margin: Option<f64>,
    dim: u32,
    rows: Rows,
    weights: Option<Float64Array>,
    options: String,
    cancel: Option<&BindingCancel>,
) -> Outcome<BindingMean> {
    fn found<T: Scalar>(
        ball: &Ball,
        rows: &[T],
        dim: usize,
        weights: Option<&[f64]>,
        options: &MeanOptions,
        cancel: &Cancel,
        into_rows: impl FnOnce(Vec<T>) -> Rows,
    ) -> Result<BindingMean, Trouble> {
        let mean = ball.mean(rows, dim, weights, options, cancel)?;
        Ok(BindingMean {
            point: mean.precise.into(),
            rounded: into_rows(mean.point),
            variance: mean.variance,
            iterations: mean.iterations,
            converged: mean.converged,
        })
    }
    let cancel = flag(cancel);
    run(move || -> Result<BindingMean, Trouble> {
        let (ball, dim) = (ball(kappa, margin)?, dim as usize);
        let options: MeanOptions = from_json("the options of the mean", &options)?;
        let weights = weights.as_deref();
        match &rows {
            Rows::A(rows) => found::<f32>(&ball, rows, dim, weights, &options, &cancel, |mean| Rows::A(mean.into())),
            Rows::B(rows) => found::<f64>(&ball, rows, dim, weights, &options, &cancel, |mean| Rows::B(mean.into())),
            Rows::C(rows) => {
                found(&ball, &halves(rows), dim, weights, &options, &cancel, |mean| Rows::C(bits(&mean).into()))
            }
        }
    })
    .await
}

/// Embeds a hierarchy of `nodes` nodes from its pairs, two ids a pair. `options`: `{ kappa?, dim?, epochs?, burnIn?, learningRate?, negatives?, seed? }`; with `measure` the quality is computed too, in time that grows with the square of the nodes.
#[napi]
pub async fn poincare_train(
    nodes: u32,
    pairs: Uint32Array,
    options: String,
    measure: bool,
    cancel: Option<&BindingCancel>,
    #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<OnProgress>,
) -> Outcome<BindingEmbedding> {
    let (cancel, progress) = (flag(cancel), progress(on_progress));
    run(move || -> Result<BindingEmbedding, Trouble> {
        let options: TrainOptions = from_json("the training options", &options)?;
        if !pairs.len().is_multiple_of(2) {
            return Err(Error::Length { what: "pairs", received: pairs.len(), expected: pairs.len() + 1 }.into());
        }
        let pairs: Vec<(u32, u32)> = pairs.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let made = train(nodes, &pairs, &options, &cancel, &progress)?;
        let quality = if measure { Some(evaluate(&made, &pairs, &cancel)?) } else { None };
        Ok(BindingEmbedding {
            points: made.points.into(),
            loss: made.loss,
            mean_rank: quality.map(|quality| quality.mean_rank),
            map: quality.map(|quality| quality.map),
        })
    })
    .await
}

refused!(
    Precision,
    "POINTS_TYPE",
    "rows and bases are of different precision: send both as Float32Array, Float64Array or Uint16Array"
);

/// Recentring measured against naive scaling, as a JSON array of rows. `options`: `{ points?, dim?, kappas?, offset?, spread?, seed? }`.
#[napi]
pub async fn poincare_overshoot(options: String, cancel: Option<&BindingCancel>) -> Outcome<Buffer> {
    let cancel = flag(cancel);
    run_json(move || -> Result<_, Trouble> {
        let options: Overshoot = from_json("the options of the measurement", &options)?;
        Ok(overshoot(&options, &cancel)?)
    })
    .await
}
