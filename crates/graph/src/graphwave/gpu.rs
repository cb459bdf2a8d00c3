//! The same heat and the same sums on a GPU, where there is one.

use super::chebyshev::Series;
use super::operator::{Number, Operator};
use super::{GraphWave, GraphWaveOptions};
use crate::error::Error;
use crate::graph::Graph;
use canopy_core::{Cancel, Progress};
use canopy_cuda::{Characteristic, DeviceOperator, device, fell_back, is_worth};

/// Multiplications and additions that take a processor about a second: as long as it takes to find a GPU and have its kernels translated.
const LEAST: u64 = 10_000_000_000;
/// Most nodes: walks on the processor are linear in their number where a tolerance lets them be, columns on a GPU are square.
const MOST_NODES: u32 = 200_000;

/// Embeds all nodes on a GPU; false where there is none, or where the processor is sooner done.
pub(super) fn embed<T: Number>(
    graph: &Graph,
    options: &GraphWaveOptions,
    series: &Series,
    found: &mut GraphWave,
    cancel: &Cancel,
    progress: &Progress,
) -> Result<bool, Error> {
    let nodes = u64::from(graph.nodes());
    let operations = 4 * nodes * (found.order as u64) * graph.edge_count() as u64;
    if graph.nodes() > MOST_NODES || !is_worth(operations, LEAST) {
        return Ok(false);
    }
    let operator = Operator::<T>::new(graph, options.laplacian);
    let wanted = Characteristic {
        coefficients: &series.coefficients,
        points: options.points,
        spacing: options.max_t / (options.points - 1) as f64,
    };
    let mut on_device = || {
        let rows = canopy_cuda::Operator {
            offsets: &operator.offsets,
            targets: &operator.targets,
            weights: &operator.weights,
            diagonal: &operator.diagonal,
        };
        let held = DeviceOperator::upload(&device()?, &rows)?;
        let mut report = |done: usize| progress.report(done as u64, nodes);
        held.embed(&operator.places, &wanted, cancel, &mut report, &mut found.rows)
    };
    match on_device() {
        Ok(()) => Ok(true),
        Err(canopy_cuda::Error::Cancelled(cancelled)) => Err(cancelled.into()),
        Err(error) => {
            fell_back("GraphWave", &error);
            Ok(false)
        }
    }
}
