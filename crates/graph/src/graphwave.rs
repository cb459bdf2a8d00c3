//! GraphWave (Donnat, Zitnik, Hallac and Leskovec, KDD 2018): nodes that play the same part have the same embedding.
//!
//! Column `a` of the heat kernel `Ψ = exp(-s L)` is a distribution of heat; node `a`'s embedding is its characteristic function
//! `φ(t) = (1/n) Σ_m exp(i t Ψ_ma)` at evenly spaced `t`, for each scale `s`.
//!
//! Columns come in blocks from Chebyshev polynomials, whose order follows from the Bessel tail for the tolerance asked for. The
//! characteristic function of the many small entries is a power series in their moments (an entry that doesn't count is the
//! zeroth: it adds 1); only the few large ones are rotated point by point. Where the tolerance leaves room, as it does on large graphs, heat is
//! followed only where it is thick, and the sum of the rest is known. Nothing of size n × n is ever held.

mod characteristic;
mod chebyshev;
mod exact;
mod gpu;
mod operator;
mod push;
mod spectrum;

pub use spectrum::{Spectrum, spectrum};

use crate::error::Error;
use crate::graph::Graph;
use canopy_core::{Cancel, Progress};
use characteristic::Sampler;
use chebyshev::Series;
use operator::{Number, Operator, degrees, largest};
use push::Push;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which Laplacian spreads the heat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Laplacian {
    /// `I - D^-½ A D^-½`: spectrum within 0 and 2, scales mean the same on every graph.
    #[default]
    Normalized,
    /// `D - A`: heat leaves a node in proportion to its degree.
    Combinatorial,
}

/// How to embed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct GraphWaveOptions {
    /// Scales, each above 0; `None` takes the smallest and largest that the spectrum suggests.
    pub scales: Option<Vec<f64>>,
    /// Points at which the characteristic function is sampled, from 0 to `max_t`, 2 to 1,024.
    pub points: usize,
    /// The last point.
    pub max_t: f64,
    /// Most that a value may differ from exact arithmetic: 1e-12 to 0.1. Heat is spread in single precision where that
    /// keeps it.
    pub tolerance: f64,
    /// Which Laplacian.
    pub laplacian: Laplacian,
    /// Whether to decompose the Laplacian densely: the yardstick, for up to [`MAX_EXACT`] nodes.
    pub exact: bool,
}

impl Default for GraphWaveOptions {
    fn default() -> Self {
        Self { scales: None, points: 25, max_t: 100.0, tolerance: 1e-8, laplacian: Laplacian::Normalized, exact: false }
    }
}

/// Most nodes of the exact mode: the decomposition takes cubic time.
pub const MAX_EXACT: u32 = 4096;
/// Nodes that walks embed between two looks at the cancel flag.
const WALKS: usize = 16;

/// Structural embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphWave {
    /// One row a node of [`GraphWave::dim`] values: for each scale, for each point, real and imaginary part.
    pub rows: Vec<f64>,
    /// Values a row.
    pub dim: usize,
    /// The scales.
    pub scales: Vec<f64>,
    /// The points.
    pub points: Vec<f64>,
    /// Order of the polynomial; 0 in exact mode.
    pub order: usize,
}

impl GraphWaveOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |name, received, expected| Err(Error::Option { name, received, expected });
        if let Some(scale) = self.scales.iter().flatten().find(|scale| !(**scale > 0.0 && **scale <= 1e6)) {
            return refuse("scales", *scale, "choose scales above 0, up to 1e6");
        }
        if !(1..=64).contains(&self.scales.as_ref().map_or(2, Vec::len)) {
            return refuse("scales", self.scales.as_ref().map_or(0.0, |s| s.len() as f64), "choose 1 to 64 scales");
        }
        if !(2..=1024).contains(&self.points) {
            return refuse("points", self.points as f64, "choose 2 to 1024 points");
        }
        if !(self.max_t > 0.0 && self.max_t <= 1e6) {
            return refuse("maxT", self.max_t, "choose a number above 0, up to 1e6");
        }
        if !(1e-12..=0.1).contains(&self.tolerance) {
            return refuse("tolerance", self.tolerance, "choose 1e-12 to 0.1");
        }
        Ok(())
    }
}

impl GraphWaveOptions {
    /// |exp(itx) - exp(ity)| <= t|x - y|, and the error of a column is at most `tail` in the 2-norm, so its mean at most
    /// `tail / sqrt(n)`. A quarter of the tolerance each for this and for rounding, half for the power series.
    fn series(&self, graph: &Graph, scales: &[f64]) -> Series {
        let tail = 0.25 * self.tolerance * f64::from(graph.nodes()).sqrt() / self.max_t;
        let half_width = 0.5 * largest(graph, self.laplacian, &degrees(graph));
        Series::new(scales, half_width, tail)
    }

