//! Ends of the spectrum, and the scales they suggest.

use super::Laplacian;
use super::operator::{degrees, diagonal, entry, largest};
use crate::error::Error;
use crate::graph::Graph;
use canopy_core::Cancel;
use nalgebra::DMatrix;

/// Ends of a Laplacian's spectrum, as Lanczos's method finds them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spectrum {
    /// The smallest eigenvalue above 0 (from above).
    pub smallest: f64,
    /// The largest (from below).
    pub largest: f64,
}

/// Steps of Lanczos's method after which it may end: the ends have settled to a few digits, which is all a scale needs.
const STEPS: usize = 96;
/// Small graphs take more, until the ends settle to nine digits: multiplications by nodes and by the square of the steps.
const WORK: f64 = 2.5e8;
/// Steps between two looks at the ends.
const BETWEEN: usize = 32;
const SETTLED: f64 = 1e-10;
/// Heat that the smallest and largest scale leave, as in the paper.
const LEFT: [f64; 2] = [0.95, 0.85];
/// Stands for both ends where a graph has no edge.
const FLAT: f64 = 1.0;

impl Spectrum {
    /// The paper's smallest and largest useful scale.
    pub fn scales(&self) -> [f64; 2] {
        LEFT.map(|left| -left.ln() / (self.smallest * self.largest).sqrt())
    }
}

/// Finds the ends of the spectrum of an undirected graph's Laplacian. The null space (one vector a component, known in closed form) is
/// projected out, so a disconnected graph has a smallest eigenvalue above 0 as well. Deterministic.
///
/// # Errors
/// [`Error::Cancelled`].
pub fn spectrum(graph: &Graph, laplacian: Laplacian, cancel: &Cancel) -> Result<Spectrum, Error> {
    if graph.edge_count() == 0 {
        return Ok(Spectrum { smallest: FLAT, largest: FLAT });
    }
    let degrees = degrees(graph);
    let null = Null::new(graph, laplacian, &degrees);
    let n = degrees.len();
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let mut vector: Vec<f64> = (0..n).map(|_| random.f64() - 0.5).collect();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let (mut alphas, mut betas) = (Vec::new(), Vec::new());
    null.project(&mut vector);
    normalise(&mut vector);
    let nothing = 0.5e-9 * largest(graph, laplacian, &degrees);
    let most = ((WORK / n as f64).sqrt() as usize).max(STEPS).min(n);
    let mut known = Spectrum { smallest: 0.0, largest: 0.0 };
    for step in 1..=most {
        cancel.check()?;
        let mut next = apply(graph, laplacian, &degrees, &vector);
        alphas.push(dot(&next, &vector));
        basis.push(vector);
        // Full reorthogonalisation, twice, keeps ghosts of the ends away.
        for _ in 0..2 {
            null.project(&mut next);
            for old in &basis {
                let share = dot(&next, old);
                next.iter_mut().zip(old).for_each(|(next, old)| *next -= share * old);
            }
        }
        let length = normalise(&mut next);
        if length < nothing {
            break;
        }
        if step >= STEPS && step % BETWEEN == 0 {
            let now = ends(&alphas, &betas);
            let moved = |a: f64, b: f64| (a - b).abs() > SETTLED * b;
            if !moved(known.smallest, now.smallest) && !moved(known.largest, now.largest) {
                return Ok(now);
            }
            known = now;
        }
        betas.push(length);
        vector = next;
    }
    Ok(ends(&alphas, &betas))
}

/// The ends of the spectrum of the tridiagonal matrix of so many steps.
fn ends(alphas: &[f64], betas: &[f64]) -> Spectrum {
    let m = alphas.len();
    let ritz = DMatrix::from_fn(m, m, |i, j| match i.abs_diff(j) {
        0 => alphas[i],
        1 => betas[i.min(j)],
        _ => 0.0,
    });
    let values = ritz.symmetric_eigenvalues();
    let largest = values.max();
    let smallest = values.iter().copied().filter(|value| *value > 1e-12 * largest).fold(largest, f64::min);
    Spectrum { smallest, largest }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Scales a vector to length 1 and returns what it was.
fn normalise(vector: &mut [f64]) -> f64 {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    length
}

fn apply(graph: &Graph, laplacian: Laplacian, degrees: &[f64], vector: &[f64]) -> Vec<f64> {
    let row = |node: u32| {
        let at = node as usize;
        let own = diagonal(laplacian, degrees[at]) * vector[at];
        let around = graph.neighbours(node).iter().zip(graph.weights(node));
        own + around
            .map(|(&to, &weight)| entry(laplacian, weight, degrees[at], degrees[to as usize]) * vector[to as usize])
            .sum::<f64>()
    };
    (0..graph.nodes()).map(row).collect()
}

/// The null space: on each component 1, or the root of the degree.
struct Null {
    component: Vec<u32>,
    value: Vec<f64>,
    squares: Vec<f64>,
}

impl Null {
    fn new(graph: &Graph, laplacian: Laplacian, degrees: &[f64]) -> Self {
        let n = degrees.len();
        let mut component = vec![u32::MAX; n];
        let mut count = 0;
        let mut stack = Vec::new();
        for start in 0..n as u32 {
            if component[start as usize] != u32::MAX {
                continue;
            }
            component[start as usize] = count;
            stack.push(start);
            while let Some(node) = stack.pop() {
                for &next in graph.neighbours(node) {
                    if component[next as usize] == u32::MAX {
                        component[next as usize] = count;
                        stack.push(next);
                    }
                }
            }
            count += 1;
        }
        let value: Vec<f64> = match laplacian {
            // An isolated node is its own null space.
            Laplacian::Normalized => degrees.iter().map(|&d| if d > 0.0 { d.sqrt() } else { 1.0 }).collect(),
            Laplacian::Combinatorial => vec![1.0; n],
        };
        let mut squares = vec![0.0; count as usize];
        component.iter().zip(&value).for_each(|(&c, v)| squares[c as usize] += v * v);
        Self { component, value, squares }
    }

    fn project(&self, vector: &mut [f64]) {
        let mut shares = vec![0.0; self.squares.len()];
        for ((&c, v), x) in self.component.iter().zip(&self.value).zip(vector.iter()) {
            shares[c as usize] += v * x / self.squares[c as usize];
        }
        for ((&c, v), x) in self.component.iter().zip(&self.value).zip(vector) {
            *x -= shares[c as usize] * v;
        }
    }
}
