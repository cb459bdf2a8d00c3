//! Weights in the order in which the kernels read them.

use super::buffer::Buffer;
use super::{GROUP, PANEL};

/// An `outputs × inputs` matrix of i8, packed.
///
/// Panel after panel of 64 output channels; in a panel, group after group of 4 inputs; in a group, 4 bytes a channel. A kernel therefore
/// reads a panel strictly forwards, and 16 channels × 4 inputs are one 64-byte load. Missing channels and inputs are zero.
#[derive(Debug)]
pub struct PackedWeights {
    data: Buffer<i8>,
    sums: Vec<i32>,
    outputs: usize,
    inputs: usize,
}

impl PackedWeights {
    /// Packs `rows`, row-major: one row of `inputs` weights for each output channel.
    ///
    /// # Panics
    /// When `inputs` is 0 or `rows` isn't a whole number of rows: shapes are the model loader's to check.
    pub fn pack(rows: &[i8], inputs: usize) -> Self {
        assert!(inputs > 0 && rows.len().is_multiple_of(inputs), "{} weights don't form rows of {inputs}", rows.len());
        let outputs = rows.len() / inputs;
        let groups = inputs.div_ceil(GROUP);
        let mut data = Buffer::new(outputs.div_ceil(PANEL) * groups * PANEL * GROUP);
        for (channel, row) in rows.chunks_exact(inputs).enumerate() {
            let panel = channel / PANEL * groups * PANEL * GROUP;
            for (group, values) in row.chunks(GROUP).enumerate() {
                let at = panel + (group * PANEL + channel % PANEL) * GROUP;
                data[at..at + values.len()].copy_from_slice(values);
            }
        }
        let mut sums: Vec<i32> = rows.chunks_exact(inputs).map(|row| row.iter().map(|&w| i32::from(w)).sum()).collect();
        sums.resize(outputs.next_multiple_of(PANEL), 0);
        Self { data, sums, outputs, inputs }
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Groups of 4 inputs, the last one filled up with zeros.
    pub(crate) fn groups(&self) -> usize {
        self.inputs.div_ceil(GROUP)
    }

    /// The packed weights of a panel.
    pub(crate) fn panel(&self, panel: usize) -> &[i8] {
        let size = self.groups() * PANEL * GROUP;
        &self.data[panel * size..(panel + 1) * size]
    }

    /// Panels of 64 output channels.
    pub(crate) fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// The sum of each channel's weights, which corrects for the activations' zero point; zeros up to whole panels.
    pub(crate) fn sums(&self) -> &[i32] {
        &self.sums
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        self.data.len() + self.sums.len() * size_of::<i32>()
    }
}

/// A linear layer `y = W x + b` with weights of `i8 × scale of the output channel`.
#[derive(Debug)]
pub struct Linear {
    pub(crate) weights: PackedWeights,
    /// Scale and bias of each channel, zeros up to whole panels.
    pub(crate) scale: Buffer<f32>,
    pub(crate) bias: Buffer<f32>,
}

impl Linear {
    /// Packs the layer: `rows` as in [`PackedWeights::pack`], one scale and one bias a channel.
    ///
    /// # Panics
    /// When the lengths contradict each other.
    pub fn new(rows: &[i8], inputs: usize, scale: &[f32], bias: &[f32]) -> Self {
        let weights = PackedWeights::pack(rows, inputs);
        assert!(
            scale.len() == weights.outputs() && bias.len() == weights.outputs(),
            "one scale and one bias a channel"
        );
        let fill = |values: &[f32]| {
            let mut all = Buffer::new(values.len().next_multiple_of(PANEL));
            all[..values.len()].copy_from_slice(values);
            all
        };
        Self { scale: fill(scale), bias: fill(bias), weights }
    }

    /// The packed weights.
    pub fn weights(&self) -> &PackedWeights {
        &self.weights
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        self.weights.memory_bytes() + (self.scale.len() + self.bias.len()) * size_of::<f32>()
    }
}
