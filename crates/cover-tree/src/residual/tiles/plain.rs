//! For any machine: loops that a compiler can turn into vectors (NEON's among them).

macro_rules! plain {
    ($t:ident) => {
        pub(crate) mod $t {
            use crate::residual::kernel::KernelKind;
            use crate::residual::tiles::{COLUMNS, Dots, Gate, Panel, Score, score};

            #[cfg(target_arch = "aarch64")]
            type F = crate::residual::real::Fused;
            #[cfg(not(target_arch = "aarch64"))]
            type F = crate::residual::real::Apart;

            /// # Safety
            /// None is needed; the type is that of the vectorised loops.
            pub(crate) unsafe fn dots(call: &Dots<'_, $t>, out: &mut [$t], width: usize) {
                for (row, out) in call.rows.iter().zip(out.chunks_mut(width)) {
                    for (&at, out) in call.list.iter().zip(out) {
                        let start = at as usize * call.stride;
                        let mut sums = [0.0; 16];
                        let (row, _) = row[..call.len].as_chunks::<16>();
                        let (other, _) = call.base[start..start + call.len].as_chunks::<16>();
                        for (a, b) in row.iter().zip(other) {
                            for lane in 0..16 {
                                sums[lane] += a[lane] * b[lane];
                            }
                        }
                        *out = sums.iter().sum();
                    }
                }
            }

            /// # Safety
            /// None is needed; the type is that of the vectorised loops.
            pub(crate) unsafe fn panel(call: &Panel<'_, $t>, out: &mut [$t]) {
                let (columns, _) = call.columns.as_chunks::<COLUMNS>();
                for (row, out) in call.rows.chunks(call.stride).zip(out.chunks_exact_mut(COLUMNS)).take(call.count) {
                    out.fill(0.0);
                    for (value, columns) in row[..call.len].iter().zip(columns) {
                        out.iter_mut().zip(columns).for_each(|(sum, column)| *sum += value * column);
                    }
                }
            }

            /// # Safety
            /// None is needed; the type is that of the vectorised loops.
            pub(crate) unsafe fn score(call: &Score<'_, $t>, dots: &mut [$t], hits: &mut [u32]) -> usize {
                score::score::<$t, F>(call, dots, hits)
            }

            /// # Safety
            /// None is needed; the type is that of the vectorised loops.
            pub(crate) unsafe fn gate(call: &Gate<'_>, squares: &mut [$t], width: usize, masks: &mut [u32]) {
                score::gate::<$t, F>(call, squares, width, masks);
            }

            /// # Safety
            /// None is needed; the type is that of the vectorised loops.
            pub(crate) unsafe fn kernel(kind: KernelKind, variance: $t, squares: &mut [$t]) {
                score::kernel::<$t, F>(kind, variance, squares);
            }

            /// # Safety
            /// None is needed; the type is that of the vectorised loops.
            pub(crate) unsafe fn widen(values: &[$t], rests: &[f32], out: &mut [f64]) {
                score::widen(values, rests, out);
            }
        }
    };
}

plain!(f32);
plain!(f64);
