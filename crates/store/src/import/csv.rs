//! Comma-separated values with a header; columns beside text and id become metadata.

use super::source::{self, Place};
use super::{DEFAULT_LIMIT_BYTES, Draft, content_id, typed, utf8};
use crate::error::{Error, Result};
use csv_core::ReadRecordResult;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::path::Path;

const BUFFER_BYTES: usize = 64 << 10;
const MAX_COLUMNS: usize = 4096;

/// How records are read.
#[derive(Debug, Clone)]
pub struct Options {
    /// A longer record is an error; it is skipped without being kept in memory.
    pub max_record_bytes: usize,
    /// The column with the text.
    pub text_field: String,
    /// The column with the id. Records have content ids when there is no such column.
    pub id_field: String,
    /// What stands between cells.
    pub delimiter: u8,
}

impl Default for Options {
    fn default() -> Self {
        let (text_field, id_field) = ("text".to_owned(), "id".to_owned());
        Self { max_record_bytes: DEFAULT_LIMIT_BYTES, text_field, id_field, delimiter: b',' }
    }
}

/// Reads records below a header.
#[derive(Debug)]
pub struct Reader<R> {
    records: Records<R>,
    header: Vec<String>,
    text: usize,
    id: Option<usize>,
    failed: bool,
}

/// Opens the file `path`, from `position` if an earlier import stopped there.
///
/// # Errors
/// [`Error::ImportNotFound`], [`Error::Permission`], [`Error::ImportSyntax`] for a header without a text column or a
/// position that isn't in the file, [`Error::ImportEncoding`].
pub fn open(path: &Path, options: &Options, position: Option<&str>) -> Result<Reader<File>> {
    let (file, name) = source::open(path)?;
    match position {
        None => Reader::new(file, &name, options),
        Some(position) => Reader::resume(file, &name, options, position),
    }
}

impl<R: Read> Reader<R> {
    /// Reads `source` from its start, where the header is; `name` stands in messages.
    ///
    /// # Errors
    /// [`Error::ImportSyntax`] for a header without a text column, [`Error::ImportEncoding`], [`Error::ImportIo`].
    pub fn new(source: R, name: &str, options: &Options) -> Result<Self> {
        let mut records = Records::new(source, name, options);
        let start = records.place;
        let found = match records.next() {
            Some(found) => found.and_then(|()| records.cells(start))?,
            None => Vec::new(),
        };
        let header: Vec<String> = found.iter().map(|cell| cell.trim().to_owned()).collect();
        let column = |field: &str| {
            let exact = header.iter().position(|name| name == field);
            exact.or_else(|| header.iter().position(|name| name.eq_ignore_ascii_case(field)))
        };
        let text = column(&options.text_field).ok_or_else(|| {
            let reason = format!(
                "no column is named {:?}; the columns are {header:?}: name the one with the text",
                options.text_field
            );
            records.syntax(start, reason)
        })?;
        // `_id` is what document databases export.
        let id = column(&options.id_field).or_else(|| column("_id")).filter(|&id| id != text);
        Ok(Self { records, header, text, id, failed: false })
    }

    /// Bytes of the source that were read so far, for progress.
    pub fn offset(&self) -> u64 {
        self.records.place.offset
    }

    fn draft(&self, start: Place) -> Result<Draft> {
        let cells = self.records.cells(start)?;
        if cells.len() != self.header.len() {
            let reason = format!(
                "has {} cells, the header has {}: quote cells that contain the delimiter",
                cells.len(),
                self.header.len()
            );
            return Err(self.records.syntax(start, reason));
        }
        let mut metadata = serde_json::Map::new();
        for (column, (name, cell)) in self.header.iter().zip(&cells).enumerate() {
            if column != self.text && Some(column) != self.id && !cell.is_empty() {
                metadata.insert(name.clone(), typed(cell));
            }
        }
        let (text, metadata) = (cells[self.text], serde_json::Value::Object(metadata).to_string());
        let id = self.id.map(|id| cells[id]).filter(|id| !id.is_empty());
        let id = id.map_or_else(|| content_id(text, &metadata), str::to_owned);
        Ok(Draft { id, text: text.to_owned(), metadata, vector: None, position: self.records.place.to_string() })
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the header and goes on where an earlier import stopped.
    ///
    /// # Errors
    /// As [`Reader::new`], and [`Error::ImportSyntax`] for a position that isn't in the source.
    pub fn resume(source: R, name: &str, options: &Options, position: &str) -> Result<Self> {
        let place = Place::parse(position, name)?;
        let mut reader = Self::new(source, name, options)?;
        source::seek(&mut reader.records.source, place, name)?;
        reader.records.restart(place, options);
        Ok(reader)
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Draft>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        self.records.skip_rest();
        let start = self.records.place;
        let found = self.records.next()?;
        // A source that failed to read would fail for ever.
        self.failed = matches!(found, Err(Error::ImportIo { .. }));
        Some(found.and_then(|()| self.draft(start)))
    }
}

/// Records as bytes, bounded in length and number of cells.
#[derive(Debug)]
struct Records<R> {
    source: R,
    name: String,
    limit: usize,
    core: csv_core::Reader,
    buffer: Box<[u8]>,
    filled: std::ops::Range<usize>,
    place: Place,
    cells: Vec<u8>,
    ends: Vec<usize>,
    used: (usize, usize),
    skipping: bool,
}

impl<R: Read> Records<R> {
    fn new(source: R, name: &str, options: &Options) -> Self {
        let mut records = Self {
            source,
            name: name.to_owned(),
            limit: options.max_record_bytes,
            core: csv_core::Reader::new(),
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            filled: 0..0,
            place: Place::START,
            cells: vec![0; 1024],
            ends: vec![0; 32],
            used: (0, 0),
            skipping: false,
        };
        records.restart(Place::START, options);
        records
    }

