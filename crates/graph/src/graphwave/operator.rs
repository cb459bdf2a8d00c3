//! The scaled Laplacian, and heat spread from a block of nodes.

use super::Laplacian;
use super::characteristic::Sampler;
use super::chebyshev::Series;
use crate::graph::Graph;

/// `L = h (1 + y)` with the spectrum of `y` within -1 and 1, as rows of sparse weights of `2 y`.
#[derive(Debug, Clone)]
pub(super) struct Operator<T> {
    pub(super) offsets: Vec<usize>,
    pub(super) targets: Vec<u32>,
    /// Twice the entries of `y`.
    pub(super) weights: Vec<T>,
    pub(super) diagonal: Vec<T>,
    /// Where each node's row stands: nodes of high degree come first, so that what most rows read stays in the cache.
    pub(super) places: Vec<u32>,
}

/// Buffers of one block: rows of `T::LANES` columns.
pub(super) struct Scratch<T> {
    now: Vec<T>,
    before: Vec<T>,
    pub(super) heat: Vec<Vec<T>>,
    /// Rows that hold anything after the first step.
    active: Vec<u32>,
    pub(super) large: Vec<Vec<f64>>,
}

/// A number that heat is computed in.
pub(super) trait Number:
    Copy
    + Default
    + Send
    + Sync
    + Into<f64>
    + std::ops::Mul<Output = Self>
    + std::ops::AddAssign
    + canopy_cuda::HeatNumber
    + 'static
{
    /// Columns of a block: a row of them is one or two cache lines.
    const LANES: usize;

    fn from_f64(value: f64) -> Self;
    /// One step of the recurrence; see [`step`].
    fn step(operator: &Operator<Self>, now: &[Self], before: &mut [Self], due: Option<Due<'_, Self>>);
    /// Samples the characteristic function of each column.
    fn sample(sampler: &Sampler, heat: &[Self], outs: &mut dyn Iterator<Item = &'_ mut [f64]>, large: &mut [Vec<f64>]);
}

/// What a step adds to the heat of each scale: the coefficients of the row before, now and next; `None` when nothing is due. Three terms at
/// a time cost a third of the memory traffic of one at a time, which was most of the whole.
pub(super) struct Due<'a, T> {
    heat: &'a mut [Vec<T>],
    factors: &'a [[T; 3]],
}

/// `before = 2 y now - before`, and the heat gains what is due.
#[inline(always)]
fn step<T, const LANES: usize>(operator: &Operator<T>, now: &[T], before: &mut [T], due: Option<Due<'_, T>>)
where
    T: Copy + Default + std::ops::Mul<Output = T> + std::ops::Sub<Output = T> + std::ops::AddAssign,
{
    let (now, _) = now.as_chunks::<LANES>();
    let (before, _) = before.as_chunks_mut::<LANES>();
    let (heat, factors): (&mut [Vec<T>], &[[T; 3]]) = match due {
        Some(due) => (due.heat, due.factors),
        None => (&mut [], &[]),
    };
    for (row, out) in before.iter_mut().enumerate() {
        let mut sums = [T::default(); LANES];
        let diagonal = operator.diagonal[row];
        for lane in 0..LANES {
            sums[lane] = diagonal * now[row][lane] - out[lane];
        }
        let span = operator.offsets[row]..operator.offsets[row + 1];
        for (&target, &weight) in operator.targets[span.clone()].iter().zip(&operator.weights[span]) {
            let from = &now[target as usize];
            for lane in 0..LANES {
                sums[lane] += weight * from[lane];
            }
        }
        for (heat, factors) in heat.iter_mut().zip(factors) {
            let (heat, _) = heat.as_chunks_mut::<LANES>();
            let heat = &mut heat[row];
            let mut total = *heat;
            for (values, &factor) in [&*out, &now[row], &sums].into_iter().zip(factors) {
                for lane in 0..LANES {
                    total[lane] += factor * values[lane];
                }
            }
            *heat = total;
        }
        *out = sums;
    }
}

macro_rules! number {
    ($type:ty, $lanes:literal) => {
        impl Number for $type {
            const LANES: usize = $lanes;

            fn from_f64(value: f64) -> Self {
                value as $type
            }

            fn step(operator: &Operator<Self>, now: &[Self], before: &mut [Self], due: Option<Due<'_, Self>>) {
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx2")]
                    fn avx2(
                        operator: &Operator<$type>,
                        now: &[$type],
                        before: &mut [$type],
                        due: Option<Due<'_, $type>>,
                    ) {
                        step::<$type, $lanes>(operator, now, before, due);
                    }
                    #[target_feature(enable = "avx512f,avx2")]
                    fn avx512(
                        operator: &Operator<$type>,
                        now: &[$type],
                        before: &mut [$type],
                        due: Option<Due<'_, $type>>,
                    ) {
                        step::<$type, $lanes>(operator, now, before, due);
                    }
                    if is_x86_feature_detected!("avx512f") {
                        // SAFETY: the machine was just seen to have it.
                        return unsafe { avx512(operator, now, before, due) };
                    }
                    if is_x86_feature_detected!("avx2") {
                        // SAFETY: as above.
                        return unsafe { avx2(operator, now, before, due) };
                    }
                }
                step::<$type, $lanes>(operator, now, before, due);
            }

            fn sample(
                sampler: &Sampler,
                heat: &[Self],
                outs: &mut dyn Iterator<Item = &'_ mut [f64]>,
                large: &mut [Vec<f64>],
            ) {
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx2")]
                    fn avx2(
                        sampler: &Sampler,
                        heat: &[$type],
                        outs: &mut dyn Iterator<Item = &'_ mut [f64]>,
                        large: &mut [Vec<f64>],
                    ) {
                        sampler.sample::<$type, $lanes>(heat, outs, large);
                    }
                    #[target_feature(enable = "avx512f,avx2")]
                    fn avx512(
                        sampler: &Sampler,
                        heat: &[$type],
                        outs: &mut dyn Iterator<Item = &'_ mut [f64]>,
                        large: &mut [Vec<f64>],
                    ) {
                        sampler.sample::<$type, $lanes>(heat, outs, large);
                    }
                    if is_x86_feature_detected!("avx512f") {
                        // SAFETY: the machine was just seen to have it.
                        return unsafe { avx512(sampler, heat, outs, large) };
                    }
                    if is_x86_feature_detected!("avx2") {
                        // SAFETY: as above.
                        return unsafe { avx2(sampler, heat, outs, large) };
                    }
                }
                sampler.sample::<$type, $lanes>(heat, outs, large);
            }
        }
    };
}
number!(f64, 16);
number!(f32, 16);

