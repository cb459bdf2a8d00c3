//! NEON back ends for 64-bit ARM, with and without the dot-product instructions.

mod codes;
mod float;
mod int8;
mod int8_dot;
mod nibbles;

use crate::imp::Imp;
use std::arch::is_aarch64_feature_detected as has;

/// The tables this processor can run, best first.
pub(crate) fn available() -> Vec<&'static Imp> {
    let neon = has!("neon");
    [(neon && has!("dotprod"), &NEON_DOT), (neon, &NEON)]
        .into_iter()
        .filter_map(|(present, imp)| present.then_some(imp))
        .collect()
}

static NEON_DOT: Imp = Imp {
    name: "neondot",
    dot_i8: int8_dot::dot,
    dot_block_i8: int8_dot::dot_block,
    score_codes: codes::score_dot,
    ..NEON
};

const NEON: Imp = Imp {
    name: "neon",
    dot_f32: float::dot_f32,
    l2sq_f32: float::l2sq_f32,
    dot_f16: float::dot_f16,
    l2sq_f16: float::l2sq_f16,
    dot_f32_f16: float::dot_f32_f16,
    l2sq_f32_f16: float::l2sq_f32_f16,
    dot_f32_u8: float::dot_f32_u8,
    l2sq_f32_u8: float::l2sq_f32_u8,
    dot_rows_f32_u8: float::dot_rows_f32_u8,
    l2sq_rows_f32_u8: float::l2sq_rows_f32_u8,
    dot_i8: int8::dot,
    l2sq_i8: int8::l2sq,
    dot_rows_f32: float::dot_rows_f32,
    l2sq_rows_f32: float::l2sq_rows_f32,
    dot_rows_f16: float::dot_rows_f16,
    l2sq_rows_f16: float::l2sq_rows_f16,
    dot_rows_f32_f16: float::dot_rows_f32_f16,
    l2sq_rows_f32_f16: float::l2sq_rows_f32_f16,
    l2sq_rows_i8: int8::l2sq_rows,
    dot_block_i8: int8::dot_block,
    score_codes: codes::score,
    sum_nibbles: nibbles::sum,
};
