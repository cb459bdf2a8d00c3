//! Why there is no device, and what can go wrong on one.

use canopy_core::{Coded, Fault};

/// Least compute capability: what the kernels are compiled for (Ampere, 2020).
pub(crate) const LEAST_CAPABILITY: (i32, i32) = (8, 0);

/// Why a GPU can't be used, or why a call on it failed. In either case the processor can do the same work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Somebody chose the processor.
    #[error(
        "the processor was chosen (compute.device is cpu); set compute.device to auto to use a GPU where there is one"
    )]
    Off,
    /// What was asked for is no device that there could be.
    #[error(
        "no GPU is used: the device {received:?} was asked for, there are auto, cpu and gpu ({} or compute.device)",
        crate::choice::VARIABLE
    )]
    Choice {
        /// What was asked for.
        received: String,
    },
    /// There is no driver.
    #[error(
        "no GPU is used: NVIDIA's driver library (libcuda.so.1, nvcuda.dll) is not found; where there is a GPU, install its driver, 550 or later"
    )]
    NoDriver,
    /// The driver is there but doesn't answer as it should.
    #[error(
        "no GPU is used: NVIDIA's driver answered {call} with {reason}; check it with nvidia-smi, it must be 550 or later"
    )]
    Driver {
        /// What was asked.
        call: &'static str,
        /// What it said.
        reason: String,
    },
    /// The driver sees no device.
    #[error(
        "no GPU is used: NVIDIA's driver is installed but sees no device; check nvidia-smi and CUDA_VISIBLE_DEVICES"
    )]
    NoDevice,
    /// The device is older than what the kernels are compiled for.
    #[error("{name} is not used: it has compute capability {}.{}, {}.{} or later (Ampere) is needed", received.0, received.1, LEAST_CAPABILITY.0, LEAST_CAPABILITY.1)]
    TooOld {
        /// The device.
        name: String,
        /// Its capability.
        received: (i32, i32),
    },
    /// The device has too little memory for a call.
    #[error(
        "the GPU has {free} free bytes, {needed} are needed: the processor does this; free memory on the device, or ask for less at once"
    )]
    Memory {
        /// Bytes needed.
        needed: u64,
        /// Bytes that were free.
        free: u64,
    },
    /// A call failed on the device; it isn't used any more.
    #[error(
        "the GPU failed in {call} ({reason}) and is left alone from now on; check nvidia-smi, and start the process again to use it"
    )]
    Failed {
        /// What was asked.
        call: &'static str,
        /// What the driver said.
        reason: String,
    },
    /// What a caller sent doesn't fit together.
    #[error("{what} is {received}, which can't be: {expected}")]
    Input {
        /// What doesn't fit.
        what: &'static str,
        /// What was received.
        received: u64,
        /// What would fit.
        expected: &'static str,
    },
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] canopy_core::Cancelled),
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Off => "GPU_OFF",
            Self::Choice { .. } => "GPU_CHOICE",
            Self::NoDriver => "GPU_NO_DRIVER",
            Self::Driver { .. } => "GPU_DRIVER",
            Self::NoDevice => "GPU_NONE",
            Self::TooOld { .. } => "GPU_TOO_OLD",
            Self::Memory { .. } => "GPU_MEMORY",
            Self::Failed { .. } => "GPU_FAILED",
            Self::Input { .. } => "GPU_INPUT",
            Self::Cancelled(cancelled) => cancelled.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Choice { .. } | Self::Input { .. } => Fault::InvalidInput,
            Self::Cancelled(cancelled) => cancelled.fault(),
            _ => Fault::Unavailable,
        }
    }
}

impl Error {
    /// Whether the device can't be trusted any more.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}