/// Sum of the weights around each node.
pub(super) fn degrees(graph: &Graph) -> Vec<f64> {
    (0..graph.nodes()).map(|node| graph.weights(node).iter().sum()).collect()
}

/// An entry of the Laplacian off its diagonal.
pub(super) fn entry(laplacian: Laplacian, weight: f64, from: f64, to: f64) -> f64 {
    match laplacian {
        Laplacian::Normalized => -weight / (from.sqrt() * to.sqrt()),
        Laplacian::Combinatorial => -weight,
    }
}

/// An entry on the diagonal.
pub(super) fn diagonal(laplacian: Laplacian, degree: f64) -> f64 {
    match laplacian {
        // An isolated node neither gains nor loses heat.
        Laplacian::Normalized => f64::from(u8::from(degree > 0.0)),
        Laplacian::Combinatorial => degree,
    }
}

/// A number that no eigenvalue exceeds.
pub(super) fn largest(graph: &Graph, laplacian: Laplacian, degrees: &[f64]) -> f64 {
    match laplacian {
        Laplacian::Normalized => 2.0,
        // Anderson and Morley: the largest sum of two adjacent degrees.
        Laplacian::Combinatorial => graph
            .edges()
            .map(|edge| degrees[edge.source as usize] + degrees[edge.target as usize])
            // Any bound does where nothing flows, but one that can be divided by.
            .fold(1e-6, f64::max),
    }
}

