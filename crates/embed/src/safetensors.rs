//! Reading f32 tensors of a safetensors file: the form in which models come from their authors.

use crate::Error;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A header longer than this isn't one.
const MAX_HEADER: usize = 64 << 20;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// The tensors of one file.
pub(crate) struct Tensors {
    path: PathBuf,
    entries: HashMap<String, Entry>,
    data: Vec<u8>,
}

impl Tensors {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let fail = |what: String| Error::Source { path: path.to_owned(), what };
        let mut data = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
        let length = data.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
        let length = length.and_then(|n| usize::try_from(n).ok()).filter(|&n| n <= MAX_HEADER && n + 8 <= data.len());
        let Some(length) = length else { return Err(fail("its header doesn't fit the file".into())) };
        let header: HashMap<String, serde_json::Value> =
            serde_json::from_slice(&data[8..8 + length]).map_err(|error| fail(error.to_string()))?;
        let entries = header.into_iter().filter(|(name, _)| name != "__metadata__");
        let entries = entries.map(|(name, value)| Ok((name, serde_json::from_value(value)?)));
        let entries: Result<_, serde_json::Error> = entries.collect();
        let entries = entries.map_err(|error| fail(error.to_string()))?;
        data.drain(..8 + length);
        Ok(Self { path: path.to_owned(), entries, data })
    }

    /// The shape of a tensor, if it is there.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.entries.get(name).map(|entry| entry.shape.as_slice())
    }

    /// The values of a tensor, which must have this shape.
    pub(crate) fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let fail = |what: String| Error::Source { path: self.path.clone(), what };
        let entry = self.entries.get(name).ok_or_else(|| fail(format!("tensor {name} is missing")))?;
        if entry.dtype != "F32" || entry.shape != shape {
            return Err(fail(format!("tensor {name} is {} {:?} instead of F32 {shape:?}", entry.dtype, entry.shape)));
        }
        let [start, end] = entry.data_offsets;
        let bytes = self.data.get(start..end).filter(|bytes| bytes.len() == shape.iter().product::<usize>() * 4);
        let bytes = bytes.ok_or_else(|| fail(format!("tensor {name} doesn't lie inside the file")))?;
        Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("chunks of 4"))).collect())
    }
}
