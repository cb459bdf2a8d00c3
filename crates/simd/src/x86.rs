//! x86-64 back ends and the test of what the processor has.

mod avx2;
mod avx2_i8;
mod avx512;
mod avx512_i8;
mod codes;
mod nibbles;

use crate::imp::Imp;
use std::arch::is_x86_feature_detected as has;

/// The tables this processor can run, best first.
pub(crate) fn available() -> Vec<&'static Imp> {
    let avx2 = has!("avx2") && has!("fma") && has!("f16c");
    let avx512 = avx2 && has!("avx512f") && has!("avx512bw") && has!("avx512vl");
    let vnni = avx512 && has!("avx512vnni");
    [(vnni, &AVX512_VNNI), (avx512, &AVX512), (avx2, &AVX2)]
        .into_iter()
        .filter_map(|(present, imp)| present.then_some(imp))
        .collect()
}

static AVX512_VNNI: Imp = Imp {
    name: "avx512vnni",
    dot_i8: avx512_i8::dot,
    dot_block_i8: avx512_i8::dot_block,
    score_codes: codes::score_vnni,
    ..AVX512
};

// Skylake-X has AVX-512 but no VNNI: without `vpdpbusd` the wider multiply-add gains nothing over AVX2's for data from memory.
const AVX512: Imp = Imp {
    name: "avx512",
    dot_f32: avx512::dot_f32,
    l2sq_f32: avx512::l2sq_f32,
    dot_f16: avx512::dot_f16,
    l2sq_f16: avx512::l2sq_f16,
    dot_f32_f16: avx512::dot_f32_f16,
    l2sq_f32_f16: avx512::l2sq_f32_f16,
    dot_f32_u8: avx512::dot_f32_u8,
    l2sq_f32_u8: avx512::l2sq_f32_u8,
    dot_rows_f32_u8: avx512::dot_rows_f32_u8,
    l2sq_rows_f32_u8: avx512::l2sq_rows_f32_u8,
    l2sq_i8: avx512_i8::l2sq,
    dot_rows_f32: avx512::dot_rows_f32,
    l2sq_rows_f32: avx512::l2sq_rows_f32,
    dot_rows_f16: avx512::dot_rows_f16,
    l2sq_rows_f16: avx512::l2sq_rows_f16,
    dot_rows_f32_f16: avx512::dot_rows_f32_f16,
    l2sq_rows_f32_f16: avx512::l2sq_rows_f32_f16,
    l2sq_rows_i8: avx512_i8::l2sq_rows,
    sum_nibbles: nibbles::sum_avx512,
    ..AVX2
};

const AVX2: Imp = Imp {
    name: "avx2",
    dot_f32: avx2::dot_f32,
    l2sq_f32: avx2::l2sq_f32,
    dot_f16: avx2::dot_f16,
    l2sq_f16: avx2::l2sq_f16,
    dot_f32_f16: avx2::dot_f32_f16,
    l2sq_f32_f16: avx2::l2sq_f32_f16,
    dot_f32_u8: avx2::dot_f32_u8,
    l2sq_f32_u8: avx2::l2sq_f32_u8,
    dot_rows_f32_u8: avx2::dot_rows_f32_u8,
    l2sq_rows_f32_u8: avx2::l2sq_rows_f32_u8,
    dot_i8: avx2_i8::dot,
    l2sq_i8: avx2_i8::l2sq,
    dot_rows_f32: avx2::dot_rows_f32,
    l2sq_rows_f32: avx2::l2sq_rows_f32,
    dot_rows_f16: avx2::dot_rows_f16,
    l2sq_rows_f16: avx2::l2sq_rows_f16,
    dot_rows_f32_f16: avx2::dot_rows_f32_f16,
    l2sq_rows_f32_f16: avx2::l2sq_rows_f32_f16,
    l2sq_rows_i8: avx2_i8::l2sq_rows,
    dot_block_i8: avx2_i8::dot_block,
    score_codes: codes::score_avx2,
    sum_nibbles: nibbles::sum_avx2,
};
