//! Memory for numbers: our own pages, or a piece of a mapped file.

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use memmap2::{Mmap, MmapMut};
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// Numbers that start on a page of our own or on a line of a mapped file.
///
/// A walk jumps between rows all over the memory; with pages of 2 MiB the processor finds their addresses without a miss.
#[derive(Debug)]
pub struct Buffer<T> {
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

impl<T: Pod> Default for Buffer<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Pod> Buffer<T> {
    /// No numbers.
    pub fn new() -> Self {
        Self { memory: Memory::Nothing, len: 0, of: PhantomData }
    }

    /// So many zeros.
    ///
    /// # Errors
    /// What the system says where it gives no memory.
    pub fn zeroed(len: usize) -> io::Result<Self> {
        let mut buffer = Self::new();
        buffer.resize(len)?;
        Ok(buffer)
    }

    /// A piece of a mapped file; `None` unless it lies inside and on a boundary of `T`.
    pub fn mapped(file: &Arc<Mmap>, at: usize, len: usize) -> Option<Self> {
        let bytes = file.get(at..at.checked_add(len.checked_mul(size_of::<T>())?)?)?;
        bytemuck::try_cast_slice::<u8, T>(bytes).ok()?;
        Some(Self { memory: Memory::File(file.clone(), at), len, of: PhantomData })
    }

    /// How many numbers.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Grows with zeros or shrinks. Room grows by half, so that adding one row at a time stays cheap.
    ///
    /// # Errors
    /// What the system says where it gives no memory.
    pub fn resize(&mut self, len: usize) -> io::Result<()> {
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

    /// The numbers.
    #[inline]
    pub fn get(&self) -> &[T] {
        let bytes = self.len * size_of::<T>();
        match &self.memory {
            Memory::Nothing => &[],
            Memory::Own(map) => cast_slice(&map[..bytes]),
            Memory::File(map, at) => cast_slice(&map[*at..*at + bytes]),
        }
    }

    /// The numbers to be changed. A piece of a file is copied first: what was saved never changes.
    ///
    /// # Errors
    /// What the system says where it gives no memory.
    pub fn get_mut(&mut self) -> io::Result<&mut [T]> {
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
    pub fn bytes(&self) -> usize {
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

/// Numbers that don't change: a list of our own, or a piece of a mapped file.
#[derive(Debug)]
pub enum Numbers<T> {
    /// Our own.
    Own(Vec<T>),
    /// The file, where they begin in it, and how many they are.
    File(Arc<Mmap>, usize, usize),
}

impl<T: Pod> Deref for Numbers<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::Own(values) => values,
            Self::File(map, at, len) => cast_slice(&map[*at..*at + len * size_of::<T>()]),
        }
    }
}

impl<T> From<Vec<T>> for Numbers<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Own(values)
    }
}

impl<T: Clone> Clone for Numbers<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Own(values) => Self::Own(values.clone()),
            Self::File(map, at, len) => Self::File(map.clone(), *at, *len),
        }
    }
}

impl<T: Pod + PartialEq> PartialEq for Numbers<T> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}
