//! Writing model files.

use super::{ALIGN, ENTRY_BYTES, HEAD_BYTES, MAGIC, ModelKind, NAME_BYTES, VERSION};
use xxhash_rust::xxh3::xxh3_64;

/// Collects sections and lays them out.
#[derive(Debug, Clone)]
pub struct ModelWriter {
    kind: ModelKind,
    sections: Vec<(String, Vec<u8>)>,
}

impl ModelWriter {
    /// An empty file of a kind.
    pub fn new(kind: ModelKind) -> Self {
        Self { kind, sections: Vec::new() }
    }

    /// Appends a section.
    ///
    /// # Panics
    /// When the name doesn't fit 24 bytes: names are constants of the format.
    pub fn add(&mut self, name: impl Into<String>, bytes: Vec<u8>) -> &mut Self {
        let name = name.into();
        assert!(!name.is_empty() && name.len() <= NAME_BYTES, "a section's name has 1 to {NAME_BYTES} bytes");
        self.sections.push((name, bytes));
        self
    }

    /// Appends floats.
    pub fn add_f32(&mut self, name: impl Into<String>, values: &[f32]) -> &mut Self {
        self.add(name, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Appends bytes with a sign.
    pub fn add_i8(&mut self, name: impl Into<String>, values: &[i8]) -> &mut Self {
        self.add(name, bytemuck::cast_slice(values).to_vec())
    }

    /// The whole file. The same sections give the same bytes.
    pub fn finish(&self) -> Vec<u8> {
        let table_end = HEAD_BYTES + ENTRY_BYTES * self.sections.len() + 8;
        let mut at = table_end.next_multiple_of(ALIGN);
        let mut table = Vec::new();
        for (name, bytes) in &self.sections {
            let mut padded = [0; NAME_BYTES];
            padded[..name.len()].copy_from_slice(name.as_bytes());
            table.extend_from_slice(&padded);
            for number in [at as u64, bytes.len() as u64, xxh3_64(bytes)] {
                table.extend_from_slice(&number.to_le_bytes());
            }
            at = (at + bytes.len()).next_multiple_of(ALIGN);
        }
        let mut file = Vec::with_capacity(at);
        file.extend_from_slice(&MAGIC);
        let count = u32::try_from(self.sections.len()).expect("a model has few sections");
        for number in [VERSION, self.kind.number(), count, 0] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        file.extend_from_slice(&(at as u64).to_le_bytes());
        file.extend_from_slice(&table);
        file.extend_from_slice(&xxh3_64(&file).to_le_bytes());
        for (_, bytes) in &self.sections {
            file.resize(file.len().next_multiple_of(ALIGN), 0);
            file.extend_from_slice(bytes);
        }
        file.resize(at, 0);
        file
    }
}
