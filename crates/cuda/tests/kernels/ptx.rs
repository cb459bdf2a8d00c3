//! The PTX in the tree is that of the sources in the tree.

use crate::Outcome;
use canopy_cuda::Kernel;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A case that needs no device.
type Case = (&'static str, fn() -> Outcome);

pub(crate) const CASES: &[Case] = &[
    ("the kept PTX was compiled from the sources as they are", fresh),
    ("every kernel has an entry, for GPUs from compute capability 8.0 on", entries),
];

/// Compiled in, so that the carried program needs no source tree.
const SOURCES: [(&str, &[u8], &str); 3] = [
    ("heat", include_bytes!("../../kernels/heat.cu"), include_str!("../../kernels/heat.ptx")),
    ("pq", include_bytes!("../../kernels/pq.cu"), include_str!("../../kernels/pq.ptx")),
    ("rerank", include_bytes!("../../kernels/rerank.cu"), include_str!("../../kernels/rerank.ptx")),
];
const HEADER: &[u8] = include_bytes!("../../kernels/common.cuh");

fn fresh() -> Outcome {
    for (name, source, ptx) in SOURCES {
        let mut digest = String::new();
        Sha256::new()
            .chain_update(HEADER)
            .chain_update(source)
            .finalize()
            .iter()
            .try_for_each(|byte| write!(digest, "{byte:02x}"))?;
        let first = ptx.lines().next().unwrap_or_default();
        assert!(
            first.ends_with(&format!("sources {digest}")),
            "the PTX of {name} is stale: run `node scripts/kernels.mjs --write` and commit it"
        );
    }
    Ok(())
}

fn entries() -> Outcome {
    for kernel in Kernel::ALL {
        let entry = format!(".visible .entry {}(", kernel.name());
        let within: Vec<&str> =
            SOURCES.iter().filter(|(_, _, ptx)| ptx.contains(&entry)).map(|(name, _, _)| *name).collect();
        assert_eq!(within.len(), 1, "{}", kernel.name());
    }
    for (name, _, ptx) in SOURCES {
        assert!(ptx.contains("\n.target sm_80\n"), "{name}");
    }
    Ok(())
}