    fn restart(&mut self, place: Place, options: &Options) {
        self.core = csv_core::ReaderBuilder::new().delimiter(options.delimiter).build();
        if place != Place::START {
            // The machine drops a byte order mark from the first bytes it sees; those here are not the file's first.
            let _ = self.core.read_record(b"\n", &mut self.cells, &mut self.ends);
        }
        self.core.set_line(place.line);
        (self.place, self.filled, self.skipping) = (place, 0..0, false);
    }

    /// Reads one record; `None` at the end.
    fn next(&mut self) -> Option<Result<()>> {
        self.used = (0, 0);
        let start = self.place;
        loop {
            match self.advance() {
                Err(error) => return Some(Err(error)),
                Ok(ReadRecordResult::End) => return None,
                Ok(ReadRecordResult::Record) => return Some(Ok(())),
                Ok(ReadRecordResult::InputEmpty) => {}
                Ok(ReadRecordResult::OutputFull) => self.cells.resize(self.cells.len() * 2, 0),
                Ok(ReadRecordResult::OutputEndsFull) if self.ends.len() < MAX_COLUMNS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                Ok(ReadRecordResult::OutputEndsFull) => {
                    self.skipping = true;
                    return Some(Err(
                        self.syntax(start, format!("has over {MAX_COLUMNS} cells: check the delimiter and the quotes"))
                    ));
                }
            }
            if self.place.offset - start.offset > self.limit as u64 {
                self.skipping = true;
                let source_name = self.name.clone();
                return Some(Err(Error::ImportLineTooLong { source_name, line: start.line, limit: self.limit }));
            }
        }
    }

    /// One step of the state machine into the buffers.
    fn advance(&mut self) -> Result<ReadRecordResult> {
        while self.filled.is_empty() {
            match self.source.read(&mut self.buffer) {
                // An empty input tells the machine that the source ended.
                Ok(0) => break,
                Ok(length) => self.filled = 0..length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Error::ImportIo { source_name: self.name.clone(), detail: error.to_string() });
                }
            }
        }
        let input = &self.buffer[self.filled.clone()];
        let (result, read, wrote, ended) =
            self.core.read_record(input, &mut self.cells[self.used.0..], &mut self.ends[self.used.1..]);
        self.filled.start += read;
        self.place = Place { offset: self.place.offset + read as u64, line: self.core.line() };
        self.used = (self.used.0 + wrote, self.used.1 + ended);
        Ok(result)
    }

    /// Passes over the rest of a record that was refused, in constant memory.
    fn skip_rest(&mut self) {
        while self.skipping {
            self.used = (0, 0);
            self.skipping = !matches!(self.advance(), Err(_) | Ok(ReadRecordResult::Record | ReadRecordResult::End));
        }
    }

    /// The cells of the record that was read, which started at `start`.
    fn cells(&self, start: Place) -> Result<Vec<&str>> {
        let mut from = 0;
        let ends = &self.ends[..self.used.1];
        ends.iter()
            .map(|&end| {
                // Quotes are gone from the cells, so the offset of a bad byte is exact only up to them.
                let cell = utf8(&self.cells[from..end], &self.name, start.line, start.offset + from as u64);
                from = end;
                cell
            })
            .collect()
    }

    fn syntax(&self, place: Place, reason: String) -> Error {
        Error::ImportSyntax { source_name: self.name.clone(), line: place.line, reason }
    }
}
