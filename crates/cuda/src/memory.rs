//! Values in a device's memory.

use crate::{Device, Error};
use bytemuck::Pod;
use std::marker::PhantomData;
use std::sync::Arc;

/// `len` values on a device; given back when dropped.
#[derive(Debug)]
pub struct Memory<T> {
    device: Arc<Device>,
    address: u64,
    len: usize,
    values: PhantomData<T>,
}

impl<T: Pod> Memory<T> {
    /// Room for `len` values, of no particular content.
    ///
    /// # Errors
    /// [`Error::Memory`], [`Error::Failed`].
    pub fn new(device: &Arc<Device>, len: usize) -> Result<Self, Error> {
        let address = match len {
            0 => 0,
            _ => {
                let bytes = len.checked_mul(size_of::<T>());
                let bytes = bytes.ok_or(Error::Memory { needed: u64::MAX, free: device.info().bytes })?;
                device.kept(device.backend().allocate(bytes))?
            }
        };
        Ok(Self { device: device.clone(), address, len, values: PhantomData })
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies values to the start.
    ///
    /// # Errors
    /// [`Error::Input`] for more values than there is room for, [`Error::Failed`].
    pub fn fill(&self, values: &[T]) -> Result<(), Error> {
        self.within(values.len())?;
        if values.is_empty() {
            return Ok(());
        }
        // SAFETY: there is room for so many values.
        self.device.kept(unsafe { self.device.backend().write(self.address, bytemuck::cast_slice(values)) })
    }

    /// The first values, as all earlier kernels left them.
    ///
    /// # Errors
    /// [`Error::Input`] for more values than there are, [`Error::Failed`].
    pub fn read(&self, out: &mut [T]) -> Result<(), Error> {
        self.within(out.len())?;
        if out.is_empty() {
            return Ok(());
        }
        // SAFETY: so many values stand there.
        self.device.kept(unsafe { self.device.backend().read(self.address, bytemuck::cast_slice_mut(out)) })
    }

    fn within(&self, len: usize) -> Result<(), Error> {
        let expected = "no more than the buffer holds";
        if len > self.len { Err(Error::Input { what: "a copy", received: len as u64, expected }) } else { Ok(()) }
    }

    pub(crate) fn address(&self) -> u64 {
        self.address
    }
}

impl<T> Drop for Memory<T> {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: allocated by `new`; kernels that may still use it come before in the device's order.
            unsafe { self.device.backend().release(self.address) };
        }
    }
}
