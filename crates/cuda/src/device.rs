//! A device that kernels run on.

use crate::Error;
use crate::backend::{Backend, Info};
use crate::kernels::Kernel;
use crate::memory::Memory;
use bytemuck::Pod;
use parking_lot::{Mutex, MutexGuard};
use std::ffi::c_void;
use std::sync::Arc;

/// Share of the free memory that a call leaves for others: a driver needs some itself, and another process may take some meanwhile.
const SPARE: u64 = 16;

/// A GPU. Calls from several threads follow one another.
#[derive(Debug)]
pub struct Device {
    backend: Box<dyn Backend>,
    turn: Mutex<()>,
    failed: Mutex<Option<Error>>,
}

impl Device {
    /// A device on what runs its kernels.
    pub fn new(backend: Box<dyn Backend>) -> Arc<Self> {
        Arc::new(Self { backend, turn: Mutex::default(), failed: Mutex::default() })
    }

    /// What it is.
    pub fn info(&self) -> &Info {
        self.backend.info()
    }

    /// Bytes that calls may take now: what is free but for a sixteenth.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn room(&self) -> Result<u64, Error> {
        let free = self.kept(self.backend.free_bytes())?;
        Ok(free - free / SPARE)
    }

    /// Refuses what would need more bytes than there are, before any is taken.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Failed`].
    pub fn check_room(&self, needed: u64) -> Result<(), Error> {
        let free = self.room()?;
        if needed > free { Err(Error::Memory { needed, free }) } else { Ok(()) }
    }

    /// Waits until all kernels are through.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn wait(&self) -> Result<(), Error> {
        self.kept(self.backend.wait())
    }

    /// Why it isn't used any more.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.failed.lock().clone()
    }

    /// A caller that starts several kernels has the device for itself meanwhile: two callers would need the memory of both at once.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock()
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Remembers a failure after which nothing on the device can be trusted.
    pub(crate) fn kept<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.inspect_err(|error| {
            if error.is_lasting() {
                self.failed.lock().get_or_insert_with(|| error.clone());
            }
        })
    }

    /// Copies values to the device.
    pub(crate) fn upload<T: Pod>(self: &Arc<Self>, values: &[T]) -> Result<Memory<T>, Error> {
        let memory = Memory::new(self, values.len())?;
        memory.fill(values)?;
        Ok(memory)
    }

    /// Starts a kernel on so many blocks of 256 threads; none where there are no blocks.
    ///
    /// # Safety
    /// The arguments have the types of the kernel's parameters in their order, and the kernel stays within the buffers for these arguments.
    pub(crate) unsafe fn launch(&self, kernel: Kernel, blocks: [u32; 3], arguments: &[Argument]) -> Result<(), Error> {
        if blocks.contains(&0) {
            return Ok(());
        }
        let mut pointers: Vec<*mut c_void> = arguments.iter().map(Argument::pointer).collect();
        // SAFETY: passed on; the driver copies the arguments before it returns.
        self.kept(unsafe { self.backend.launch(kernel, blocks, &mut pointers) })
    }
}

/// One argument of a kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Argument {
    /// A buffer's address, or 0.
    Buffer(u64),
    U32(u32),
    F32(f32),
    F64(f64),
}

impl Argument {
    fn pointer(&self) -> *mut c_void {
        match self {
            Self::Buffer(address) => std::ptr::from_ref(address) as *mut c_void,
            Self::U32(value) => std::ptr::from_ref(value) as *mut c_void,
            Self::F32(value) => std::ptr::from_ref(value) as *mut c_void,
            Self::F64(value) => std::ptr::from_ref(value) as *mut c_void,
        }
    }
}

impl From<u32> for Argument {
    fn from(value: u32) -> Self {
        Self::U32(value)
    }
}

impl<T: Pod> From<&Memory<T>> for Argument {
    fn from(memory: &Memory<T>) -> Self {
        Self::Buffer(memory.address())
    }
}

/// A count as kernels take it.
pub(crate) fn count(what: &'static str, value: usize) -> Result<u32, Error> {
    let expected = "at most 4,294,967,295: ask for less at once";
    u32::try_from(value).map_err(|_| Error::Input { what, received: value as u64, expected })
}
