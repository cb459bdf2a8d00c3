//! Shared words of the engine: what a fault is, how work is cancelled and reported, how rows of numbers are viewed.
//!
//! No I/O and no threads live here, so every other crate may depend on it.
//!
//! ```
//! use canopy_core::{Cancel, Rows};
//!
//! let cancel = Cancel::new();
//! let rows = Rows::new(&[0.0_f32, 1.0, 2.0, 3.0], 2)?;
//! assert_eq!(rows.len(), 2);
//! assert_eq!(rows.row(1), &[2.0, 3.0]);
//! assert!(cancel.check().is_ok());
//! # Ok::<(), canopy_core::ShapeError>(())
//! ```

mod cancel;
mod estimate;
mod fault;
mod hit;
mod metric;
mod progress;
mod rows;
mod slots;

pub use cancel::{Cancel, Cancelled, ModelTime};
pub use estimate::Estimate;
pub use fault::{Coded, Fault};
pub use hit::{Hit, TopK};
pub use metric::MetricKind;
pub use progress::Progress;
pub use rows::{Rows, ShapeError};
pub use slots::SlotSet;