impl<T: Number> Operator<T> {
    pub(super) fn new(graph: &Graph, laplacian: Laplacian) -> Self {
        let degrees = degrees(graph);
        let half_width = 0.5 * largest(graph, laplacian, &degrees);
        let mut order: Vec<u32> = (0..graph.nodes()).collect();
        order.sort_by_key(|&node| std::cmp::Reverse(graph.neighbours(node).len()));
        let mut places = vec![0; order.len()];
        (0_u32..).zip(&order).for_each(|(place, &node)| places[node as usize] = place);
        let mut operator = Self {
            offsets: vec![0],
            targets: Vec::new(),
            weights: Vec::new(),
            diagonal: Vec::with_capacity(degrees.len()),
            places,
        };
        for node in order {
            let degree = degrees[node as usize];
            operator.diagonal.push(T::from_f64(2.0 * (diagonal(laplacian, degree) / half_width - 1.0)));
            let around = graph.neighbours(node).iter().zip(graph.weights(node));
            let mut row: Vec<(u32, f64)> = around
                .map(|(&next, &weight)| {
                    let value = entry(laplacian, weight, degree, degrees[next as usize]);
                    (operator.places[next as usize], 2.0 * value / half_width)
                })
                .collect();
            row.sort_unstable_by_key(|&(place, _)| place);
            operator.targets.extend(row.iter().map(|&(place, _)| place));
            operator.weights.extend(row.iter().map(|&(_, value)| T::from_f64(value)));
            operator.offsets.push(operator.targets.len());
        }
        operator
    }

    pub(super) fn scratch(&self, scales: usize) -> Scratch<T> {
        let block = vec![T::default(); self.diagonal.len() * T::LANES];
        Scratch {
            now: block.clone(),
            before: block.clone(),
            heat: vec![block; scales],
            active: Vec::new(),
            large: vec![Vec::new(); T::LANES],
        }
    }

    /// Fills `scratch.heat` with the heat kernel's columns of up to `T::LANES` nodes.
    pub(super) fn spread(&self, nodes: &[u32], series: &Series, scratch: &mut Scratch<T>) {
        self.begin(nodes, series, scratch);
        let Scratch { now, before, heat, .. } = scratch;
        let order = series.order();
        for k in 3..=order {
            // Terms are added in threes; the last step adds what is left.
            let left = k % 3;
            let term = |terms: &[f64], back: usize| T::from_f64(if back <= left { terms[k - back] } else { 0.0 });
            let factors: Vec<[T; 3]> =
                series.coefficients.iter().map(|terms| [term(terms, 2), term(terms, 1), term(terms, 0)]).collect();
            let due = (left == 2 || k == order).then_some(Due { heat, factors: &factors });
            T::step(self, now, before, due);
            std::mem::swap(now, before);
        }
    }

    /// The first three terms, which hold little: the nodes themselves, their neighbours, and the neighbours' neighbours. Leaves
    /// the second in `before` and the third in `now`.
    fn begin(&self, nodes: &[u32], series: &Series, scratch: &mut Scratch<T>) {
        let Scratch { now, before, heat, active, .. } = scratch;
        let places: Vec<u32> = nodes.iter().map(|&node| self.places[node as usize]).collect();
        now.fill(T::default());
        before.fill(T::default());
        active.clear();
        let half = T::from_f64(0.5);
        for (lane, &place) in places.iter().enumerate() {
            // y is symmetric, so its column is its row.
            before[place as usize * T::LANES + lane] = half * self.diagonal[place as usize];
            active.push(place);
            let row = self.row(place);
            for (&target, &weight) in self.targets[row.clone()].iter().zip(&self.weights[row]) {
                before[target as usize * T::LANES + lane] = half * weight;
                active.push(target);
            }
        }
        active.sort_unstable();
        active.dedup();
        for (lane, &place) in places.iter().enumerate() {
            now[place as usize * T::LANES + lane] = T::from_f64(-1.0);
        }
        for &from in active.iter() {
            let values = &before[from as usize * T::LANES..][..T::LANES];
            let row = self.row(from);
            let own = std::iter::once((from, self.diagonal[from as usize]));
            for (to, weight) in
                own.chain(self.targets[row.clone()].iter().copied().zip(self.weights[row].iter().copied()))
            {
                let sums = &mut now[to as usize * T::LANES..][..T::LANES];
                sums.iter_mut().zip(values).for_each(|(sum, &value)| *sum += weight * value);
            }
        }
        for (heat, terms) in heat.iter_mut().zip(&series.coefficients) {
            let [zeroth, first, second] = [0, 1, 2].map(|k| T::from_f64(terms[k]));
            for ((heat, &one), &two) in heat.iter_mut().zip(before.iter()).zip(now.iter()) {
                *heat = first * one;
                *heat += second * two;
            }
            for (lane, &place) in places.iter().enumerate() {
                heat[place as usize * T::LANES + lane] += zeroth;
            }
        }
    }

    fn row(&self, place: u32) -> std::ops::Range<usize> {
        self.offsets[place as usize]..self.offsets[place as usize + 1]
    }
}
