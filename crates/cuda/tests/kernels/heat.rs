//! Heat and its characteristic function.

use crate::{Case, Outcome};
use canopy_core::{Cancel, Coded};
use canopy_cuda::{Characteristic, Device, DeviceOperator, HeatNumber, Operator};
use std::sync::Arc;

pub(crate) const CASES: &[Case] = &[
    ("heat: characteristic functions are those of dense arithmetic", same),
    ("heat: blocks of columns fit the memory and give the same", blocks),
    ("heat: what doesn't fit is refused before the device sees it", refused),
    ("heat: a cancelled call ends", cancelled),
];

/// A random symmetric operator of norm at most 1, as twice its entries.
struct Made {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<f64>,
    diagonal: Vec<f64>,
}

impl Made {
    fn new(nodes: usize, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut rows: Vec<Vec<(u32, f64)>> = vec![Vec::new(); nodes];
        for node in 1..nodes {
            // The first node is a hub, the last one alone.
            for other in [0, random.usize(..node), random.usize(..node)] {
                if node < nodes - 1 && rows[node].iter().all(|(target, _)| *target as usize != other) {
                    let weight = random.f64() + 0.1;
                    rows[node].push((other as u32, weight));
                    rows[other].push((node as u32, weight));
                }
            }
        }
        let degrees: Vec<f64> = rows.iter().map(|row| row.iter().map(|(_, weight)| weight).sum()).collect();
        let mut made = Self { offsets: vec![0], targets: Vec::new(), weights: Vec::new(), diagonal: vec![0.0; nodes] };
        for (node, row) in rows.iter().enumerate() {
            made.targets.extend(row.iter().map(|(target, _)| *target));
            made.weights.extend(
                row.iter().map(|(target, weight)| -2.0 * weight / (degrees[node] * degrees[*target as usize]).sqrt()),
            );
            made.offsets.push(made.targets.len());
        }
        made.diagonal[nodes - 1] = -2.0;
        made
    }

    /// `Σ_k c_k T_k(y)` of a unit column, for each scale.
    fn column(&self, column: usize, coefficients: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let nodes = self.diagonal.len();
        let twice = |x: &[f64]| -> Vec<f64> {
            (0..nodes)
                .map(|row| {
                    let span = self.offsets[row]..self.offsets[row + 1];
                    let around = self.targets[span.clone()].iter().zip(&self.weights[span]);
                    self.diagonal[row] * x[row] + around.map(|(&to, weight)| weight * x[to as usize]).sum::<f64>()
                })
                .collect()
        };
        let mut before = vec![0.0; nodes];
        before[column] = 1.0;
        let mut now: Vec<f64> = twice(&before).iter().map(|value| 0.5 * value).collect();
        let mut heat: Vec<Vec<f64>> =
            coefficients.iter().map(|terms| before.iter().map(|x| terms[0] * x).collect()).collect();
        for k in 1..coefficients[0].len() {
            for (heat, terms) in heat.iter_mut().zip(coefficients) {
                heat.iter_mut().zip(&now).for_each(|(heat, x)| *heat += terms[k] * x);
            }
            let next = twice(&now).iter().zip(&before).map(|(twice, before)| twice - before).collect();
            before = std::mem::replace(&mut now, next);
        }
        heat
    }

    fn row(&self, column: usize, wanted: &Characteristic<'_>) -> Vec<f64> {
        let n = self.diagonal.len() as f64;
        let mut row = Vec::new();
        for heat in self.column(column, wanted.coefficients) {
            for point in 0..wanted.points {
                let t = wanted.spacing * point as f64;
                row.push(heat.iter().map(|x| (t * x).cos()).sum::<f64>() / n);
                row.push(heat.iter().map(|x| (t * x).sin()).sum::<f64>() / n);
            }
        }
        row
    }

    fn embed<T: HeatNumber>(
        &self,
        device: &Arc<Device>,
        columns: &[u32],
        wanted: &Characteristic<'_>,
    ) -> Result<Vec<f64>, canopy_cuda::Error> {
        let weights: Vec<T> = self.weights.iter().map(|&weight| T::nearest(weight)).collect();
        let diagonal: Vec<T> = self.diagonal.iter().map(|&value| T::nearest(value)).collect();
        let operator =
            Operator { offsets: &self.offsets, targets: &self.targets, weights: &weights, diagonal: &diagonal };
        let on_device = DeviceOperator::upload(device, &operator)?;
        let mut out = vec![f64::NAN; columns.len() * wanted.coefficients.len() * wanted.points * 2];
        let mut reported = 0;
        on_device.embed(columns, wanted, &Cancel::new(), &mut |done| reported = done, &mut out)?;
        assert_eq!(reported, columns.len());
        Ok(out)
    }
}

/// Coefficients that fall like those of a heat kernel.
fn coefficients(scales: usize, order: usize) -> Vec<Vec<f64>> {
    let term = |scale: usize, k: usize| {
        (-0.6 * k as f64 - 0.2 * scale as f64).exp() * if k.is_multiple_of(2) { 0.5 } else { -0.4 }
    };
    (0..scales).map(|scale| (0..order).map(|k| term(scale, k)).collect()).collect()
}

