//! Heat that is followed only where it is thick.
//!
//! For the normalised Laplacian, row `a` of the heat kernel is a random walk's: `Ψ_am = sqrt(d_a / d_m) H(a, m)` with
//! `H = Σ_k e^-s s^k / k! P^k`. Walks push mass from node to node; what a node holds is pushed on only while it is at least
//! `ε d_m` (Andersen, Chung and Lang, FOCS 2006; Kloster and Gleich, KDD 2014, for the heat kernel). Mass that stays behind would never have held more
//! than `ε d_m` anywhere, since degrees are what walks leave as they are.
//!
//! What is missing is therefore `0 <= r_m <= sqrt(d_a / d_m) η d_m`, with `η` the sum of `ε` over the steps, each times the chance that a
//! walk goes on. Its sum is known, because the sum of a whole row of `Ψ` is one matrix function of one vector; adding
//! `i t Σ r` leaves `|φ - φ~| <= t²/n Σ (r²/2 + r x~) <= t² d_a η / n`, from which `ε` follows for the tolerance.

use super::Laplacian;
use super::characteristic::Sampler;
use super::operator::degrees;
use crate::error::Error;
use crate::graph::Graph;
use canopy_core::Cancel;

/// Share of the tolerance that the mass left behind may use; a half is the power series', the rest is for rounding.
const SHARE: f64 = 0.4;
/// Share of that for walks longer than any that is followed.
const LONG: f64 = 0.1;
/// Edge visits of a push that take as long as one step of a dense column takes for as many edges, four times over: a visit is
/// three or four random touches, a dense step shares its loads among sixteen columns.
const DEAR: f64 = 16.0;

/// Scales that one walk serves.
const PAIR: usize = 2;

/// What all threads share.
pub(super) struct Push {
    offsets: Vec<usize>,
    /// Where edges lead, and their weights.
    edges: Vec<(u32, f32)>,
    /// Weighted degrees by place.
    degrees: Vec<f32>,
    /// Where each node stands: hubs first, so that what is touched most is close together.
    places: Vec<u32>,
    /// For each pair of scales, for each step: how much of the step's mass each of them takes.
    poisson: Vec<Vec<[f32; PAIR]>>,
    /// `[scale][node]`: the sum of the node's row.
    sums: Vec<Vec<f64>>,
    /// `ε` times the degree of the node that heat comes from.
    threshold: f64,
}

/// All that a visit touches, within one cache line: a walk waits for memory and for nothing else.
#[derive(Clone, Copy, Default)]
#[repr(align(16))]
struct Cell {
    mass: f32,
    inverse: f32,
    heat: [f32; PAIR],
}

/// What one thread has for itself.
pub(super) struct Scratch {
    cells: Vec<Cell>,
    /// Lists, one longer than they can get; what stands behind their ends is of no account.
    touched: Vec<u32>,
    visited: Vec<u32>,
    /// Length of `visited`.
    seen: usize,
    active: Vec<(u32, f32)>,
    rows: Vec<(usize, usize)>,
    column: Vec<f32>,
}

impl Push {
    /// Prepares the walks; `None` where they would be slower than sweeps on every node, or on another Laplacian.
    pub(super) fn new(
        graph: &Graph,
        laplacian: Laplacian,
        scales: &[f64],
        tolerance: f64,
        max_t: f64,
        cancel: &Cancel,
    ) -> Result<Option<Self>, Error> {
        let longest = scales.iter().copied().fold(0.0, f64::max);
        let budget = SHARE * tolerance * f64::from(graph.nodes()) / (max_t * max_t);
        // Steps that walks go on for after the one at which mass may stay behind: Σ_k P(X > k) = E X = s.
        let threshold = (1.0 - LONG) * budget / longest;
        // A leaf has the highest threshold of all: where even its walks go everywhere, sweeps are better.
        if laplacian != Laplacian::Normalized || longest > 500.0 || threshold * graph.edge_count() as f64 <= 1e-2 {
            return Ok(None);
        }
        let whole: Vec<Vec<f64>> = scales.iter().map(|&scale| poisson(scale, LONG * budget)).collect();
        let steps = whole.iter().map(Vec::len).max().unwrap_or(0);
        let degrees = degrees(graph);
        let sums = row_sums(graph, &degrees, scales, steps, cancel)?;
        let mut order: Vec<u32> = (0..graph.nodes()).collect();
        order.sort_by_key(|&node| std::cmp::Reverse(graph.neighbours(node).len()));
        let mut places = vec![0; order.len()];
        (0_u32..).zip(&order).for_each(|(place, &node)| places[node as usize] = place);
        let at =
            |terms: Option<&Vec<f64>>, k: usize| terms.and_then(|terms| terms.get(k)).copied().unwrap_or(0.0) as f32;
        let pair = |pair: &[Vec<f64>]| (0..steps).map(|k| std::array::from_fn(|of| at(pair.get(of), k))).collect();
        let mut push = Self {
            offsets: vec![0],
            edges: Vec::new(),
            degrees: order.iter().map(|&node| degrees[node as usize] as f32).collect(),
            poisson: whole.chunks(PAIR).map(pair).collect(),
            places,
            sums,
            threshold,
        };
        for node in order {
            let around = graph.neighbours(node).iter().zip(graph.weights(node));
            push.edges.extend(around.map(|(&next, &weight)| (push.places[next as usize], weight as f32)));
            push.offsets.push(push.edges.len());
        }
        Ok(Some(push))
    }

