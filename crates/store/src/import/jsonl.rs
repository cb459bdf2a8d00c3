//! One JSON object a line: `{ "id"?, "text", "metadata"?, "vector"?, … }`.
//!
//! Other fields join the metadata. A number as an id becomes its decimal text.

use super::lines::{Line, Lines};
use super::source::{self, Place};
use super::{DEFAULT_LIMIT_BYTES, Draft, content_id, utf8};
use crate::error::{Error, Result};
use crate::validate::json_object;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

/// How lines are read.
#[derive(Debug, Clone)]
pub struct Options {
    /// A longer line is an error; it is skipped without being kept in memory.
    pub max_line_bytes: usize,
    /// The field with the text.
    pub text_field: String,
    /// The field with the id.
    pub id_field: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_line_bytes: DEFAULT_LIMIT_BYTES, text_field: "text".to_owned(), id_field: "id".to_owned() }
    }
}

/// Reads records, one a line; empty lines are passed over.
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<R>,
    name: String,
    options: Options,
    failed: bool,
}

/// Opens the file `path`, from `position` if an earlier import stopped there.
///
/// # Errors
/// [`Error::ImportNotFound`], [`Error::Permission`], or [`Error::ImportSyntax`] for a position that isn't in the file.
pub fn open(path: &Path, options: &Options, position: Option<&str>) -> Result<Reader<File>> {
    let (file, name) = source::open(path)?;
    match position {
        None => Ok(Reader::new(file, &name, options)),
        Some(position) => Reader::resume(file, &name, options, position),
    }
}

impl<R: Read> Reader<R> {
    /// Reads `source` from its start; `name` stands in messages.
    pub fn new(source: R, name: &str, options: &Options) -> Self {
        Self::at(source, name, options, Place::START)
    }

    fn at(source: R, name: &str, options: &Options, place: Place) -> Self {
        let lines = Lines::new(source, options.max_line_bytes, place);
        Self { lines, name: name.to_owned(), options: options.clone(), failed: false }
    }

    /// Bytes of the source that were read so far, for progress.
    pub fn offset(&self) -> u64 {
        self.lines.place().offset
    }

    fn step(&mut self) -> Option<Result<Draft>> {
        loop {
            match self.lines.next() {
                Ok(Line::End) => return None,
                Ok(Line::TooLong(Place { line, .. })) => {
                    let limit = self.options.max_line_bytes;
                    return Some(Err(Error::ImportLineTooLong { source_name: self.name.clone(), line, limit }));
                }
                Ok(Line::Read(place)) => {
                    if !self.lines.line().iter().all(u8::is_ascii_whitespace) {
                        return Some(self.draft(place));
                    }
                }
                Err(error) => {
                    self.failed = true;
                    return Some(Err(Error::ImportIo { source_name: self.name.clone(), detail: error.to_string() }));
                }
            }
        }
    }

    fn draft(&self, place: Place) -> Result<Draft> {
        let text = utf8(self.lines.line(), &self.name, place.line, place.offset)?;
        let mut draft = parse(text, &self.options).map_err(|reason| Error::ImportSyntax {
            source_name: self.name.clone(),
            line: place.line,
            reason,
        })?;
        draft.position = self.lines.place().to_string();
        Ok(draft)
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads `source` from where an earlier import stopped.
    ///
    /// # Errors
    /// [`Error::ImportSyntax`] for a position that isn't in the source, [`Error::ImportIo`].
    pub fn resume(mut source: R, name: &str, options: &Options, position: &str) -> Result<Self> {
        let place = Place::parse(position, name)?;
        source::seek(&mut source, place, name)?;
        Ok(Self::at(source, name, options, place))
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Draft>;
    fn next(&mut self) -> Option<Self::Item> {
        // A source that failed to read would fail for ever.
        if self.failed { None } else { self.step() }
    }
}

/// One line as a draft without a position.
fn parse(line: &str, options: &Options) -> Result<Draft, String> {
    let Fields(fields) = serde_json::from_str(line).map_err(|error| {
        format!("is not a JSON object ({error}): write one object a line, such as {{\"text\": \"…\"}}")
    })?;
    let (mut id, mut text, mut vector, mut metadata, mut rest) = (None, None, None, None, Vec::new());
    for (name, raw) in fields {
        match name.as_str() {
            // Bare `null` means that the field isn't there.
            _ if raw.get() == "null" => {}
            name if name == options.id_field => id = Some(read_id(raw.get(), name)?),
            name if name == options.text_field => {
                let read: Result<String, _> = serde_json::from_str(raw.get());
                text = Some(read.map_err(|_| format!("field {name:?} must be a string"))?);
            }
            // What document databases export.
            "_id" if id.is_none() => id = Some(read_id(raw.get(), "_id")?),
            "vector" => {
                let read: Result<Vec<f32>, _> = serde_json::from_str(raw.get());
                vector = Some(read.map_err(|error| format!("field \"vector\" must be an array of numbers ({error})"))?);
            }
            "metadata" => metadata = Some(raw),
            _ => rest.push((name, raw)),
        }
    }
    let metadata = join(metadata, rest)?;
    let text = match text {
        Some(text) => text,
        None if vector.is_some() => String::new(),
        None => {
            return Err(format!(
                "field {:?} is missing: add it, or name the field that holds the text",
                options.text_field
            ));
        }
    };
    let id = id.unwrap_or_else(|| content_id(&text, &metadata));
    Ok(Draft { id, text, metadata, vector, position: String::new() })
}

fn read_id(raw: &str, name: &str) -> Result<String, String> {
    if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Ok(raw.to_owned());
    }
    serde_json::from_str(raw).map_err(|_| format!("field {name:?} must be a string or a number"))
}

/// The `metadata` object with the other fields of the line behind its own.
fn join(metadata: Option<&RawValue>, rest: Vec<(String, &RawValue)>) -> Result<String, String> {
    let own = metadata.map_or("{}", RawValue::get);
    json_object(own).map_err(|reason| format!("field \"metadata\" {reason}"))?;
    if rest.is_empty() {
        return Ok(own.to_owned());
    }
    let Fields(own) =
        serde_json::from_str(own).map_err(|error| format!("field \"metadata\" is not valid ({error})"))?;
    let mut joined = String::from("{");
    for (name, raw) in own.into_iter().chain(rest) {
        if joined.len() > 1 {
            joined.push(',');
        }
        joined += &serde_json::Value::from(name).to_string();
        joined.push(':');
        joined += raw.get();
    }
    joined.push('}');
    json_object(&joined).map_err(|reason| format!("the metadata {reason}"))?;
    Ok(joined)
}

/// The fields of an object in order, their values unread.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
