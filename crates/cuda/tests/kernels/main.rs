//! Every kernel against the processor, by the same cases on two devices: an emulated one, which every machine has, and the GPU.
//!
//! Without a GPU its cases report themselves skipped, by name and with the reason. `CANOPY_TEST_GPU=require` makes that a failure.

mod heat;
mod memory;
mod pq;
mod ptx;
mod rerank;

use canopy_cuda::Device;
use canopy_cuda_emulator as emulator;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::sync::Arc;

/// Memory of the emulated device.
const BYTES: u64 = 4 << 30;

/// What a case finds wrong: an error, or a panic of an assertion.
type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;
type Case = (&'static str, fn(&Arc<Device>) -> Outcome);

fn main() {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> =
        ptx::CASES.iter().map(|&(name, case)| Trial::test(name, move || checked(case()))).collect();
    for (name, case) in [memory::CASES, rerank::CASES, pq::CASES, heat::CASES].concat() {
        for (device, reversed) in [("emulated", false), ("emulated, backwards", true)] {
            trials.push(Trial::test(format!("{device}: {name}"), move || {
                checked(case(&emulator::device(BYTES, reversed)))
            }));
        }
        trials.push(Trial::ignorable_test(format!("gpu: {name}"), move || on_gpu(case)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn on_gpu(case: fn(&Arc<Device>) -> Outcome) -> Result<Completion, Failed> {
    emulator::harness::on(canopy_cuda::device(), |device| checked(case(&device)))
}

fn checked(outcome: Outcome) -> Result<(), Failed> {
    outcome.map_err(|error| error.to_string().into())
}