    /// Whether walks from here are sooner done than sweeps of this order.
    pub(super) fn suits(&self, node: u32, order: usize) -> bool {
        let degree = f64::from(self.degrees[self.places[node as usize] as usize]);
        degree * DEAR <= self.threshold * (self.edges.len() * order) as f64
    }

    pub(super) fn scratch(&self) -> Scratch {
        let inverse = |&degree: &f32| if degree > 0.0 { 1.0 / degree } else { 0.0 };
        Scratch {
            cells: self.degrees.iter().map(|degree| Cell { inverse: inverse(degree), ..Cell::default() }).collect(),
            touched: vec![0; self.degrees.len() + 1],
            visited: vec![0; self.degrees.len() + 1],
            seen: 0,
            active: vec![(0, 0.0); self.degrees.len() + 1],
            rows: vec![(0, 0); self.degrees.len() + 1],
            column: Vec::new(),
        }
    }

    /// Embeds one node into its row.
    pub(super) fn embed(&self, node: u32, sampler: &Sampler, out: &mut [f64], scratch: &mut Scratch) {
        let from = self.places[node as usize];
        let degree = self.degrees[from as usize];
        let width = out.len() / self.sums.len();
        for (shares, (outs, sums)) in self.poisson.iter().zip(out.chunks_mut(PAIR * width).zip(self.sums.chunks(PAIR)))
        {
            self.walk(from, shares, scratch);
            let Scratch { cells, visited, seen, column, .. } = scratch;
            let visited = &visited[..*seen];
            for (of, (out, sums)) in outs.chunks_exact_mut(width).zip(sums).enumerate() {
                column.clear();
                column.extend(visited.iter().map(|&place| {
                    let cell = &cells[place as usize];
                    // An isolated node keeps its heat.
                    if degree > 0.0 { (degree * cell.inverse).sqrt() * cell.heat[of] } else { cell.heat[of] }
                }));
                let held: f64 = column.iter().map(|&x| f64::from(x)).sum();
                let missing = (sums[node as usize] - held).max(0.0);
                sampler.sample_one(column, self.degrees.len() - column.len(), missing, out);
            }
            visited.iter().for_each(|&place| cells[place as usize].heat = [0.0; PAIR]);
        }
    }

    /// Lets mass walk from `from`; leaves what each scale gets in the cells and their places in `visited`.
    fn walk(&self, from: u32, poisson: &[[f32; PAIR]], scratch: &mut Scratch) {
        let Scratch { cells, touched, visited, seen, active, rows, .. } = scratch;
        let degree = self.degrees[from as usize];
        (visited[0], *seen) = (from, 1);
        if degree == 0.0 {
            // Nothing leaves an isolated node.
            cells[from as usize].heat = [1.0; PAIR];
            return;
        }
        cells[from as usize].heat = poisson[0];
        let least = (self.threshold / f64::from(degree)) as f32;
        // No branch waits for what a cell holds: lists are written at their end and grow by a condition, so that the
        // processor has dozens of cells under way at a time. With branches a visit took three times as long.
        (active[0], rows[0]) = ((from, 1.0 / degree), self.row(from));
        let mut count = 1;
        for &[one, two] in &poisson[1..] {
            let mut reached = 0;
            for (&(_, share), &(start, end)) in active[..count].iter().zip(&rows[..count]) {
                for &(to, weight) in &self.edges[start..end] {
                    let cell = &mut cells[to as usize];
                    touched[reached] = to;
                    reached += usize::from(cell.mass == 0.0);
                    cell.mass += share * weight;
                }
            }
            count = 0;
            for &place in &touched[..reached] {
                let cell = &mut cells[place as usize];
                let held = std::mem::take(&mut cell.mass);
                visited[*seen] = place;
                *seen += usize::from(cell.heat[0] == 0.0 && cell.heat[1] == 0.0);
                cell.heat[0] += one * held;
                cell.heat[1] += two * held;
                let share = held * cell.inverse;
                active[count] = (place, share);
                count += usize::from(share >= least);
            }
            if count == 0 {
                break;
            }
            for (row, &(place, _)) in rows.iter_mut().zip(&active[..count]) {
                *row = self.row(place);
            }
        }
    }

