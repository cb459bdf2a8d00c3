//! Kernels for NVIDIA's GPUs, behind one function that says whether there is one: [`device`]. The only crate that names CUDA.
//!
//! There is one binary for machines with and without a GPU. The driver's library is looked for at run time; nothing of NVIDIA's toolkit is needed to build, and
//! nothing but the driver to run. Kernels are `.cu` files that were compiled to PTX ahead of time (`node scripts/kernels.mjs`) and lie in this library; the driver
//! translates them for the GPU at hand.
//!
//! Whoever has work that a GPU does sooner asks [`device`], and does it on the processor where the answer is an [`Error`], or where a call fails half-way (no memory, a
//! lost device); [`fell_back`] says so in the log, once.
//!
//! ```
//! use canopy_core::{MetricKind, Rows};
//! use canopy_cuda::{Candidates, DeviceRows, Values, device, fell_back};
//!
//! let (rows, query) = ([1.0_f32, 0.0, 0.0, 1.0], [3.0_f32, 4.0]);
//! let scores = device().and_then(|device| {
//!     let held = DeviceRows::upload(&device, Values::F32(&rows), 2)?;
//!     let candidates = Candidates { offsets: &[0, 2], positions: &[1, 0] };
//!     held.rerank(MetricKind::Dot, Rows::new(&query, 2).expect("a row of two values"), candidates)
//! });
//! match scores {
//!     Ok(scores) => assert_eq!(scores, [4.0, 3.0]),
//!     Err(error) => fell_back("the exact look", &error),
//! }
//! ```

mod backend;
mod choice;
mod device;
mod driver;
mod error;
mod heat;
mod kernels;
mod memory;
mod pq;
mod rerank;

pub use backend::{Backend, Info};
pub use choice::{Choice, Status, choice, choose, device, fell_back, install, is_worth, status};
pub use device::Device;
pub use error::Error;
pub use heat::{Characteristic, DeviceOperator, Number as HeatNumber, Operator};
pub use kernels::Kernel;
pub use memory::Memory;
pub use pq::{DeviceLists, List, Near, Probes, Quantiser};
pub use rerank::{Candidates, DeviceRows, Values};
