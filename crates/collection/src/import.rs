//! Importing files and folders: a reader thread ahead of embedding and storing.

use crate::collection::Collection;
use crate::error::Error;
use crate::write::Draft;
use canopy_core::{Cancel, Coded, Fault, Progress};
use canopy_store::{Outcome, PutMode, import};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

/// Records a transaction: large enough to make its cost small, small enough that little is repeated after a stop.
const BATCH: usize = 512;
/// A batch of long texts is stored early.
const BATCH_BYTES: usize = 4 << 20;
/// Batches that the reader may be ahead.
const AHEAD: usize = 2;
/// Errors that a report spells out; the rest are counted.
const REPORTED_ERRORS: usize = 20;

/// The format of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Cells below a header.
    Csv,
    /// Markdown and text files.
    Folder,
}

/// What to do with a line that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// End the import; what was stored stays stored.
    #[default]
    Stop,
    /// Count it and go on.
    Skip,
}

/// How a source is imported.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct ImportOptions {
    /// The format; by default what the path looks like.
    pub format: Option<Format>,
    /// The field or column with the text.
    pub text_field: String,
    /// The field or column with the id.
    pub id_field: String,
    /// Go on where an interrupted import of this source stopped.
    pub resume: bool,
    /// What to do with a line that can't be read.
    pub on_error: OnError,
    /// A longer line, record or file is an error.
    pub max_line_bytes: usize,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            format: None,
            text_field: "text".to_owned(),
            id_field: "id".to_owned(),
            resume: true,
            on_error: OnError::default(),
            max_line_bytes: import::DEFAULT_LIMIT_BYTES,
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Records that were read.
    pub read: u64,
    /// Of them, new ids.
    pub inserted: u64,
    /// Of them, ids that were there before.
    pub replaced: u64,
    /// Lines that couldn't be read or stored and were passed over.
    pub skipped: u64,
    /// The first of their errors.
    pub errors: Vec<String>,
    /// Whether an interrupted import was continued.
    pub resumed: bool,
    /// Seconds it took.
    pub seconds: f64,
}

type Drafts = Box<dyn Iterator<Item = Result<import::Draft, canopy_store::Error>> + Send>;
type Batch = Vec<Result<import::Draft, canopy_store::Error>>;