    fn row(&self, place: u32) -> (usize, usize) {
        (self.offsets[place as usize], self.offsets[place as usize + 1])
    }
}

/// `e^-s s^k / k!` until what is left of it is at most `rest`.
fn poisson(scale: f64, rest: f64) -> Vec<f64> {
    let (mut term, mut left) = ((-scale).exp(), 1.0);
    let mut terms = Vec::new();
    for k in 1.. {
        terms.push(term);
        left -= term;
        // Beyond this, rounding alone keeps the rest above 0.
        if left <= rest.max(1e-14) || k > 10_000 {
            break;
        }
        term *= scale / f64::from(k);
    }
    terms
}

/// For each scale the sum of each node's row of the heat kernel: `D^½ exp(-s (I - P)) D^-½ 1`, by walks of the same lengths.
fn row_sums(
    graph: &Graph,
    degrees: &[f64],
    scales: &[f64],
    steps: usize,
    cancel: &Cancel,
) -> Result<Vec<Vec<f64>>, Error> {
    let root = |degree: f64| if degree > 0.0 { degree.sqrt() } else { 1.0 };
    let mut now: Vec<f64> = degrees.iter().map(|&degree| 1.0 / root(degree)).collect();
    let mut sums = vec![vec![0.0; degrees.len()]; scales.len()];
    let mut shares: Vec<f64> = scales.iter().map(|scale| (-scale).exp()).collect();
    // Longer than any walk that is followed, so that these sums are whole.
    for k in 1..steps + 64 {
        cancel.check()?;
        for ((sums, share), scale) in sums.iter_mut().zip(&mut shares).zip(scales) {
            sums.iter_mut().zip(&now).for_each(|(sum, value)| *sum += *share * value);
            *share *= scale / k as f64;
        }
        let next = (0..graph.nodes()).map(|node| {
            let around = graph.neighbours(node).iter().zip(graph.weights(node));
            let total: f64 = around.map(|(&to, weight)| weight * now[to as usize]).sum();
            let degree = degrees[node as usize];
            if degree > 0.0 { total / degree } else { now[node as usize] }
        });
        now = next.collect();
    }
    for sums in &mut sums {
        sums.iter_mut().zip(degrees).for_each(|(sum, &degree)| *sum *= root(degree));
    }
    Ok(sums)
}

#[cfg(test)]
#[path = "../../tests/growing/mod.rs"]
mod growing;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edge, GraphOptions, GraphWaveOptions, graphwave};
    use canopy_core::Progress;

    #[test]
    fn walks_keep_the_tolerance_that_sweeps_keep() {
        let edge = |(source, target, weight)| Edge { source, target, weight };
        let edges: Vec<Edge> = growing::growing(3000, 3).into_iter().map(edge).collect();
        let graph = Graph::from_edges(3000, &edges, GraphOptions::default()).expect("edges are valid");
        let cancel = Cancel::new();
        let scales = vec![0.5, 1.0, 2.0];
        let base = GraphWaveOptions { scales: Some(scales.clone()), max_t: 20.0, ..GraphWaveOptions::default() };
        let precise = GraphWaveOptions { tolerance: 1e-11, ..base };
        let oracle = graphwave(&graph, &precise, &cancel, &Progress::default()).expect("embeds");
        for tolerance in [1e-2, 1e-3] {
            let push = Push::new(&graph, Laplacian::Normalized, &scales, tolerance, 20.0, &cancel);
            let push = push.expect("is not cancelled").expect("walks pay");
            let (sampler, mut scratch) = (Sampler::new(25, 20.0, 0.5 * tolerance), push.scratch());
            let (mut walked, mut worst, mut row) = (0, 0.0_f64, vec![0.0; oracle.dim]);
            for node in 0..graph.nodes() {
                if push.suits(node, 8) {
                    walked += 1;
                    push.embed(node, &sampler, &mut row, &mut scratch);
                    let exact = &oracle.rows[node as usize * oracle.dim..][..oracle.dim];
                    row.iter().zip(exact).for_each(|(x, y)| worst = worst.max((x - y).abs()));
                }
            }
            assert!(walked > 1000, "{walked} nodes at {tolerance}");
            assert!(worst <= tolerance, "{worst} at {tolerance}");
            // Mass was really left behind: the walks didn't simply go everywhere.
            assert!(worst > 1e-9, "{worst} at {tolerance}");
        }
    }
}
