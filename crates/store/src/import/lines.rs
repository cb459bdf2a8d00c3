//! Lines of bounded length.

use super::source::Place;
use std::io::{self, Read};

/// Bytes read at once.
const BUFFER_BYTES: usize = 64 << 10;
/// UTF-8's byte order mark, which spreadsheets write at the start.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// What [`Lines::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line is in the buffer, without its end; it started at this place.
    Read(Place),
    /// A line is over the limit. The next call skips the rest of it.
    TooLong(Place),
    /// The source ended.
    End,
}

/// Reads lines into one buffer that never grows over the limit.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    buffer: Box<[u8]>,
    filled: std::ops::Range<usize>,
    limit: usize,
    place: Place,
    skipping: bool,
    line: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// Lines of `source`, whose next byte is at `place`.
    pub(super) fn new(source: R, limit: usize, place: Place) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self { source, buffer, filled: 0..0, limit, place, skipping: false, line: Vec::new() }
    }

    /// Where the next line starts.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The line that was read.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Reads the next line.
    pub(super) fn next(&mut self) -> io::Result<Line> {
        if self.skipping {
            self.skip()?;
        }
        let start = self.place;
        self.line.clear();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(if self.place.offset == start.offset { Line::End } else { self.finish(start) });
            }
            let (taken, ended) = match chunk.iter().position(|&byte| byte == b'\n') {
                Some(at) => (at, true),
                None => (chunk.len(), false),
            };
            if self.line.len() + taken > self.limit {
                self.skipping = true;
                return Ok(Line::TooLong(start));
            }
            let from = self.filled.start;
            self.line.extend_from_slice(&self.buffer[from..from + taken]);
            self.consume(taken + usize::from(ended));
            if ended {
                self.place.line += 1;
                return Ok(self.finish(start));
            }
        }
    }

    fn finish(&mut self, start: Place) -> Line {
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        if start.offset == 0 && self.line.starts_with(MARK) {
            self.line.drain(..MARK.len());
        }
        Line::Read(start)
    }

    fn skip(&mut self) -> io::Result<()> {
        loop {
            let chunk = self.chunk()?;
            let (length, end) = (chunk.len(), chunk.iter().position(|&byte| byte == b'\n'));
            self.consume(end.map_or(length, |at| at + 1));
            if end.is_some() {
                self.place.line += 1;
            }
            if length == 0 || end.is_some() {
                self.skipping = false;
                return Ok(());
            }
        }
    }

    fn chunk(&mut self) -> io::Result<&[u8]> {
        while self.filled.is_empty() {
            match self.source.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(length) => self.filled = 0..length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.buffer[self.filled.clone()])
    }

    fn consume(&mut self, length: usize) {
        self.filled.start += length;
        self.place.offset += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands out few bytes at a time, so that lines cross reads.
    struct Drops<'a>(&'a [u8], usize);
    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(self.1).min(out.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    proptest! {
        #[test]
        fn lines_are_what_splitting_gives(text in "[ab\n\r]{0,60}", step in 1_usize..9, limit in 1_usize..12) {
            let mut lines = Lines::new(Drops(text.as_bytes(), step), limit, Place::START);
            let mut expected = text.split('\n').collect::<Vec<_>>();
            if expected.last() == Some(&"") {
                expected.pop();
            }
            let mut offset = 0;
            for (raw, number) in expected.into_iter().zip(1..) {
                let place = Place { offset, line: number };
                let found = lines.next().unwrap();
                if raw.len() > limit {
                    prop_assert_eq!(found, Line::TooLong(place));
                } else {
                    prop_assert_eq!(found, Line::Read(place));
                    prop_assert_eq!(lines.line(), raw.strip_suffix('\r').unwrap_or(raw).as_bytes());
                }
                offset += raw.len() as u64 + 1;
            }
            prop_assert_eq!(lines.next().unwrap(), Line::End);
        }
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut lines = Lines::new(io::repeat(b'x').take(200 << 20), 1 << 20, Place::START);
        assert!(matches!(lines.next().unwrap(), Line::TooLong(_)));
        assert!(lines.line.capacity() <= 2 << 20);
        assert_eq!(lines.next().unwrap(), Line::End);
        assert_eq!(lines.place().offset, 200 << 20);
    }
}
