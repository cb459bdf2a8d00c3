//! The cases of a crate whose work goes to a GPU where there is one: on the real device, on an emulated one, and on one without room.

use canopy_core::Coded;
use canopy_cuda::{Device, Error, install};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::sync::Arc;

/// What is tried. A case panics where something is wrong.
#[derive(Debug, Clone, Copy)]
pub struct Cases {
    /// What all of them check, as their names say it.
    pub what: &'static str,
    /// On a real GPU. Where there is none it reports itself skipped, by name and with the reason; `CANOPY_TEST_GPU=require` makes that a failure.
    pub real: fn(),
    /// On an emulated one with a gigabyte, which must have been asked.
    pub emulated: fn(),
    /// On one with so few bytes that the processor has to do it.
    pub full: (u64, fn()),
}

/// Runs the cases as the test program's whole, one after the other: the choice of a device is the process's.
pub fn run(Cases { what, real, emulated, full: (bytes, full) }: Cases) -> ! {
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    // Before an emulated device takes its place.
    let gpu = canopy_cuda::device();
    let on_real = Trial::ignorable_test(format!("gpu: {what}"), move || {
        on(gpu, |gpu| {
            install(gpu);
            real();
            Ok(())
        })
    });
    let on_emulated = Trial::test(format!("emulated: {what}"), move || {
        install(crate::device(1 << 30, false));
        let before = crate::launches();
        emulated();
        if crate::launches() > before { Ok(()) } else { Err("the device wasn't asked".into()) }
    });
    let on_full = Trial::test(format!("emulated, without room: {what}"), move || {
        install(crate::device(bytes, false));
        full();
        Ok(())
    });
    libtest_mimic::run(&arguments, vec![on_real, on_emulated, on_full]).exit()
}

/// Runs a case on the GPU that was found; skipped where there is none, unless `CANOPY_TEST_GPU=require`.
///
/// # Errors
/// What is wrong.
pub fn on(
    gpu: Result<Arc<Device>, Error>,
    case: impl FnOnce(Arc<Device>) -> Result<(), Failed>,
) -> Result<Completion, Failed> {
    match gpu {
        Ok(gpu) => case(gpu).map(|()| Completion::Completed),
        Err(error) if std::env::var("CANOPY_TEST_GPU").as_deref() == Ok("require") => Err(Failed::from(error)),
        Err(error) => Ok(Completion::ignored_with(format!("{}: {error}", error.code()))),
    }
}
