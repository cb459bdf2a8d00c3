//! Random bits from the operating system.

use crate::error::{Error, Result};
use num_bigint::BigUint;

/// One call of the system for so many bytes: a call costs as much as a kilobyte of them.
const CHUNK: usize = 4096;

/// The system's secure random bits, fetched by the chunk.
#[derive(Debug)]
pub struct Source {
    bytes: Box<[u8; CHUNK]>,
    used: usize,
}

impl Default for Source {
    fn default() -> Self {
        Self::new()
    }
}

impl Source {
    /// A source whose first chunk is fetched by the first sample.
    pub fn new() -> Self {
        Self { bytes: Box::new([0; CHUNK]), used: CHUNK }
    }

    fn byte(&mut self) -> Result<u8> {
        if self.used == CHUNK {
            getrandom::fill(&mut *self.bytes).map_err(|error| Error::Source { detail: error.to_string() })?;
            self.used = 0;
        }
        // What was used is wiped, so that memory doesn't hold the noise of releases.
        let byte = std::mem::take(&mut self.bytes[self.used]);
        self.used += 1;
        Ok(byte)
    }

    /// A fair coin.
    pub(crate) fn coin(&mut self) -> Result<bool> {
        Ok(self.byte()? & 1 == 1)
    }

    /// Uniform in `0..bound` for `bound > 0`, by rejection: no value is likelier than another.
    pub(crate) fn below(&mut self, bound: &BigUint) -> Result<BigUint> {
        let bits = bound.bits();
        let count = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
        let spare = u32::try_from(count as u64 * 8 - bits).unwrap_or(0);
        let mut bytes = vec![0_u8; count];
        loop {
            for byte in &mut bytes {
                *byte = self.byte()?;
            }
            if let Some(top) = bytes.last_mut() {
                *top >>= spare;
            }
            let value = BigUint::from_bytes_le(&bytes);
            if value < *bound {
                return Ok(value);
            }
        }
    }
}
