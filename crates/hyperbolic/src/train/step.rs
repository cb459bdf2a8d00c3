//! One step of the descent, in the unit ball.

use super::{Relations, TRAINING_MARGIN, TrainOptions};

/// Points and scratch of a training run.
pub(super) struct Trainer<'a> {
    points: Vec<f64>,
    dim: usize,
    nodes: u32,
    negatives: usize,
    relations: &'a Relations,
    random: fastrand::Rng,
    drawn: Vec<u32>,
    distances: Vec<f64>,
    /// Unit directions from the first node to each drawn one, then from each drawn one back.
    there: Vec<f64>,
    back: Vec<f64>,
    tangent: Vec<f64>,
}

/// Distances below this have no direction worth following.
const TOGETHER: f64 = 1e-12;
/// Draws for one negative before a node that is related to nearly everything goes without.
const ATTEMPTS: usize = 20;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Distance of `x` and `y` in the unit ball; `unit` becomes the direction at `x` towards `y`, of Euclidean length 1.
fn towards(x: &[f64], y: &[f64], unit: &mut [f64]) -> f64 {
    unit.iter_mut().zip(x).zip(y).for_each(|((unit, x), y)| *unit = y - x);
    let square = dot(unit, unit);
    let (gap_x, gap_y) = (1.0 - dot(x, x), 1.0 - dot(y, y));
    let distance = 2.0 * (square / (gap_x * gap_y)).sqrt().asinh();
    if distance < TOGETHER {
        unit.fill(0.0);
        return distance;
    }
    let norm = (square * (square + gap_x * gap_y)).sqrt();
    unit.iter_mut().zip(x).for_each(|(unit, x)| *unit = (gap_x * *unit - square * x) / norm);
    distance
}

/// Moves `x` along the geodesic by the hyperbolic step `v` (a tangent in units where lengths at `x` are hyperbolic).
fn walk(x: &mut [f64], v: &[f64]) {
    let length = dot(v, v).sqrt();
    if length < TOGETHER {
        return;
    }
    // exp_x of a step of hyperbolic length |v| is x ⊕ tanh(|v| / 2) v / |v|.
    let factor = (0.5 * length).tanh() / length;
    let gap_x = 1.0 - dot(x, x);
    let gap_y = 1.0 - (factor * length).powi(2);
    let square: f64 = x.iter().zip(v).map(|(x, v)| (x + factor * v).powi(2)).sum();
    let whole = square + gap_x * gap_y;
    x.iter_mut().zip(v).for_each(|(x, v)| *x = (square * *x + gap_x * (*x + factor * v)) / whole);
    let norm = dot(x, x).sqrt();
    if norm > 1.0 - TRAINING_MARGIN {
        x.iter_mut().for_each(|x| *x *= (1.0 - TRAINING_MARGIN) / norm);
    }
}

impl<'a> Trainer<'a> {
    pub(super) fn new(nodes: u32, options: &TrainOptions, relations: &'a Relations) -> Self {
        let (dim, width) = (options.dim, options.negatives + 1);
        let mut random = fastrand::Rng::with_seed(options.seed);
        let points = (0..nodes as usize * dim).map(|_| 2e-3 * random.f64() - 1e-3).collect::<Vec<f64>>();
        // A thousandth of the radius, whatever the dimension.
        let shrink = (dim as f64).sqrt().recip();
        Self {
            points: points.into_iter().map(|x| x * shrink).collect(),
            dim,
            nodes,
            negatives: options.negatives,
            relations,
            random,
            drawn: Vec::with_capacity(width),
            distances: Vec::with_capacity(width),
            there: vec![0.0; width * dim],
            back: vec![0.0; width * dim],
            tangent: vec![0.0; dim],
        }
    }

    pub(super) fn shuffle(&mut self, order: &mut [u32]) {
        self.random.shuffle(order);
    }

    pub(super) fn into_points(self) -> Vec<f64> {
        self.points
    }

    fn point(&self, node: u32) -> &[f64] {
        &self.points[node as usize * self.dim..][..self.dim]
    }

    /// Trains one pair from a random end; returns its loss.
    pub(super) fn pair(&mut self, (a, b): (u32, u32), rate: f64) -> f64 {
        let (u, v) = if self.random.bool() { (a, b) } else { (b, a) };
        self.drawn.clear();
        self.drawn.push(v);
        for _ in 0..self.negatives {
            let free = (0..ATTEMPTS).map(|_| self.random.u32(0..self.nodes));
            let related = self.relations.of(u);
            let mut free = free.filter(|node| *node != u && related.binary_search(node).is_err());
            if let Some(node) = free.next() {
                self.drawn.push(node);
            }
        }
        self.distances.clear();
        for (at, &node) in self.drawn.iter().enumerate() {
            let span = at * self.dim..(at + 1) * self.dim;
            let (x, y) = (
                &self.points[u as usize * self.dim..][..self.dim],
                &self.points[node as usize * self.dim..][..self.dim],
            );
            self.distances.push(towards(x, y, &mut self.there[span.clone()]));
            towards(y, x, &mut self.back[span]);
        }
        self.descend(u, rate)
    }

    /// Softmax over minus the distances; the gradient of a distance is minus the unit direction.
    fn descend(&mut self, u: u32, rate: f64) -> f64 {
        let nearest = self.distances.iter().copied().fold(f64::INFINITY, f64::min);
        let sum: f64 = self.distances.iter().map(|d| (nearest - d).exp()).sum();
        let loss = self.distances[0] - nearest + sum.ln();
        let mut pull = std::mem::take(&mut self.tangent);
        pull.fill(0.0);
        for at in 0..self.drawn.len() {
            let share = (nearest - self.distances[at]).exp() / sum;
            let towards = rate * (f64::from(u8::from(at == 0)) - share);
            let span = at * self.dim..(at + 1) * self.dim;
            pull.iter_mut().zip(&self.there[span.clone()]).for_each(|(pull, unit)| *pull += towards * unit);
            self.back[span.clone()].iter_mut().for_each(|unit| *unit *= towards);
            walk(&mut self.points[self.drawn[at] as usize * self.dim..][..self.dim], &self.back[span]);
        }
        walk(&mut self.points[u as usize * self.dim..][..self.dim], &pull);
        self.tangent = pull;
        debug_assert!(self.point(u).iter().all(|x| x.is_finite()));
        loss
    }
}
