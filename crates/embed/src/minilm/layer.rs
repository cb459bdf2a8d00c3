//! One encoder layer with packed, quantised weights.

use super::{HEAD, HIDDEN, linear_shape};
use crate::Error;
use crate::convert::short_name;
use crate::file::ModelFile;
use canopy_simd::gemm::Linear;

/// The weights of a layer, ready for the kernels.
#[derive(Debug)]
pub(super) struct Layer {
    /// Query, key and value in one product of 3 × 384 outputs; the query is scaled by `1/√32` in advance.
    pub(super) qkv: Linear,
    pub(super) attention: Linear,
    pub(super) inner: Linear,
    pub(super) output: Linear,
    pub(super) attention_norm: (Vec<f32>, Vec<f32>),
    pub(super) output_norm: (Vec<f32>, Vec<f32>),
}

impl Layer {
    /// Reads and packs layer `number`.
    pub(super) fn read(file: &ModelFile, number: usize) -> Result<Self, Error> {
        let norm = |part: &str| {
            let values = |what: &str| file.f32s(&format!("{number}.{part}.norm.{what}"), HIDDEN);
            Ok::<_, Error>((values("gain")?, values("bias")?))
        };
        let linear = |which: usize| {
            let stored = part(file, number, which)?;
            Ok::<_, Error>(Linear::new(stored.rows, linear_shape(which).1, &stored.scale, &stored.bias))
        };
        let mut qkv: (Vec<i8>, Vec<f32>, Vec<f32>) = Default::default();
        for which in 0..3 {
            let stored = part(file, number, which)?;
            let factor = if which == 0 { 1.0 / (HEAD as f32).sqrt() } else { 1.0 };
            qkv.0.extend_from_slice(stored.rows);
            qkv.1.extend(stored.scale.iter().map(|s| s * factor));
            qkv.2.extend(stored.bias.iter().map(|b| b * factor));
        }
        Ok(Self {
            qkv: Linear::new(&qkv.0, HIDDEN, &qkv.1, &qkv.2),
            attention: linear(3)?,
            inner: linear(4)?,
            output: linear(5)?,
            attention_norm: norm("attention")?,
            output_norm: norm("output")?,
        })
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let linears = [&self.qkv, &self.attention, &self.inner, &self.output];
        linears.iter().map(|linear| linear.memory_bytes()).sum::<usize>() + 4 * HIDDEN * size_of::<f32>()
    }
}

/// One linear map as it is stored.
struct Stored<'a> {
    rows: &'a [i8],
    scale: Vec<f32>,
    bias: Vec<f32>,
}

fn part(file: &ModelFile, number: usize, which: usize) -> Result<Stored<'_>, Error> {
    let (outputs, inputs) = linear_shape(which);
    let name = format!("{number}.{}", short_name(which));
    let values = |what: &str| file.f32s(&format!("{name}.{what}"), outputs);
    Ok(Stored { rows: file.i8s(&name, outputs * inputs)?, scale: values("scale")?, bias: values("bias")? })
}
