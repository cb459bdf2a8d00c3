//! The Poincaré ball of any curvature κ < 0: maps, distances, means, recentring and embeddings that stay right at the rim.
//!
//! Points are rows of `f64`, `f32` or `f16`; arithmetic is `f64` in tiles that fit the first-level cache, vectorised and on all
//! cores. `DESIGN.md` beside this crate has the formulas and the measured errors and speeds.
//!
//! ```
//! use canopy_core::Cancel;
//! use canopy_hyperbolic::Ball;
//!
//! let (ball, cancel) = (Ball::new(-1.0)?, Cancel::new());
//! let (mut points, mut back) = ([0.0_f32; 4], [0.0_f32; 4]);
//! ball.exp0(&[0.3, -0.4, 2.0, 9.0], 2, &mut points, &cancel)?;
//! ball.log0(&points, 2, &mut back, &cancel)?;
//! assert!((back[0] - 0.3).abs() < 1e-6 && (back[1] + 0.4).abs() < 1e-6);
//!
//! let centre = ball.mean(&points, 2, None, &Default::default(), &cancel)?.point;
//! let mut centred = [0.0_f32; 4];
//! ball.recentre(&centre, &points, 2, &mut centred, &cancel)?;
//! # Ok::<(), canopy_hyperbolic::Error>(())
//! ```

mod ball;
mod distance;
mod error;
mod maps;
mod math;
mod mean;
mod overshoot;
mod rows;
mod scalar;
mod tile;
mod train;
mod translate;
mod vector;

pub use ball::Ball;
pub use error::Error;
pub use half::f16;
pub use mean::{Mean, MeanOptions};
pub use overshoot::{Overshoot, OvershootRow, naive_recentre, overshoot};
pub use scalar::Scalar;
pub use train::{Embedding, Quality, TrainOptions, evaluate, train};