fn relative(found: &[f64], expected: &[f64]) -> f64 {
    let off: f64 = found.iter().zip(expected).map(|(a, b)| (a - b) * (a - b)).sum();
    (off / expected.iter().map(|b| b * b).sum::<f64>()).sqrt()
}

fn same(device: &Arc<Device>) -> Outcome {
    for (nodes, scales, order, points) in [(2, 1, 1, 1), (5, 3, 2, 7), (60, 2, 12, 25), (300, 1, 5, 3), (1200, 2, 9, 4)]
    {
        let made = Made::new(nodes, nodes as u64);
        let coefficients = coefficients(scales, order);
        let wanted = Characteristic { coefficients: &coefficients, points, spacing: 4.0 };
        // Some columns, not in their order, of which one is the lonely node's.
        let step = (nodes / 20).max(1);
        let columns: Vec<u32> = (0..nodes as u32).rev().step_by(step).collect();
        let expected: Vec<f64> = columns.iter().flat_map(|&column| made.row(column as usize, &wanted)).collect();
        let double = made.embed::<f64>(device, &columns, &wanted)?;
        assert!(relative(&double, &expected) < 1e-12, "{nodes}: {}", relative(&double, &expected));
        let single = made.embed::<f32>(device, &columns, &wanted)?;
        assert!(relative(&single, &expected) < 1e-5, "{nodes}: {}", relative(&single, &expected));
    }
    Ok(())
}

fn blocks(device: &Arc<Device>) -> Outcome {
    let made = Made::new(400, 1);
    let coefficients = coefficients(2, 6);
    let wanted = Characteristic { coefficients: &coefficients, points: 5, spacing: 2.0 };
    let columns: Vec<u32> = (0..400).collect();
    let whole = made.embed::<f64>(device, &columns, &wanted)?;
    // Room for some columns at a time: their sums are the same, in the same order.
    for bytes in [100_000, 400_000, 2_000_000] {
        let small = canopy_cuda_emulator::device(bytes, false);
        let found = made.embed::<f64>(&small, &columns, &wanted)?;
        assert!(relative(&found, &whole) < 1e-12, "{bytes}");
    }
    let none = canopy_cuda_emulator::device(40_000, false);
    assert_eq!(made.embed::<f64>(&none, &columns, &wanted).map_err(|error| error.code()).err(), Some("GPU_MEMORY"));
    Ok(())
}

fn refused(device: &Arc<Device>) -> Outcome {
    let made = Made::new(10, 2);
    let upload = |offsets: &[usize], targets: &[u32], weights: &[f64]| {
        let operator = Operator { offsets, targets, weights, diagonal: &made.diagonal };
        DeviceOperator::upload(device, &operator).map_err(|error| error.code())
    };
    let ends = made.targets.len();
    assert_eq!(upload(&made.offsets[1..], &made.targets, &made.weights).map(drop), Err("GPU_INPUT"));
    assert_eq!(upload(&made.offsets, &made.targets[1..], &made.weights[1..]).map(drop), Err("GPU_INPUT"));
    assert_eq!(upload(&made.offsets, &made.targets, &made.weights[1..]).map(drop), Err("GPU_INPUT"));
    assert_eq!(upload(&made.offsets, &vec![10; ends], &made.weights).map(drop), Err("GPU_INPUT"));
    let held = upload(&made.offsets, &made.targets, &made.weights)?;
    let embed = |columns: &[u32], terms: &[Vec<f64>], room: usize| {
        let wanted = Characteristic { coefficients: terms, points: 2, spacing: 1.0 };
        held.embed(columns, &wanted, &Cancel::new(), &mut |_| (), &mut vec![0.0; room]).map_err(|error| error.code())
    };
    assert_eq!(embed(&[0, 9], &[vec![1.0, 2.0]], 8), Ok(()));
    assert_eq!(embed(&[], &[vec![1.0]], 0), Ok(()));
    assert_eq!(embed(&[0, 10], &[vec![1.0, 2.0]], 8), Err("GPU_INPUT"));
    assert_eq!(embed(&[0, 9], &[vec![1.0, 2.0]], 7), Err("GPU_INPUT"));
    assert_eq!(embed(&[0, 9], &[vec![1.0], vec![1.0, 2.0]], 16), Err("GPU_INPUT"));
    assert_eq!(embed(&[0, 9], &[vec![]], 8), Err("GPU_INPUT"));
    assert_eq!(embed(&[0, 9], &[], 0), Err("GPU_INPUT"));
    Ok(())
}

fn cancelled(device: &Arc<Device>) -> Outcome {
    let made = Made::new(50, 3);
    let operator =
        Operator { offsets: &made.offsets, targets: &made.targets, weights: &made.weights, diagonal: &made.diagonal };
    let held = DeviceOperator::upload(device, &operator)?;
    let terms = coefficients(1, 4);
    let wanted = Characteristic { coefficients: &terms, points: 2, spacing: 1.0 };
    let cancel = Cancel::new();
    cancel.cancel();
    let outcome = held.embed(&[1, 2], &wanted, &cancel, &mut |_| (), &mut [0.0; 8]);
    assert_eq!(outcome.map_err(|error| error.code()), Err("CANCELLED"));
    Ok(())
}
