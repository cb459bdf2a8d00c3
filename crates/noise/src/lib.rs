//! Noise for private releases, sampled exactly.
//!
//! A Laplace variable made from a floating-point uniform has gaps that tell which value it was added to (Mironov, 2012). These samplers
//! use integers and coin flips only: the algorithms of Canonne, Kamath and Steinke, *The Discrete Gaussian for Differential Privacy*
//! (2020), sections 5.1–5.3, with scales that are exact rationals and bits from the operating system.
//!
//! ```
//! use canopy_noise::{Noise, Source};
//!
//! let mut source = Source::new();
//! let noise = Noise::laplace(2.5)?.sample(&mut source)?;
//! assert!(noise.abs() < 1000);
//! # Ok::<(), canopy_noise::Error>(())
//! ```

mod bernoulli;
mod error;
mod ratio;
mod sample;
mod source;

pub use error::{Error, Result};
pub use sample::{MAX_SCALE, MIN_SCALE, Noise};
pub use source::Source;
