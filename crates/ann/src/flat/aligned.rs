//! Growing storage that starts on a cache line.

use bytemuck::{Pod, Zeroable};
use std::marker::PhantomData;

/// One cache line.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

const LINE: usize = 64;

/// Numbers in memory that starts on a cache line: with 384 values a row, no load of a scan crosses two lines.
#[derive(Debug, Clone)]
pub(super) struct Aligned<T> {
    lines: Vec<Line>,
    len: usize,
    of: PhantomData<T>,
}

impl<T: Pod> Aligned<T> {
    pub(super) fn new() -> Self {
        Self { lines: Vec::new(), len: 0, of: PhantomData }
    }

    /// Grows with zeros or shrinks to `len` numbers.
    /// Room grows by doubling, but never past `most` numbers.
    pub(super) fn resize(&mut self, len: usize, most: usize) {
        let lines = |len: usize| (len * size_of::<T>()).div_ceil(LINE);
        let (need, have) = (lines(len), self.lines.capacity());
        if need > have {
            let room = (2 * have).min(lines(most)).max(need);
            self.lines.reserve_exact(room - self.lines.len());
        }
        self.lines.resize(need, Line::zeroed());
        self.len = len;
    }

    pub(super) fn bytes(&self) -> usize {
        self.lines.capacity() * LINE
    }

    pub(super) fn get(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }

    pub(super) fn get_mut(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}
