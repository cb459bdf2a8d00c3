//! Moving the weights of a graph towards a wanted diagram.

use crate::diagram::{Bar, MISSING};
use crate::distance::wasserstein;
use crate::edges::{Edge, WeightedGraph};
use crate::error::Error;
use crate::persistence::{PersistenceOptions, persistence};
use canopy_core::{Cancel, Progress};
use std::collections::BTreeMap;

/// How to correct.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CorrectionOptions {
    /// Dimension of the diagram: 0 or 1.
    pub dimension: u8,
    /// A distance up to this is close enough; 0 or more.
    pub epsilon: f64,
    /// Order of the Wasserstein distance, 1 to 64.
    pub order: f64,
    /// Most rounds.
    pub iterations: u32,
}

impl Default for CorrectionOptions {
    fn default() -> Self {
        Self { dimension: 1, epsilon: 1e-6, order: 2.0, iterations: 100 }
    }
}

/// A corrected graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// The graph with its new weights; no edge was added or taken away.
    pub graph: WeightedGraph,
    /// Edges whose weight changed, with the weight they had.
    pub changed: Vec<(Edge, f64)>,
    /// Distance to the target before.
    pub before: f64,
    /// Distance to the target now; never more than before.
    pub after: f64,
    /// Rounds that lowered the distance.
    pub iterations: u32,
    /// Whether the distance is within epsilon.
    pub reached: bool,
}

/// Shorter steps than this share of the way have stopped paying.
const LEAST_STEP: f64 = 1.0 / 64.0;

/// What one bar wants of the edges that set its ends: the edge and the change of its weight.
fn wishes(bar: &Bar, target: Option<(f64, f64)>) -> impl Iterator<Item = ((u32, u32), f64)> {
    let endless = bar.destroyer[0] == MISSING;
    let middle = if bar.dimension == 0 { 0.0 } else { bar.birth.midpoint(bar.death) };
    // A loop that nothing fills can't be moved to the diagonal.
    let (birth, death) = target.unwrap_or(if endless { (bar.birth, bar.death) } else { (middle, middle) });
    // Nodes enter at 0 whatever we do.
    let start = (bar.dimension == 1).then_some(((bar.creator[0], bar.creator[1]), birth - bar.birth));
    let end = (!endless && death.is_finite()).then_some(((bar.destroyer[0], bar.destroyer[1]), death - bar.death));
    start.into_iter().chain(end)
}

/// Changes the weights of a graph until the diagram of one dimension is within `epsilon` of the target, or no step lowers the
/// distance any more. Within epsilon nothing is changed.
///
/// Each round matches the diagram with the target (optimally, and bars left over with targets left over) and moves the edges that create and end each bar towards their
/// target (bars that match nothing towards the diagonal), as in Poulenard, Skraba and Ovsjanikov (2018); where bars want different things of an edge,
/// it gets their mean. A round that doesn't lower the distance is tried again at half the step. Bars that the target has and the graph
/// lacks can't be made by moving weights of existing edges alone; `reached` is `false` then.
///
/// # Errors
/// [`Error::Dimension`], [`Error::Option`], [`Error::Point`], [`Error::TooLarge`], [`Error::Cancelled`].
pub fn correct(
    graph: &WeightedGraph,
    target: &[(f64, f64)],
    options: &CorrectionOptions,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<Correction, Error> {
    if options.dimension > 1 {
        return Err(Error::Dimension { received: options.dimension });
    }
    if options.epsilon.is_nan() || options.epsilon < 0.0 {
        return Err(Error::Option { name: "epsilon", received: options.epsilon, expected: "choose 0 or more" });
    }
    let measure = |graph: &WeightedGraph| -> Result<_, Error> {
        let diagram = persistence(graph, &PersistenceOptions { max_dimension: options.dimension }, cancel)?;
        let found = wasserstein(&diagram.points(options.dimension), target, options.order, cancel)?;
        let bars: Vec<Bar> = diagram.of(options.dimension).copied().collect();
        Ok((found.distance, bars, found.matching))
    };
    let mut now = graph.clone();
    let (before, mut bars, mut matching) = measure(graph)?;
    let (mut after, mut iterations, mut step) = (before, 0, 1.0);
    let mut paired = true;
    while after > options.epsilon && iterations < options.iterations && step >= LEAST_STEP {
        let goal = if paired { pair_up(&bars, &matching, target) } else { matching.clone() };
        let tried = moved(&now, &bars, &goal, target, step)?;
        let (distance, new_bars, new_matching) = measure(&tried)?;
        if distance < after {
            (now, after, bars, matching) = (tried, distance, new_bars, new_matching);
            iterations += 1;
            (step, paired) = (1.0, true);
            progress.report(u64::from(iterations), u64::from(options.iterations));
        } else {
            step *= 0.5;
            if step < LEAST_STEP && paired {
                (step, paired) = (1.0, false);
            }
        }
    }
    progress.finish(u64::from(iterations), u64::from(iterations));
    let old: BTreeMap<(u32, u32), f64> = graph.edges().iter().map(|edge| ((edge.a, edge.b), edge.weight)).collect();
    let changed = now.edges().iter().map(|&edge| (edge, old[&(edge.a, edge.b)]));
    let changed = changed.filter(|(edge, old)| edge.weight != *old).collect();
    Ok(Correction { changed, graph: now, before, after, iterations, reached: after <= options.epsilon })
}

/// The matching with bars and targets that both go to the diagonal paired up, longest first: the way from a long bar to its target
/// may start where leaving both alone still costs less.
fn pair_up(bars: &[Bar], matching: &[Option<usize>], target: &[(f64, f64)]) -> Vec<Option<usize>> {
    let mut matching = matching.to_vec();
    let mut taken = vec![false; target.len()];
    matching.iter().flatten().for_each(|&at| taken[at] = true);
    let length = |point: (f64, f64)| point.1 - point.0;
    let mut free: Vec<usize> = (0..target.len()).filter(|&at| !taken[at] && length(target[at]).is_finite()).collect();
    free.sort_by(|&x, &y| length(target[y]).total_cmp(&length(target[x])));
    let mut alone: Vec<usize> =
        (0..bars.len()).filter(|&at| matching[at].is_none() && bars[at].death.is_finite()).collect();
    alone.sort_by(|&x, &y| length((bars[y].birth, bars[y].death)).total_cmp(&length((bars[x].birth, bars[x].death))));
    alone.into_iter().zip(free).for_each(|(bar, at)| matching[bar] = Some(at));
    matching
}

fn moved(
    graph: &WeightedGraph,
    bars: &[Bar],
    matching: &[Option<usize>],
    target: &[(f64, f64)],
    step: f64,
) -> Result<WeightedGraph, Error> {
    let mut wanted: BTreeMap<(u32, u32), (f64, f64)> = BTreeMap::new();
    for (bar, partner) in bars.iter().zip(matching) {
        for ((a, b), change) in wishes(bar, partner.map(|at| target[at])) {
            let entry = wanted.entry((a.min(b), a.max(b))).or_default();
            *entry = (entry.0 + change, entry.1 + 1.0);
        }
    }
    let edges = graph.edges().iter().map(|&edge| {
        let (sum, count) = wanted.get(&(edge.a, edge.b)).copied().unwrap_or((0.0, 1.0));
        Edge { weight: (edge.weight + step * sum / count).max(0.0), ..edge }
    });
    WeightedGraph::from_edges(graph.nodes(), edges.collect())
}
