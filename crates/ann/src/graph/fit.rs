//! Choosing the space from a sample of the data.

use super::pca;
use super::source::Vectors;
use super::space::{Projection, Space};
use crate::random::Random;
use crate::vector;
use canopy_core::{Cancel, Cancelled, MetricKind};
use canopy_simd::{CODE_LINE, CODE_TAIL, CODE_VALUES, CodeQuery, l2sq_rows_f32};
use rayon::prelude::*;

/// Rows of the sample.
const SAMPLE: usize = 8192;
/// Rows of the sample that ask for their neighbours among the others.
const ASKED: usize = 256;
/// Rows among which they look.
const AMONG: usize = 4096;
/// Neighbours that must be found among as many candidates.
const NEAR: usize = 10;
/// Share of the true neighbours among the candidates from which on a space is good enough: the exact second look makes good what is missing. Images and texts
/// are fastest with two and three lines of codes, which reach 0.907 and 0.905; a line less (0.83 and 0.82) needs so many more candidates that it is slower.
const ENOUGH: f64 = 0.88;
/// Lines of codes a row that are tried, in this order.
const LINES: [usize; 6] = [1, 2, 3, 4, 6, 8];

/// The space for these vectors; `walk_dim` directions, or as many as the sample needs when that is 0.
pub(super) fn fit(
    rows: &dyn Vectors,
    metric: MetricKind,
    walk_dim: usize,
    seed: u64,
    cancel: &Cancel,
) -> Result<Space, Cancelled> {
    let (dim, full) = (rows.dim(), rows.dim() + usize::from(metric == MetricKind::Dot));
    let unit = unit(rows, metric);
    let mut random = Random::new(seed ^ 0x5A3E);
    let count = rows.len().min(SAMPLE);
    let mut sample = Vec::with_capacity(count * full);
    let (mut row, mut lifted) = (vec![0.0; dim], Vec::new());
    for i in 0..count {
        let at = if rows.len() <= SAMPLE { i } else { random.below(rows.len()) };
        rows.read(at, &mut row);
        Space::lift(metric, unit, &row, &mut lifted);
        sample.extend_from_slice(&lifted);
    }
    let mean = mean(&sample, full);
    sample.chunks_exact_mut(full).for_each(|row| row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean));
    cancel.check()?;
    let plain = || Space::new(metric, dim, unit, mean.clone(), Vec::new());
    let fixed = walk_dim.min(full);
    if walk_dim == 0 && full <= CODE_VALUES {
        return Ok(plain().whole());
    }
    // Below one line there is nothing to save; few rows can't tell directions from chance.
    if full + CODE_TAIL <= CODE_LINE || (fixed == 0 && count < 40 * NEAR) || fixed == full || full > pca::WIDEST {
        return Ok(plain());
    }
    let covariance = pca::covariance(&sample, full);
    cancel.check()?;
    let space = |directions: &[f32], lean: usize| {
        let matrix = Space::matrix(directions, lean, full);
        Space::new(metric, dim, unit, mean.clone(), matrix)
    };
    if fixed > 0 {
        let (directions, _) = pca::directions(&covariance, full, fixed, cancel)?;
        return Ok(space(&directions, fixed));
    }
    let truth = truth(&sample, full);
    let mut directions = Vec::new();
    for lines in LINES {
        let lean = lines * CODE_LINE - CODE_TAIL;
        // Saving less than a quarter of the codes isn't worth the error of the projection.
        if lean * 4 > full * 3 {
            break;
        }
        cancel.check()?;
        if directions.len() < lean * full {
            // Twice as many at once, since most data need more than one line.
            let count = (2 * lean).min(full);
            (directions, _) = pca::directions(&covariance, full, count, cancel)?;
        }
        let space = space(&directions, lean);
        if found(&space, &sample, &truth) >= ENOUGH {
            return Ok(space);
        }
    }
    Ok(plain())
}

/// The scale that gives the longest row a norm of 1.
fn unit(rows: &dyn Vectors, metric: MetricKind) -> f32 {
    if metric == MetricKind::Cosine {
        return 1.0;
    }
    let norm = |row: &mut Vec<f32>, i: usize| {
        row.resize(rows.dim(), 0.0);
        rows.read(i, row);
        vector::norm(row)
    };
    let longest = (0..rows.len()).into_par_iter().with_min_len(256).map_init(Vec::new, norm).reduce(|| 0.0, f64::max);
    if longest > 0.0 { (1.0 / longest).min(1e30) as f32 } else { 1.0 }
}

fn mean(sample: &[f32], full: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; full];
    for row in sample.chunks_exact(full) {
        sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    let count = (sample.len() / full).max(1) as f64;
    sums.iter().map(|sum| (sum / count) as f32).collect()
}

/// Of each asking row the nearest others, by all directions.
fn truth(sample: &[f32], full: usize) -> Vec<Vec<u32>> {
    let among = &sample[..sample.len().min(AMONG * full)];
    let asked = ASKED.min(among.len() / full);
    (0..asked)
        .into_par_iter()
        .map(|i| {
            let mut distances = vec![0.0; among.len() / full];
            l2sq_rows_f32(&among[i * full..(i + 1) * full], among, &mut distances);
            nearest(&distances, i, NEAR)
        })
        .collect()
}

fn nearest(distances: &[f32], except: usize, count: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..distances.len() as u32).filter(|&i| i as usize != except).collect();
    let by = |a: &u32, b: &u32| distances[*a as usize].total_cmp(&distances[*b as usize]).then(a.cmp(b));
    order.select_nth_unstable_by(count.min(distances.len() - 2), by);
    order.truncate(count);
    order
}

/// The share of the true neighbours among the candidates by the codes.
fn found(space: &Space, sample: &[f32], truth: &[Vec<u32>]) -> f64 {
    let full = space.full;
    let among = &sample[..sample.len().min(AMONG * full)];
    let count = among.len() / full;
    let mut codes = vec![0; count * space.stride];
    // Rows of the sample are scaled, lifted and centred already.
    let bare = Space::new(MetricKind::L2, full, 1.0, vec![0.0; full], space.matrix.clone());
    codes.par_chunks_mut(space.stride).zip(among.par_chunks(full)).for_each_init(
        Projection::default,
        |scratch, (out, row)| {
            bare.encode(row, scratch, out);
        },
    );
    let ids: Vec<u32> = (0..count as u32).collect();
    let right: usize = truth
        .par_iter()
        .enumerate()
        .map(|(i, truth)| {
            let (mut query, mut scores) = (CodeQuery::default(), vec![0.0; count]);
            bare.query(&among[i * full..(i + 1) * full], &mut Projection::default(), &mut query);
            query.scores(&codes, &ids, &mut scores);
            let kept = nearest(&scores, i, NEAR);
            truth.iter().filter(|id| kept.contains(id)).count()
        })
        .sum();
    right as f64 / (truth.len() * NEAR).max(1) as f64
}
