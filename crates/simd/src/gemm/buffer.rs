//! A zeroed, 64-byte aligned array that large models live in.

use memmap2::MmapMut;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// A cache line, and the width of the widest vector register.
const ALIGN: usize = 64;

/// From here on memory comes from the system and goes back to it when it is dropped. An allocator may keep freed memory: glibc keeps the
/// top of a thread's arena even from `malloc_trim`, 13 of MiniLM's 25 MB when this was measured.
const LARGE: usize = 64 << 10;

/// A fixed number of plain values, zero at first, aligned to 64 bytes so that no vector load splits a cache line.
///
/// Values are plain numbers: the type parameter is sealed to those that are valid when all their bits are zero.
pub struct Buffer<T: Plain> {
    start: NonNull<T>,
    len: usize,
    /// Keeps the memory of a large buffer; `None` when it is from the allocator.
    map: Option<MmapMut>,
}

/// Numbers whose all-zero bits are a value.
pub trait Plain: Copy + private::Sealed {}

mod private {
    pub trait Sealed {}
}

macro_rules! plain {
    ($($kind:ty),*) => { $(impl private::Sealed for $kind {} impl Plain for $kind {})* };
}
plain!(u8, i8, i32, u32, f32);

// SAFETY: a buffer owns its memory alone, like a `Vec<T>` of numbers.
unsafe impl<T: Plain> Send for Buffer<T> {}
// SAFETY: shared access only reads.
unsafe impl<T: Plain> Sync for Buffer<T> {}

impl<T: Plain> Buffer<T> {
    /// `len` zeros.
    pub fn new(len: usize) -> Self {
        let Some(layout) = Self::layout(len) else { return Self { start: NonNull::dangling(), len: 0, map: None } };
        if layout.size() >= LARGE
            && let Ok(mut map) = MmapMut::map_anon(layout.size())
        {
            // Pages are aligned to more than 64 bytes.
            let start = NonNull::new(map.as_mut_ptr().cast::<T>()).expect("a map has an address");
            return Self { start, len, map: Some(map) };
        }
        // SAFETY: the layout's size isn't zero (`layout` gives `None` then).
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start.cast::<T>()) else { handle_alloc_error(layout) };
        Self { start, len, map: None }
    }

    fn layout(len: usize) -> Option<Layout> {
        let size = len.checked_mul(size_of::<T>()).expect("a buffer's size fits the address space");
        let layout = Layout::from_size_align(size, ALIGN).expect("64 is a power of two and the size fits isize");
        (size > 0).then_some(layout)
    }

    /// The first `len` values, after making room for them; their contents are whatever was there.
    pub fn first_mut(&mut self, len: usize) -> &mut [T] {
        self.reserve_for(len);
        &mut self[..len]
    }

    /// Makes room for at least `len` values; what was stored may be lost.
    pub fn reserve_for(&mut self, len: usize) {
        if self.len < len {
            *self = Self::new(len);
        }
    }
}

impl<T: Plain> std::ops::Deref for Buffer<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: `start` points at `len` initialised values (zeroed at first), or dangles, aligned, with a length of 0.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Plain> std::ops::DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and `&mut self` makes the access unique.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T: Plain> Drop for Buffer<T> {
    fn drop(&mut self) {
        if let (Some(layout), None) = (Self::layout(self.len), &self.map) {
            // SAFETY: `new` allocated with this same layout, there being no map; a buffer never changes its length in place.
            unsafe { dealloc(self.start.as_ptr().cast(), layout) };
        }
    }
}

impl<T: Plain> From<&[T]> for Buffer<T> {
    fn from(values: &[T]) -> Self {
        let mut buffer = Self::new(values.len());
        buffer.copy_from_slice(values);
        buffer
    }
}

impl<T: Plain> Default for Buffer<T> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T: Plain> std::fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({} × {} bytes)", self.len, size_of::<T>())
    }
}
