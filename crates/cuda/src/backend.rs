//! What runs kernels: the driver, or an emulator in tests.

use crate::Error;
use crate::kernels::Kernel;
use std::ffi::c_void;
use std::fmt::Debug;

/// What a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// As its maker calls it.
    pub name: String,
    /// Compute capability, major and minor.
    pub capability: (i32, i32),
    /// Bytes of memory.
    pub bytes: u64,
}

/// Memory of a device, and kernels that work on it. Callers come one at a time ([`crate::Device`] sees to it) but from any thread.
///
/// # Safety
/// An address that [`Backend::allocate`] gave stays good for its bytes until [`Backend::release`], and work is done in the order of the calls.
pub unsafe trait Backend: Debug + Send + Sync {
    /// What it is.
    fn info(&self) -> &Info;

    /// Bytes that are free now.
    ///
    /// # Errors
    /// [`Error::Failed`].
    fn free_bytes(&self) -> Result<u64, Error>;

    /// The address of `bytes` bytes, more than 0, of no particular content.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Failed`].
    fn allocate(&self, bytes: usize) -> Result<u64, Error>;

    /// Gives memory back.
    ///
    /// # Safety
    /// `allocate` gave the address, and nobody uses it any more.
    unsafe fn release(&self, address: u64);

    /// Copies to the device.
    ///
    /// # Errors
    /// [`Error::Failed`].
    ///
    /// # Safety
    /// So many bytes stand at the address.
    unsafe fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Error>;

    /// Copies from the device what all earlier kernels left.
    ///
    /// # Errors
    /// [`Error::Failed`].
    ///
    /// # Safety
    /// So many bytes stand at the address.
    unsafe fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Error>;

    /// Starts a kernel on so many blocks; it may run on after the call.
    ///
    /// # Errors
    /// [`Error::Failed`].
    ///
    /// # Safety
    /// The arguments have the types of the kernel's parameters, and it stays within the buffers that they name.
    unsafe fn launch(&self, kernel: Kernel, blocks: [u32; 3], arguments: &mut [*mut c_void]) -> Result<(), Error>;

    /// Waits until all kernels are through.
    ///
    /// # Errors
    /// [`Error::Failed`] with what went wrong in one of them.
    fn wait(&self) -> Result<(), Error>;
}
