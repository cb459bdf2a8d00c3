//! The machine's best integer multiply-add rate, as the yardstick for the product.

use super::kernel::Backend;
use std::time::Instant;

/// Operations a second (a multiply and an add are two) of one core that does nothing but the backend's multiply-add, or `None` where this
/// isn't measured (only VNNI is). Takes about 40 ms: many short tries, so that other work on the machine can't interrupt them all.
#[expect(clippy::cast_precision_loss, reason = "a rate needs few digits")]
pub fn measure_peak(backend: Backend) -> Option<f64> {
    match backend {
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512Vnni if backend.available() => {
            let mut best = 0.0_f64;
            for _ in 0..100 {
                let start = Instant::now();
                // SAFETY: the machine has the instructions: `available` was asked just above.
                let (operations, witness) = unsafe { super::avx512::spin(50_000) };
                std::hint::black_box(witness);
                best = best.max(operations as f64 / start.elapsed().as_secs_f64());
            }
            Some(best)
        }
        _ => {
            let _ = Instant::now;
            None
        }
    }
}
