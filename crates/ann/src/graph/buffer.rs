//! Memory for numbers: our own pages, or a piece of a mapped file.

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use memmap2::{Mmap, MmapMut};
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

/// Numbers that start on a page of our own or on a line of a mapped file.
///
/// A walk jumps between rows all over the memory; with pages of 2 MiB the processor finds their addresses without a miss.
#[derive(Debug)]
pub(super) struct Buffer<T> {
    memory: Memory,
    len: usize,
    of: PhantomData<T>,
}

#[derive(Debug)]
enum Memory {
    Nothing,
    Own(MmapMut),
    /// From this byte of the file on.
    File(Arc<Mmap>, usize),
}

impl<T: Pod> Buffer<T> {
    pub(super) fn new() -> Self {
        Self { memory: Memory::Nothing, len: 0, of: PhantomData }
    }

    pub(super) fn zeroed(len: usize) -> io::Result<Self> {
        let mut buffer = Self::new();
        buffer.resize(len)?;
        Ok(buffer)
    }

    /// A piece of a mapped file; `None` unless it lies inside and on a boundary of `T`.
    pub(super) fn mapped(file: &Arc<Mmap>, at: usize, len: usize) -> Option<Self> {
        let bytes = file.get(at..at.checked_add(len.checked_mul(size_of::<T>())?)?)?;
        bytemuck::try_cast_slice::<u8, T>(bytes).ok()?;
        Some(Self { memory: Memory::File(file.clone(), at), len, of: PhantomData })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Grows with zeros or shrinks. Room grows by half, so that adding one row at a time stays cheap.
    pub(super) fn resize(&mut self, len: usize) -> io::Result<()> {
        let need = len * size_of::<T>();
        let room = match &self.memory {
            Memory::Own(map) => map.len(),
            Memory::Nothing | Memory::File(..) => 0,
        };
        if need > room {
            let grown = if room == 0 { need } else { need.max(room + room / 2) };
            let mut map = pages(grown)?;
            let old = cast_slice(self.get());
            map[..old.len()].copy_from_slice(old);
            self.memory = Memory::Own(map);
        } else if len < self.len {
            // What is given up must read as zeros when it is taken again.
            let (from, to) = (len * size_of::<T>(), self.len * size_of::<T>());
            if let Memory::Own(map) = &mut self.memory {
                map[from..to].fill(0);
            }
        }
        self.len = len;
        Ok(())
    }

    pub(super) fn get(&self) -> &[T] {
        let bytes = self.len * size_of::<T>();
        match &self.memory {
            Memory::Nothing => &[],
            Memory::Own(map) => cast_slice(&map[..bytes]),
            Memory::File(map, at) => cast_slice(&map[*at..*at + bytes]),
        }
    }

    /// The numbers to be changed. A piece of a file is copied first: what was saved never changes.
    pub(super) fn get_mut(&mut self) -> io::Result<&mut [T]> {
        let bytes = self.len * size_of::<T>();
        if let Memory::File(map, at) = &self.memory {
            let mut own = pages(bytes)?;
            own[..bytes].copy_from_slice(&map[*at..*at + bytes]);
            self.memory = Memory::Own(own);
        }
        Ok(match &mut self.memory {
            Memory::Own(map) => cast_slice_mut(&mut map[..bytes]),
            Memory::Nothing | Memory::File(..) => &mut [],
        })
    }

    /// Bytes of memory, or of the file.
    pub(super) fn bytes(&self) -> usize {
        match &self.memory {
            Memory::Own(map) => map.len(),
            Memory::Nothing | Memory::File(..) => self.len * size_of::<T>(),
        }
    }
}

fn pages(bytes: usize) -> io::Result<MmapMut> {
    let map = MmapMut::map_anon(bytes.max(1))?;
    #[cfg(target_os = "linux")]
    {
        const HUGE: usize = 2 << 20;
        if bytes >= HUGE {
            // Only a wish: a kernel without huge pages serves small ones.
            drop(map.advise(memmap2::Advice::HugePage));
        }
    }
    Ok(map)
}
