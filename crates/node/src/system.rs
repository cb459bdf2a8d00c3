//! What the native core is and runs on.

use crate::outcome::{Outcome, Trouble, run, run_json};
use canopy_cuda::{Choice, choose, status};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

/// Threads that may wait for disks and locks beyond those that compute; more would only queue on two cores.
const EXTRA_THREADS: usize = 8;

/// Sizes the worker pool before the first call: calls run on it, never on libuv's four threads, which `fs` needs.
#[napi_derive::module_init]
fn start() {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let runtime = napi::tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores + EXTRA_THREADS)
        .thread_name("canopy")
        .build()
        .expect("the system lets a process start one thread");
    napi::bindgen_prelude::create_custom_tokio_runtime(runtime);
}

/// Bytes of physical memory that this process occupies, or 0 where the system doesn't tell.
#[napi(catch_unwind)]
pub fn resident_bytes() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "JavaScript counts in doubles; exact up to 2^53 bytes")]
    canopy_collection::resident_bytes().map_or(0.0, |bytes| bytes as f64)
}

/// Version, instruction set, threads and platform of the native core, as JSON.
#[napi(catch_unwind)]
pub fn system() -> String {
    serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "isa": canopy_collection::isa(),
        "threads": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "platform": format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
        "sqlite": canopy_store::sqlite_version(),
        "schema": canopy_store::schema_version(),
    })
    .to_string()
}

/// Which device does work that a GPU does sooner, and why not the other: `{ device, choice, name, capability, memoryBytes, reason, code }`.
#[napi]
pub async fn compute_device() -> Outcome<Buffer> {
    run_json(|| Ok::<_, Trouble>(status())).await
}

/// Chooses it for this process: `auto`, `cpu` or `gpu`.
#[napi]
pub async fn choose_compute_device(name: String) -> Outcome<bool> {
    run(move || {
        choose(Choice::from_name(&name).ok_or(canopy_cuda::Error::Choice { received: name })?);
        Ok::<_, Trouble>(true)
    })
    .await
}
