//! How coordinates are stored. Everything is computed in `f64`, whatever the storage.

use crate::vector::vectorised;
use half::f16;
use half::slice::HalfFloatSliceExt;

mod sealed {
    use crate::rows::Cell;
    use half::slice::HalfFloatSliceExt;

    /// How the passes of this crate read and write a storage.
    pub trait Sealed: Sized {
        type Cell: Cell;
        /// The numbers as the passes read them, in `scratch` where they aren't that already.
        fn cells<'a>(from: &'a [Self], scratch: &'a mut [Self::Cell]) -> &'a [Self::Cell];
        /// Lets a pass write `out`, by way of `scratch` where that needs one.
        fn fill(out: &mut [Self], scratch: &mut [Self::Cell], pass: impl FnOnce(&mut [Self::Cell]));
    }

    macro_rules! direct {
        ($type:ty) => {
            impl Sealed for $type {
                type Cell = Self;
                fn cells<'a>(from: &'a [Self], _: &'a mut [Self]) -> &'a [Self] {
                    from
                }
                fn fill(out: &mut [Self], _: &mut [Self], pass: impl FnOnce(&mut [Self])) {
                    pass(out);
                }
            }
        };
    }
    direct!(f64);
    direct!(f32);

    impl Sealed for half::f16 {
        type Cell = f32;
        fn cells<'a>(from: &'a [Self], scratch: &'a mut [f32]) -> &'a [f32] {
            let cells = &mut scratch[..from.len()];
            from.convert_to_f32_slice(cells);
            cells
        }
        fn fill(out: &mut [Self], scratch: &mut [f32], pass: impl FnOnce(&mut [f32])) {
            let cells = &mut scratch[..out.len()];
            pass(cells);
            out.convert_from_f32_slice(cells);
        }
    }
}
pub(crate) use sealed::Sealed;

/// A number a coordinate can be stored as: `f64`, `f32` or `f16`.
pub trait Scalar: sealed::Sealed + Copy + Default + Send + Sync + std::fmt::Debug + 'static {
    /// Stable name: `f64`, `f32`, `f16`.
    const NAME: &'static str;
    /// Distance kept from the rim unless the caller names another, in coordinates of the unit ball.
    const MARGIN: f64;
    /// The smallest margin this storage can keep.
    const LEAST_MARGIN: f64;
    /// Distance from 1 to the next larger number.
    const EPSILON: f64;
    /// Whether `1 - |x|²` needs more than `f64` sums near the rim: only numbers that fill an `f64` do.
    const COMPENSATED: bool;

    /// Copies into `f64`, exactly.
    fn widen(from: &[Self], to: &mut [f64]);
    /// Rounds to the nearest.
    fn narrow(from: &[f64], to: &mut [Self]);
    /// Rounds towards zero, so that no norm grows.
    fn narrow_inward(from: &[f64], to: &mut [Self]);
}

impl Scalar for f64 {
    const NAME: &'static str = "f64";
    const MARGIN: f64 = 1e-6;
    const LEAST_MARGIN: f64 = 1e-15;
    const EPSILON: f64 = f64::EPSILON;
    const COMPENSATED: bool = true;

    fn widen(from: &[Self], to: &mut [f64]) {
        to.copy_from_slice(from);
    }
    fn narrow(from: &[f64], to: &mut [Self]) {
        to.copy_from_slice(from);
    }
    fn narrow_inward(from: &[f64], to: &mut [Self]) {
        to.copy_from_slice(from);
    }
}

vectorised! {
    fn widen_f32(from: &[f32], to: &mut [f64]) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = f64::from(from));
    }
}
vectorised! {
    fn narrow_f32(from: &[f64], to: &mut [f32]) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = from as f32);
    }
}
vectorised! {
    fn narrow_inward_f32(from: &[f64], to: &mut [f32]) {
        to.iter_mut().zip(from).for_each(|(to, &from)| {
            let near = from as f32;
            // One bit less is one step towards zero, for either sign.
            let grew = f64::from(near).abs() > from.abs();
            *to = f32::from_bits(near.to_bits() - u32::from(grew));
        });
    }
}

impl Scalar for f32 {
    const NAME: &'static str = "f32";
    const MARGIN: f64 = 1e-6;
    const LEAST_MARGIN: f64 = 1e-6;
    const EPSILON: f64 = f32::EPSILON as f64;
    const COMPENSATED: bool = false;

    fn widen(from: &[Self], to: &mut [f64]) {
        widen_f32(from, to);
    }
    fn narrow(from: &[f64], to: &mut [Self]) {
        narrow_f32(from, to);
    }
    fn narrow_inward(from: &[f64], to: &mut [Self]) {
        narrow_inward_f32(from, to);
    }
}

/// Values converted at a time: slices of `f16` go through `f32`, where the processor has an instruction.
const HALVES: usize = 256;

impl Scalar for f16 {
    const NAME: &'static str = "f16";
    const MARGIN: f64 = 1.0 / 2048.0;
    const LEAST_MARGIN: f64 = 1.0 / 2048.0;
    const EPSILON: f64 = 1.0 / 1024.0;
    const COMPENSATED: bool = false;

    fn widen(from: &[Self], to: &mut [f64]) {
        let mut single = [0.0_f32; HALVES];
        for (from, to) in from.chunks(HALVES).zip(to.chunks_mut(HALVES)) {
            from.convert_to_f32_slice(&mut single[..from.len()]);
            widen_f32(&single[..from.len()], to);
        }
    }

    fn narrow(from: &[f64], to: &mut [Self]) {
        let mut single = [0.0_f32; HALVES];
        for (from, to) in from.chunks(HALVES).zip(to.chunks_mut(HALVES)) {
            narrow_f32(from, &mut single[..from.len()]);
            to.convert_from_f32_slice(&single[..from.len()]);
        }
    }

    fn narrow_inward(from: &[f64], to: &mut [Self]) {
        to.iter_mut().zip(from).for_each(|(to, &from)| {
            let near = Self::from_f64(from);
            let grew = near.to_f64().abs() > from.abs();
            *to = Self::from_bits(near.to_bits() - u16::from(grew));
        });
    }
}
