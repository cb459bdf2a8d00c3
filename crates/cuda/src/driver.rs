//! NVIDIA's driver, loaded at run time.

use crate::Error;
use crate::backend::{Backend, Info};
use crate::error::LEAST_CAPABILITY;
use crate::kernels::{Kernel, THREADS};
use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUresult};
use std::ffi::{CString, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The first device that the driver shows, with the kernels translated for it.
#[derive(Debug)]
pub(crate) struct Driver {
    info: Info,
    context: sys::CUcontext,
    /// By the kernels' numbers.
    functions: Vec<sys::CUfunction>,
}

// SAFETY: contexts and functions may be used from any thread; each call makes the context current first, and `Device` lets one through at a time.
unsafe impl Send for Driver {}
// SAFETY: as above.
unsafe impl Sync for Driver {}

/// Says what device there is, without taking anything of it.
pub(crate) fn look() -> Result<Info, Error> {
    guarded(|| Ok(first()?.1))
}

/// Prepares the first device for work: a context, and the kernels.
pub(crate) fn open() -> Result<Driver, Error> {
    guarded(|| {
        let (device, info) = first()?;
        // SAFETY: the device was just got; the context lives as long as the process.
        let context = unsafe { result::primary_ctx::retain(device) };
        let context = context.map_err(|error| refused("cuDevicePrimaryCtxRetain", error))?;
        // SAFETY: the context was just made.
        unsafe { result::ctx::set_current(context) }.map_err(|error| refused("cuCtxSetCurrent", error))?;
        Ok(Driver { info, context, functions: load()? })
    })
}

/// Asks a driver that is there. One that lacks a function makes cudarc panic.
fn guarded<T>(ask: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // SAFETY: opens a library of a well-known name; its initialisers are the driver's.
    if !unsafe { sys::is_culib_present() } {
        return Err(Error::NoDriver);
    }
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| {
        Err(Error::Driver { call: "the search for a function", reason: "a function is missing".to_owned() })
    })
}

fn first() -> Result<(sys::CUdevice, Info), Error> {
    match result::init() {
        Err(DriverError(CUresult::CUDA_ERROR_NO_DEVICE)) => return Err(Error::NoDevice),
        other => other.map_err(|error| refused("cuInit", error))?,
    }
    if result::device::get_count().map_err(|error| refused("cuDeviceGetCount", error))? == 0 {
        return Err(Error::NoDevice);
    }
    let device = result::device::get(0).map_err(|error| refused("cuDeviceGet", error))?;
    let name = result::device::get_name(device).map_err(|error| refused("cuDeviceGetName", error))?;
    let attribute = |which| {
        // SAFETY: the device was just got.
        unsafe { result::device::get_attribute(device, which) }.map_err(|error| refused("cuDeviceGetAttribute", error))
    };
    let capability = (
        attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
        attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
    );
    if capability < LEAST_CAPABILITY {
        return Err(Error::TooOld { name, received: capability });
    }
    // SAFETY: the device was just got.
    let bytes = unsafe { result::device::total_mem(device) }.map_err(|error| refused("cuDeviceTotalMem", error))?;
    Ok((device, Info { name, capability, bytes: bytes as u64 }))
}

/// Has the driver translate the kernels.
fn load() -> Result<Vec<sys::CUfunction>, Error> {
    let mut modules: Vec<(&str, sys::CUmodule)> = Vec::new();
    let mut functions = Vec::new();
    for kernel in Kernel::ALL {
        let known = modules.iter().find(|(ptx, _)| *ptx == kernel.ptx()).map(|(_, module)| *module);
        let module = match known {
            Some(module) => module,
            None => {
                let text = CString::new(kernel.ptx()).expect("PTX holds no zero byte");
                // SAFETY: PTX that ends in a zero byte; modules are never unloaded.
                let module = unsafe { result::module::load_data(text.as_ptr().cast()) };
                let module = module.map_err(|error| refused("cuModuleLoadData", error))?;
                modules.push((kernel.ptx(), module));
                module
            }
        };
        let name = CString::new(kernel.name()).expect("names hold no zero byte");
        // SAFETY: the module was just loaded.
        let function = unsafe { result::module::get_function(module, name) };
        functions.push(function.map_err(|error| refused("cuModuleGetFunction", error))?);
    }
    Ok(functions)
}

fn refused(call: &'static str, error: DriverError) -> Error {
    Error::Driver { call, reason: reason(error) }
}

fn failed(call: &'static str) -> impl Fn(DriverError) -> Error {
    move |error| Error::Failed { call, reason: reason(error) }
}

/// The name of the driver's answer: `CUDA_ERROR_OUT_OF_MEMORY`.
fn reason(DriverError(result): DriverError) -> String {
    format!("{result:?}")
}

impl Driver {
    /// Every thread has a context of its own that is current.
    fn enter(&self) -> Result<(), Error> {
        // SAFETY: the context lives as long as the process.
        unsafe { result::ctx::set_current(self.context) }.map_err(failed("cuCtxSetCurrent"))
    }
}

// SAFETY: memory is taken and given back synchronously, and everything runs on the default stream, in the order of the calls.
unsafe impl Backend for Driver {
    fn info(&self) -> &Info {
        &self.info
    }

    fn free_bytes(&self) -> Result<u64, Error> {
        self.enter()?;
        Ok(result::mem_get_info().map_err(failed("cuMemGetInfo"))?.0 as u64)
    }

    fn allocate(&self, bytes: usize) -> Result<u64, Error> {
        self.enter()?;
        // SAFETY: the memory is of no particular content, as `allocate` says.
        match unsafe { result::malloc_sync(bytes) } {
            Ok(address) => Ok(address),
            Err(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => {
                Err(Error::Memory { needed: bytes as u64, free: self.free_bytes().unwrap_or(0) })
            }
            Err(error) => Err(failed("cuMemAlloc")(error)),
        }
    }

    unsafe fn release(&self, address: u64) {
        // A device that failed gives nothing back, and there is nobody to tell.
        if self.enter().is_ok() {
            // SAFETY: the caller promises that it was allocated and isn't used; the call waits for kernels that are under way.
            let _ = unsafe { result::free_sync(address) };
        }
    }

    unsafe fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Error> {
        self.enter()?;
        // SAFETY: the caller promises that so many bytes stand there.
        unsafe { result::memcpy_htod_sync(address, bytes) }.map_err(failed("cuMemcpyHtoD"))
    }

    unsafe fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Error> {
        self.enter()?;
        // SAFETY: the caller promises that so many bytes stand there; the call waits for earlier kernels.
        unsafe { result::memcpy_dtoh_sync(bytes, address) }.map_err(failed("cuMemcpyDtoH"))
    }

    unsafe fn launch(&self, kernel: Kernel, blocks: [u32; 3], arguments: &mut [*mut c_void]) -> Result<(), Error> {
        self.enter()?;
        let (grid, block) = ((blocks[0], blocks[1], blocks[2]), (THREADS, 1, 1));
        let function = self.functions[kernel as usize];
        // SAFETY: the function was loaded; the caller promises fitting arguments. The null stream is the default one.
        unsafe { result::launch_kernel(function, grid, block, 0, result::stream::null(), arguments) }
            .map_err(failed(kernel.name()))
    }

    fn wait(&self) -> Result<(), Error> {
        self.enter()?;
        result::ctx::synchronize().map_err(failed("cuCtxSynchronize"))
    }
}
