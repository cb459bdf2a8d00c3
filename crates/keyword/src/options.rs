//! The constants of BM25.

use crate::Error;

/// How documents are scored. The defaults hold up on both test collections (see DESIGN.md) and are rarely worth changing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How slowly repeated words saturate, 0 to 10. At 0 only presence counts.
    pub k1: f32,
    /// How much long documents are discounted, 0 (not at all) to 1 (fully).
    pub b: f32,
    /// How slowly repeated query words saturate, 0 to 1000. At 0 a repeated query word counts once.
    pub k3: f32,
}

impl Default for Options {
    fn default() -> Self {
        Self { k1: 1.2, b: 0.75, k3: 8.0 }
    }
}

impl Options {
    /// Checks the ranges.
    pub(crate) fn check(self) -> Result<Self, Error> {
        let within = |name, received: f32, low: f32, high: f32, range| {
            if (low..=high).contains(&received) { Ok(()) } else { Err(Error::Option { name, received, range }) }
        };
        within("k1", self.k1, 0.0, 10.0, "a number from 0 to 10")?;
        within("b", self.b, 0.0, 1.0, "a number from 0 to 1")?;
        within("k3", self.k3, 0.0, 1000.0, "a number from 0 to 1000")?;
        Ok(self)
    }
}
