//! Numbers of one or two bytes as `f32`.

use crate::Error;
use half::f16;
use rayon::prelude::*;

/// How a caller's numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Two bytes, IEEE 754 binary16, little-endian.
    F16,
    /// One byte with a sign.
    I8,
    /// One byte without.
    U8,
}

impl Kind {
    /// The kind that is called `f16`, `i8` or `u8`.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn from_name(name: &str) -> Result<Self, Error> {
        match name {
            "f16" => Ok(Self::F16),
            "i8" => Ok(Self::I8),
            "u8" => Ok(Self::U8),
            _ => Err(Error::Option { name: "kind", received: f64::NAN, range: "f16, i8, u8" }),
        }
    }
}

/// The same numbers as `f32`; every value of these kinds has one. A last odd byte is passed over.
pub fn widened(bytes: &[u8], kind: Kind) -> Vec<f32> {
    match kind {
        Kind::F16 => bytes
            .as_chunks::<2>()
            .0
            .par_iter()
            .with_min_len(1 << 14)
            .map(|&pair| f16::from_le_bytes(pair).to_f32())
            .collect(),
        Kind::I8 => bytes.par_iter().with_min_len(1 << 14).map(|&byte| f32::from(byte.cast_signed())).collect(),
        Kind::U8 => bytes.par_iter().with_min_len(1 << 14).map(|&byte| f32::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_keeps_its_meaning() {
        assert_eq!(widened(&[0x00, 0x3C, 0x00, 0xC0, 0x01], Kind::F16), [1.0, -2.0]);
        assert!(widened(&[0x00, 0x7E], Kind::F16)[0].is_nan());
        assert_eq!(widened(&[127, 128, 255], Kind::I8), [127.0, -128.0, -1.0]);
        assert_eq!(widened(&[127, 128, 255], Kind::U8), [127.0, 128.0, 255.0]);
        assert!(Kind::from_name("f64").is_err());
    }
}