impl Collection {
    /// Imports a JSONL or CSV file, or a folder of Markdown and text files. Ids that are there already are replaced;
    /// texts that didn't change keep their vectors.
    ///
    /// Each batch commits together with the position behind it, so an import that was killed goes on where it was.
    ///
    /// # Errors
    /// `IMPORT_*`, `STORE_*`, `TEXT_EMPTY`, `MODEL_*`, `CANCELLED`.
    pub fn import(
        &self,
        path: &Path,
        options: &ImportOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<ImportReport, Error> {
        let started = Instant::now();
        let format = options.format.unwrap_or_else(|| guess(path));
        let source = Source::new(path, format);
        let checkpoint = if options.resume { self.shared.store()?.checkpoint(self.key, &source.name)? } else { None };
        let position = checkpoint.and_then(|checkpoint| source.position(&checkpoint));
        let drafts = open(path, format, options, position.as_deref())?;
        let mut report = ImportReport { resumed: position.is_some(), ..ImportReport::default() };
        let (sender, receiver) = sync_channel(AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || read_ahead(drafts, &sender));
            // Taking the receiver with it, a failed import ends the reader, which would wait for room otherwise.
            self.store_batches(receiver, &source, options, &mut report, cancel, progress)
        })?;
        self.shared.store()?.clear_checkpoint(self.key, &source.name)?;
        progress.finish(report.read, report.read);
        report.seconds = started.elapsed().as_secs_f64();
        Ok(report)
    }

    fn store_batches(
        &self,
        batches: Receiver<Batch>,
        source: &Source,
        options: &ImportOptions,
        report: &mut ImportReport,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<(), Error> {
        for batch in batches {
            cancel.check()?;
            let mut failed = None;
            let mut drafts = Vec::with_capacity(batch.len());
            for item in batch {
                match item.map_err(Error::from).and_then(check) {
                    Ok(draft) => drafts.push(draft),
                    Err(error) if options.on_error == OnError::Skip => report.skip(&error),
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
            // What was read before the bad line is stored, also when the import ends there.
            self.store_some(&drafts, source, options.on_error, report, cancel)?;
            progress.report(report.read, 0);
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Stores a batch. A record that can't be stored (an id too long, a vector of another dimension) refuses its whole
    /// batch; then each is stored by itself, so that it stands alone.
    fn store_some(
        &self,
        batch: &[import::Draft],
        source: &Source,
        on_error: OnError,
        report: &mut ImportReport,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let of_a_record = |error: &Error| matches!(error.fault(), Fault::InvalidInput | Fault::TooLarge);
        match self.store_batch(batch, source, report, cancel) {
            Err(error) if of_a_record(&error) => {}
            result => return result,
        }
        for draft in batch {
            match self.store_batch(std::slice::from_ref(draft), source, report, cancel) {
                Err(error) if on_error == OnError::Skip && of_a_record(&error) => report.skip(&error),
                result => result?,
            }
        }
        Ok(())
    }

    fn store_batch(
        &self,
        batch: &[import::Draft],
        source: &Source,
        report: &mut ImportReport,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let Some(last) = batch.last() else { return Ok(()) };
        let checkpoint = source.checkpoint(&last.position);
        let store = self.shared.store()?;
        let mut drafts: Vec<Draft<'_>> = batch
            .iter()
            .map(|draft| Draft {
                id: Cow::Borrowed(&draft.id),
                text: Cow::Borrowed(&draft.text),
                metadata: Cow::Borrowed(&draft.metadata),
                vector: draft.vector.as_deref().map(Cow::Borrowed),
            })
            .collect();
        let checkpoint = Some((source.name.as_str(), checkpoint.as_str()));
        let applied = self.store_drafts(&store, self.see(&store)?, &mut drafts, PutMode::Upsert, checkpoint, cancel)?;
        report.read += applied.len() as u64;
        let inserted = applied.iter().filter(|applied| applied.outcome == Outcome::Inserted).count() as u64;
        report.inserted += inserted;
        report.replaced += applied.len() as u64 - inserted;
        Ok(())
    }
}

impl ImportReport {
    fn skip(&mut self, error: &Error) {
        self.skipped += 1;
        if self.errors.len() < REPORTED_ERRORS {
            self.errors.push(error.to_string());
        }
    }
}

fn check(draft: import::Draft) -> Result<import::Draft, Error> {
    if draft.text.trim().is_empty() && draft.vector.is_none() {
        return Err(Error::TextEmpty { id: draft.id });
    }
    Ok(draft)
}

fn read_ahead(drafts: Drafts, sender: &SyncSender<Batch>) {
    let mut batch = Batch::new();
    let mut bytes = 0;
    for draft in drafts {
        bytes += draft.as_ref().map_or(0, |draft| draft.text.len());
        batch.push(draft);
        if batch.len() >= BATCH || bytes >= BATCH_BYTES {
            bytes = 0;
            // The other side has gone: the import failed or was cancelled.
            if sender.send(std::mem::take(&mut batch)).is_err() {
                return;
            }
        }
    }
    if !batch.is_empty() {
        // As above: nobody is left to tell.
        sender.send(batch).unwrap_or_default();
    }
}

fn guess(path: &Path) -> Format {
    if path.is_dir() {
        return Format::Folder;
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("csv" | "tsv") => Format::Csv,
        _ => Format::Jsonl,
    }
}

/// What is imported, and how its checkpoints are known again.
struct Source {
    /// Its name among the checkpoints: the same file under another relative path is the same source.
    name: String,
    /// The first bytes of a file: another file in its place has others.
    head: Vec<u8>,
    length: u64,
    format: Format,
}

/// Bytes of a file's head that tell it from another.
const HEAD_BYTES: u64 = 4096;

impl Source {
    fn new(path: &Path, format: Format) -> Self {
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let kind = match format {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Folder => "folder",
        };
        let mut head = Vec::new();
        // What can't be read here is reported when it is opened as a source.
        let meta = std::fs::metadata(&real).ok().filter(std::fs::Metadata::is_file);
        if meta.is_some()
            && let Ok(file) = std::fs::File::open(&real)
            && file.take(HEAD_BYTES).read_to_end(&mut head).is_err()
        {
            head.clear();
        }
        let length = meta.map_or(0, |meta| meta.len());
        Self { name: format!("{kind}:{}", real.display()), head, length, format }
    }

    /// A position with a mark of what was read up to it.
    fn checkpoint(&self, position: &str) -> String {
        match self.mark(position) {
            Some(mark) => format!("{position}#{mark}"),
            None => position.to_owned(),
        }
    }

    /// The position in a checkpoint; `None` when the file is another by now: then its beginning was never read.
    fn position(&self, checkpoint: &str) -> Option<String> {
        if self.format == Format::Folder {
            return Some(checkpoint.to_owned());
        }
        let (position, mark) = checkpoint.rsplit_once('#')?;
        (self.mark(position)? == mark).then(|| position.to_owned())
    }

    fn mark(&self, position: &str) -> Option<String> {
        if self.format == Format::Folder {
            return None;
        }
        let offset: u64 = position.split(':').next()?.parse().ok()?;
        let read = usize::try_from(offset.min(HEAD_BYTES)).ok()?;
        let head = self.head.get(..read).filter(|_| offset <= self.length)?;
        Some(import::content_id(&String::from_utf8_lossy(head), ""))
    }
}

fn open(path: &Path, format: Format, options: &ImportOptions, position: Option<&str>) -> Result<Drafts, Error> {
    let (text_field, id_field) = (options.text_field.clone(), options.id_field.clone());
    Ok(match format {
        Format::Jsonl => {
            let options = import::jsonl::Options { max_line_bytes: options.max_line_bytes, text_field, id_field };
            Box::new(import::jsonl::open(path, &options, position)?)
        }
        Format::Csv => {
            let tabs = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"));
            let options = import::csv::Options {
                max_record_bytes: options.max_line_bytes,
                text_field,
                id_field,
                delimiter: if tabs { b'\t' } else { b',' },
            };
            Box::new(import::csv::open(path, &options, position)?)
        }
        Format::Folder => {
            let options = import::folder::Options {
                max_file_bytes: options.max_line_bytes,
                ..import::folder::Options::default()
            };
            Box::new(import::folder::open(path, &options, position)?)
        }
    })
}