    /// The order of the polynomial for the scales named.
    pub(crate) fn order(&self, graph: &Graph) -> usize {
        self.series(graph, self.scales.as_deref().unwrap_or_default()).order()
    }
}

/// Whether single precision is precise enough: each term of the recurrence adds a rounding of a column whose norm is at most 1, so a column is
/// off by some `2 order 2^-24`, a value by `max_t / sqrt(n)` of that, which may use up a quarter of the tolerance.
fn single_will_do(options: &GraphWaveOptions, order: usize, nodes: u32) -> bool {
    let column = 2.0 * order as f64 * f64::from(f32::EPSILON) / 2.0;
    column * options.max_t / f64::from(nodes).sqrt() <= 0.25 * options.tolerance
}

/// Embeds every node. A directed graph counts as undirected; isolated nodes keep their heat.
///
/// # Errors
/// [`Error::Empty`] without nodes, [`Error::Option`], [`Error::TooLarge`] (exact mode), [`Error::Cancelled`].
pub fn graphwave(
    graph: &Graph,
    options: &GraphWaveOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<GraphWave, Error> {
    options.check()?;
    if graph.nodes() == 0 {
        return Err(Error::Empty { what: "nodes" });
    }
    if options.exact && graph.nodes() > MAX_EXACT {
        let (received, limit) = (u64::from(graph.nodes()), u64::from(MAX_EXACT));
        let advice = "leave exact out: the tolerance is kept without it";
        return Err(Error::TooLarge { what: "nodes in exact mode", received, limit, advice });
    }
    let graph = &graph.undirected();
    let scales = match &options.scales {
        Some(scales) => scales.clone(),
        None => spectrum(graph, options.laplacian, cancel)?.scales().to_vec(),
    };
    let step = options.max_t / (options.points - 1) as f64;
    let mut found = GraphWave {
        rows: vec![0.0; graph.nodes() as usize * scales.len() * options.points * 2],
        dim: scales.len() * options.points * 2,
        points: (0..options.points).map(|at| step * at as f64).collect(),
        scales,
        order: 0,
    };
    if options.exact {
        exact::embed(graph, options.laplacian, &mut found, cancel)?;
    } else {
        let series = options.series(graph, &found.scales);
        found.order = series.order();
        if single_will_do(options, found.order, graph.nodes()) {
            stream::<f32>(graph, options, &series, &mut found, cancel, progress)?;
        } else {
            stream::<f64>(graph, options, &series, &mut found, cancel, progress)?;
        }
    }
    progress.finish(u64::from(graph.nodes()), u64::from(graph.nodes()));
    Ok(found)
}

/// A node and its row.
type Place<'a> = (u32, &'a mut [f64]);

/// Embeds nodes by walks where these are sooner done, the others by block after block of columns.
fn stream<T: Number>(
    graph: &Graph,
    options: &GraphWaveOptions,
    series: &Series,
    found: &mut GraphWave,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<(), Error> {
    if gpu::embed::<T>(graph, options, series, found, cancel, progress)? {
        return Ok(());
    }
    let n = u64::from(graph.nodes());
    let sampler = Sampler::new(options.points, options.max_t, 0.5 * options.tolerance);
    let push = Push::new(graph, options.laplacian, &found.scales, options.tolerance, options.max_t, cancel)?;
    let (dim, scales) = (found.dim, found.scales.len());
    let places: Vec<Place<'_>> = (0..).zip(found.rows.chunks_exact_mut(dim)).collect();
    let suits = |node| push.as_ref().is_some_and(|push| push.suits(node, found.order));
    let (mut near, mut far): (Vec<_>, Vec<_>) = places.into_iter().partition(|(node, _)| suits(*node));
    let done = AtomicU64::new(0);
    let report = |count: usize| progress.report(done.fetch_add(count as u64, Ordering::Relaxed), n);
    if let Some(push) = push.filter(|_| !near.is_empty()) {
        near.par_chunks_mut(WALKS).try_for_each_init(
            || push.scratch(),
            |scratch, places| {
                cancel.check()?;
                places.iter_mut().for_each(|(node, row)| push.embed(*node, &sampler, row, scratch));
                report(places.len());
                Ok::<_, Error>(())
            },
        )?;
    }
    if far.is_empty() {
        return Ok(());
    }
    let operator = Operator::<T>::new(graph, options.laplacian);
    far.par_chunks_mut(T::LANES).try_for_each_init(
        || operator.scratch(scales),
        |scratch, places| {
            cancel.check()?;
            let nodes: Vec<u32> = places.iter().map(|(node, _)| *node).collect();
            operator.spread(&nodes, series, scratch);
            for (scale, heat) in scratch.heat.iter().enumerate() {
                let at = scale * options.points * 2;
                let mut outs = places.iter_mut().map(|(_, row)| &mut row[at..at + options.points * 2]);
                T::sample(&sampler, heat, &mut outs, &mut scratch.large);
            }
            report(places.len());
            Ok(())
        },
    )
}
