//! A device that isn't there: the kernels of [`canopy_cuda`], compiled for the processor and run thread by thread, for tests on machines
//! without a GPU.
//!
//! Arithmetic, indices and the order of phases are the kernels' own. Every buffer ends at a page that nobody may touch, so a read or write past its end ends the
//! test; memory is full of NaN until something is written. Threads of a block run in turn, from the first to the last or the other way round: what depends
//! on their order differs between the two.

mod guarded;
pub mod harness;

use canopy_cuda::{Backend, Device, Info, Kernel};
use guarded::Guarded;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

type Emulated = unsafe extern "C" fn(blocks: *const u32, reversed: bool, arguments: *mut *mut c_void);

macro_rules! emulated {
    ($($kernel:ident => $function:ident),+ $(,)?) => {
        unsafe extern "C" {
            $(fn $function(blocks: *const u32, reversed: bool, arguments: *mut *mut c_void);)+
        }
        fn function(kernel: Kernel) -> Emulated {
            match kernel { $(Kernel::$kernel => $function,)+ }
        }
    };
}
emulated! {
    RerankF32 => emulate_rerank_f32,
    RerankF16 => emulate_rerank_f16,
    RerankU8 => emulate_rerank_u8,
    PqTables => emulate_pq_tables,
    PqScan => emulate_pq_scan,
    PqSelect => emulate_pq_select,
    HeatStartF32 => emulate_heat_start_f32,
    HeatStartF64 => emulate_heat_start_f64,
    HeatStepF32 => emulate_heat_step_f32,
    HeatStepF64 => emulate_heat_step_f64,
    HeatCharacteristicF32 => emulate_heat_characteristic_f32,
    HeatCharacteristicF64 => emulate_heat_characteristic_f64,
    HeatSum => emulate_heat_sum,
}

/// The processor as a device with some bytes of memory.
#[derive(Debug)]
pub struct Emulator {
    info: Info,
    reversed: bool,
    memory: Mutex<HashMap<u64, Guarded>>,
}

static LAUNCHES: AtomicU64 = AtomicU64::new(0);

/// Kernels that emulated devices ran in this process: whether work went where a test wants it.
pub fn launches() -> u64 {
    LAUNCHES.load(Ordering::Relaxed)
}

/// An emulated device with `bytes` of memory; `reversed` runs the threads of a block from the last to the first.
pub fn device(bytes: u64, reversed: bool) -> Arc<Device> {
    let info = Info { name: "emulated".to_owned(), capability: (8, 0), bytes };
    Device::new(Box::new(Emulator { info, reversed, memory: Mutex::default() }))
}

impl Emulator {
    fn memory(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Guarded>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// SAFETY: buffers are mapped until they are freed, and kernels run in the calling thread before `launch` returns.
unsafe impl Backend for Emulator {
    fn info(&self) -> &Info {
        &self.info
    }

    fn free_bytes(&self) -> Result<u64, canopy_cuda::Error> {
        let used: u64 = self.memory().values().map(|held| held.len() as u64).sum();
        Ok(self.info.bytes.saturating_sub(used))
    }

    fn allocate(&self, bytes: usize) -> Result<u64, canopy_cuda::Error> {
        let free = self.free_bytes()?;
        if bytes as u64 > free {
            return Err(canopy_cuda::Error::Memory { needed: bytes as u64, free });
        }
        let held = Guarded::new(bytes).map_err(|_| canopy_cuda::Error::Memory { needed: bytes as u64, free })?;
        let address = held.address();
        self.memory().insert(address, held);
        Ok(address)
    }

    unsafe fn release(&self, address: u64) {
        self.memory().remove(&address);
    }

    unsafe fn write(&self, address: u64, bytes: &[u8]) -> Result<(), canopy_cuda::Error> {
        // SAFETY: the caller promises that so many bytes stand there.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len()) };
        Ok(())
    }

    unsafe fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), canopy_cuda::Error> {
        // SAFETY: the caller promises that so many bytes stand there.
        unsafe { std::ptr::copy_nonoverlapping(address as *const u8, bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    unsafe fn launch(
        &self,
        kernel: Kernel,
        blocks: [u32; 3],
        arguments: &mut [*mut c_void],
    ) -> Result<(), canopy_cuda::Error> {
        LAUNCHES.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller promises arguments of the kernel's types, and buffers as long as it reads them.
        unsafe { function(kernel)(blocks.as_ptr(), self.reversed, arguments.as_mut_ptr()) };
        Ok(())
    }

    fn wait(&self) -> Result<(), canopy_cuda::Error> {
        Ok(())
    }
}
