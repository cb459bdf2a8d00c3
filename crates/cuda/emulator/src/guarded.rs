//! Memory that ends where nothing may be touched.

use std::io;
use std::ptr::NonNull;

/// Bytes a page at most, on every machine that tests run on.
const PAGE: usize = 64 << 10;

/// A buffer whose last byte stands before a page without access.
#[derive(Debug)]
pub(crate) struct Guarded {
    start: NonNull<libc::c_void>,
    mapped: usize,
    len: usize,
}

// SAFETY: the mapping belongs to this value alone.
unsafe impl Send for Guarded {}

impl Guarded {
    /// Maps `len` bytes, a multiple of no more than 8, all ones: NaN in any type.
    pub(crate) fn new(len: usize) -> io::Result<Self> {
        let body = len.next_multiple_of(PAGE);
        let mapped = body + PAGE;
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: asks for new memory at any address.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), mapped, access, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start).ok_or_else(io::Error::last_os_error)?;
        let held = Self { start, mapped, len };
        // SAFETY: the last page of the mapping, which nobody uses yet.
        if unsafe { libc::mprotect(start.as_ptr().byte_add(body), PAGE, libc::PROT_NONE) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `len` bytes before the guard page are mapped for writing.
        unsafe { std::ptr::write_bytes(held.address() as *mut u8, 0xff, len) };
        Ok(held)
    }

    pub(crate) fn address(&self) -> u64 {
        self.start.as_ptr() as u64 + (self.mapped - PAGE - self.len) as u64
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` and used by nobody else.
        unsafe { libc::munmap(self.start.as_ptr(), self.mapped) };
    }
}
