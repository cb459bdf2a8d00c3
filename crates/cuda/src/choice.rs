//! Which device is used: what was chosen, what there is, and what is said about it.

use crate::driver;
use crate::{Device, Error, Info};
use canopy_core::Coded;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The variable of the environment that chooses where nobody called [`choose`].
pub(crate) const VARIABLE: &str = "CANOPY_COMPUTE_DEVICE";

/// Which device is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// A GPU where there is one, for work that is large enough to be done sooner there.
    #[default]
    Auto,
    /// The processor, always.
    Cpu,
    /// A GPU for all that it can do, however small; the processor where there is none.
    Gpu,
}

impl Choice {
    /// The choice of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "cpu" => Some(Self::Cpu),
            "gpu" => Some(Self::Gpu),
            _ => None,
        }
    }
}

/// What is used for work that a GPU can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `gpu` or `cpu`.
    pub device: &'static str,
    /// What was chosen.
    pub choice: Choice,
    /// The GPU's name.
    pub name: Option<String>,
    /// Its compute capability.
    pub capability: Option<String>,
    /// Bytes of its memory.
    pub memory_bytes: Option<u64>,
    /// Why no GPU is used.
    pub reason: Option<String>,
    /// The stable code of that.
    pub code: Option<&'static str>,
}

#[derive(Default)]
struct State {
    chosen: Option<Choice>,
    probed: Option<Result<Arc<Device>, Error>>,
    /// What was logged already.
    said: BTreeSet<(&'static str, &'static str)>,
}

static STATE: Mutex<State> = Mutex::new(State { chosen: None, probed: None, said: BTreeSet::new() });

/// Chooses for this process; calls that are under way end where they began.
pub fn choose(choice: Choice) {
    STATE.lock().chosen = Some(choice);
}

/// What was chosen: by [`choose`], else by `CANOPY_COMPUTE_DEVICE`.
///
/// # Errors
/// [`Error::Choice`] when the variable holds something else.
pub fn choice() -> Result<Choice, Error> {
    let chosen = STATE.lock().chosen;
    match (chosen, std::env::var(VARIABLE)) {
        (Some(choice), _) => Ok(choice),
        (None, Ok(name)) => Choice::from_name(name.trim()).ok_or(Error::Choice { received: name }),
        (None, Err(_)) => Ok(Choice::Auto),
    }
}

/// Whether work of so many operations is worth a GPU's trouble: at least as many as `least`, unless a GPU was chosen for everything. False where the processor
/// was chosen.
pub fn is_worth(operations: u64, least: u64) -> bool {
    match choice() {
        Ok(Choice::Auto) => operations >= least,
        Ok(Choice::Gpu) => true,
        // Whoever asks for the device then hears why there is none.
        Ok(Choice::Cpu) | Err(_) => false,
    }
}

/// The GPU to work on. The first call looks for one, which takes up to a second where there is a driver; later ones remember.
///
/// # Errors
/// Why there is none, or none is wanted: the caller works on the processor.
pub fn device() -> Result<Arc<Device>, Error> {
    if choice()? == Choice::Cpu {
        return Err(Error::Off);
    }
    let found = STATE.lock().probed.get_or_insert_with(probe).clone()?;
    match found.failure() {
        None => Ok(found),
        Some(error) => Err(error),
    }
}

/// Uses this device from now on instead of looking for one: an emulated one, in tests of who calls [`device`].
pub fn install(device: Arc<Device>) {
    STATE.lock().probed = Some(Ok(device));
}

fn probe() -> Result<Arc<Device>, Error> {
    let found = driver::open().map(|driver| Device::new(Box::new(driver)));
    match &found {
        Ok(device) => tracing::info!(gpu = device.info().name, "a GPU is used for work that it does sooner"),
        Err(error) => tracing::info!(code = error.code(), "{error}"),
    }
    found
}

/// Which device is used, and why not the other. Takes nothing of a device that nobody has worked on yet.
pub fn status() -> Status {
    let wanted = choice();
    let found = match wanted {
        Err(ref error) => Err(error.clone()),
        Ok(Choice::Cpu) => Err(Error::Off),
        Ok(_) if STATE.lock().probed.is_some() => device().map(|device| device.info().clone()),
        Ok(_) => driver::look(),
    };
    let (info, error) = (found.as_ref().ok(), found.as_ref().err());
    Status {
        device: if info.is_some() { "gpu" } else { "cpu" },
        choice: wanted.unwrap_or_default(),
        name: info.map(|info| info.name.clone()),
        capability: info.map(|Info { capability, .. }| format!("{}.{}", capability.0, capability.1)),
        memory_bytes: info.map(|info| info.bytes),
        reason: error.map(Error::to_string),
        code: error.map(Error::code),
    }
}

/// Says that `what` is done by the processor because of `error`: once for each of both. That nobody has or wants a GPU is no news.
pub fn fell_back(what: &'static str, error: &Error) {
    let expected = matches!(error, Error::Off | Error::NoDriver | Error::NoDevice | Error::Cancelled(_));
    if STATE.lock().said.insert((what, error.code())) && !expected {
        tracing::warn!(code = error.code(), "{what} is done by the processor: {error}");
    }
}
