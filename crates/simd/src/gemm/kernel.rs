//! Choice of the kernel and the loops around it.

use super::pack::Linear;
use super::quant::QuantRows;
use super::{PANEL, scalar};
use std::sync::OnceLock;

/// An instruction set that the product can run on. The scalar one runs everywhere and is the oracle of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Plain loops.
    Scalar,
    /// 256-bit vectors, 16-bit products: `vpmaddubsw` would saturate at 255 × 127 × 2, `vpmaddwd` can't.
    Avx2,
    /// 512-bit vectors, four products a lane and instruction.
    Avx512Vnni,
    /// 128-bit vectors, widening multiplies.
    Neon,
}

impl Backend {
    /// What this machine does best; found out once.
    pub fn best() -> Self {
        static BEST: OnceLock<Backend> = OnceLock::new();
        *BEST.get_or_init(|| {
            [Self::Avx512Vnni, Self::Avx2, Self::Neon].into_iter().find(|b| b.available()).unwrap_or(Self::Scalar)
        })
    }

    /// Whether this machine has it.
    pub fn available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => true,
            _ => false,
        }
    }
}

/// What a kernel works on: some rows of activations, one panel of weights, the place for the results.
pub(crate) struct Tile<'a> {
    /// Quantised rows, `stride` bytes each.
    pub(crate) rows: &'a [u8],
    pub(crate) stride: usize,
    pub(crate) scales: &'a [f32],
    pub(crate) zeros: &'a [i32],
    /// One packed panel.
    pub(crate) panel: &'a [i8],
    pub(crate) groups: usize,
    /// 64 values each: the channels of the panel.
    pub(crate) sums: &'a [i32],
    pub(crate) channel_scale: &'a [f32],
    pub(crate) channel_bias: &'a [f32],
}

/// `out = rows × layerᵀ + bias` in f32; `out` holds one row of `layer.outputs()` for each quantised row. Single-threaded: callers split
/// their rows among threads, which needs no synchronisation here.
///
/// # Panics
/// When the shapes contradict each other.
pub fn linear(rows: &QuantRows, layer: &Linear, out: &mut [f32]) {
    linear_with(Backend::best(), rows, layer, out);
}

/// As [`linear`], on a given instruction set.
///
/// # Panics
/// When the shapes contradict each other or the machine lacks the instruction set.
pub fn linear_with(backend: Backend, rows: &QuantRows, layer: &Linear, out: &mut [f32]) {
    let weights = &layer.weights;
    let (count, outputs, groups) = (rows.len(), weights.outputs(), weights.groups());
    assert!(backend.available(), "this machine has no {backend:?}");
    assert_eq!(
        rows.stride(),
        weights.inputs().next_multiple_of(super::GROUP),
        "activations have as many values as the layer has inputs"
    );
    assert_eq!(out.len(), count * outputs, "one row of {outputs} results for each of {count} rows");
    for panel in 0..weights.panels() {
        let channels = panel * PANEL..(panel + 1) * PANEL;
        let tile = Tile {
            rows: rows.data(),
            stride: rows.stride(),
            scales: rows.scales(),
            zeros: rows.zeros(),
            panel: weights.panel(panel),
            groups,
            sums: &weights.sums()[channels.clone()],
            channel_scale: &layer.scale[channels.clone()],
            channel_bias: &layer.bias[channels.clone()],
        };
        let width = PANEL.min(outputs - channels.start);
        let mut place = Place { out: &mut *out, start: channels.start, pitch: outputs, width };
        run(backend, &tile, &mut place);
    }
}

/// Where a panel's results go: `width` values from column `start` of rows that are `pitch` apart.
pub(crate) struct Place<'a> {
    pub(crate) out: &'a mut [f32],
    pub(crate) start: usize,
    pub(crate) pitch: usize,
    pub(crate) width: usize,
}

impl Place<'_> {
    /// From the first result of row `first` to the last one of the `count`th row from there on.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn rows_mut(&mut self, first: usize, count: usize) -> &mut [f32] {
        let at = first * self.pitch + self.start;
        &mut self.out[at..at + (count - 1) * self.pitch + self.width]
    }

    /// The results of one row.
    pub(crate) fn row(&mut self, row: usize) -> &mut [f32] {
        let at = row * self.pitch + self.start;
        &mut self.out[at..at + self.width]
    }
}

fn run(backend: Backend, tile: &Tile<'_>, place: &mut Place<'_>) {
    match backend {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `linear_with` asserted that the machine has these instructions.
        Backend::Avx512Vnni => unsafe { super::avx512::panel(tile, place) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Backend::Avx2 => unsafe { super::avx2::panel(tile, place) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: NEON is part of every aarch64.
        Backend::Neon => unsafe { super::neon::panel(tile, place) },
        _ => scalar::panel(tile, place),
    }
}
