//! Whisper, loaded.

use crate::device::{Engine, Failure, run_all};
use crate::words::{Token, words};
use crate::{Audio, Device, Error, Passage, SAMPLE_RATE, Segment, Transcript, passages, weights};
use canopy_core::{Cancel, Progress};
use canopy_slot::Model;
use parking_lot::Mutex;
use std::ffi::c_void;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState, get_lang_id,
    get_lang_str,
};

/// Passages that a graphics card works on at once; the processor takes a quarter.
const GPU_BATCH: usize = 8;
/// Most tokens of a prompt that the model hears: half of its context.
const PROMPT_TOKENS: usize = 224;
/// How often a call that waits for another one looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// What to write down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    /// What was said, in its language.
    #[default]
    Transcribe,
    /// What was said, in English; for models of several languages.
    Translate,
}

/// How to transcribe.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Code or English name of the language; found out when `None`.
    pub language: Option<String>,
    /// Transcribe or translate.
    pub task: Task,
    /// Text whose words and style are to be expected: names, abbreviations.
    pub prompt: Option<String>,
    /// 0 (the default) to 1: how freely words are chosen.
    pub temperature: f32,
}

/// A loaded model. Calls wait for each other, since each uses all cores.
pub struct Transcriber {
    context: WhisperContext,
    path: PathBuf,
    bytes: usize,
    device: Device,
    busy: Mutex<()>,
}

impl Transcriber {
    /// Reads weights in ggml format, as whisper.cpp uses them. The file is checked to the last byte first.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Io`], [`Error::Corrupt`], [`Error::Processor`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        check_processor()?;
        let file = File::open(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
            _ => Error::Io { path: path.to_owned(), source },
        })?;
        // SAFETY: the map is read while this function runs; weights are replaced by renaming, which leaves a mapped file alone.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let corrupt = |what: String| Error::Corrupt { path: path.to_owned(), what };
        weights::check(&map).map_err(corrupt)?;
        whisper_rs::install_logging_hooks();
        let device = if cfg!(feature = "cuda") { Device::Gpu } else { Device::Cpu };
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(device == Device::Gpu);
        let context = WhisperContext::new_from_buffer_with_params(&map, parameters)
            .map_err(|error| corrupt(format!("the engine refused it ({error:?})")))?;
        Ok(Self { context, path: path.to_owned(), bytes: map.len(), device, busy: Mutex::new(()) })
    }

    /// [`Transcriber::load`] for a slot.
    ///
    /// # Errors
    /// See there.
    pub fn shared(path: &Path) -> Result<Arc<Self>, Error> {
        Self::load(path).map(Arc::new)
    }

    /// The file of the weights.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it knows other languages than English.
    pub fn is_multilingual(&self) -> bool {
        self.context.is_multilingual()
    }

    /// Writes down what is said. `progress` counts thousandths of the voiced time.
    ///
    /// # Errors
    /// [`Error::Language`], [`Error::Option`], [`Error::Cancelled`], [`Error::Engine`].
    pub fn transcribe(
        &self,
        audio: &Audio,
        request: &Request,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Transcript, Error> {
        let started = Instant::now();
        let language = self.language(request)?;
        let prompt = self.prompt(request)?;
        let found = passages(&audio.samples);
        let voiced: usize = found.iter().map(|passage| passage.samples.len()).sum();
        let _turn = loop {
            cancel.check()?;
            if let Some(turn) = self.busy.try_lock_for(LOOK) {
                break turn;
            }
        };
        let run = Run {
            model: self,
            audio,
            passages: &found,
            language,
            prompt: &prompt,
            request,
            cancel,
            threads: threads(found.len()),
        };
        let total = voiced.max(1) as u64;
        progress.report(0, 1000);
        let (heard, device, fallbacks) = run_all(&run, found.len(), self.device, GPU_BATCH, |done| {
            let samples: usize = found[..done].iter().map(|passage| passage.samples.len()).sum();
            progress.report(samples as u64 * 1000 / total, 1000);
        })?;
        progress.finish(1000, 1000);
        let spoken =
            heard.iter().find(|heard| !heard.segments.is_empty()).and_then(|heard| get_lang_str(heard.language));
        let segments: Vec<Segment> = heard.into_iter().flat_map(|heard| heard.segments).collect();
        let text: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
        let (seconds, duration) = (started.elapsed().as_secs_f64(), audio.seconds());
        Ok(Transcript {
            text: text.join(" "),
            language: spoken.or(language).unwrap_or("en").to_owned(),
            duration,
            voiced: voiced as f64 / f64::from(SAMPLE_RATE),
            seconds,
            xrt: if duration > 0.0 { seconds / duration } else { 0.0 },
            device: device.as_str(),
            fallbacks,
            segments,
        })
    }

    /// The code of the language that was asked for.
    fn language(&self, request: &Request) -> Result<Option<&'static str>, Error> {
        let refused = |language: &str, hint| Error::Language { language: language.to_owned(), hint };
        if !self.is_multilingual() && request.task == Task::Translate {
            return Err(refused(
                "",
                "weights that end in .en know English only; translate with those of several languages",
            ));
        }
        let Some(language) = request.language.as_deref() else {
            return Ok((!self.is_multilingual()).then_some("en"));
        };
        let lower = language.to_lowercase();
        // The engine's function takes a C string.
        let known = lower.chars().all(|c| c.is_ascii_alphabetic() || c == ' ').then(|| get_lang_id(&lower)).flatten();
        let code = known
            .and_then(get_lang_str)
            .ok_or_else(|| refused(language, "give a code such as en, de or ja, or leave it out"))?;
        if code != "en" && !self.is_multilingual() {
            return Err(refused(language, "these weights know English only"));
        }
        Ok(Some(code))
    }

    fn prompt(&self, request: &Request) -> Result<Vec<i32>, Error> {
        if !(0.0..=1.0).contains(&request.temperature) {
            return Err(Error::Option(format!("temperature is {}: give 0 to 1", request.temperature)));
        }
        let Some(prompt) = request.prompt.as_deref() else { return Ok(Vec::new()) };
        if prompt.contains('\0') {
            return Err(Error::Option("the prompt contains a NUL character: leave it out".to_owned()));
        }
        // A token takes at least a byte, so that this holds any prompt.
        let mut tokens = self.context.tokenize(prompt, prompt.len() + 1).map_err(|error| engine(&error))?;
        // The end stands nearest to what is said.
        tokens.drain(..tokens.len().saturating_sub(PROMPT_TOKENS));
        Ok(tokens)
    }
}

impl Model for Transcriber {
    fn memory_bytes(&self) -> usize {
        self.bytes
    }
}

impl std::fmt::Debug for Transcriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transcriber({})", self.path.display())
    }
}

/// One call's work.
struct Run<'a> {
    model: &'a Transcriber,
    audio: &'a Audio,
    passages: &'a [Passage],
    language: Option<&'static str>,
    prompt: &'a [i32],
    request: &'a Request,
    cancel: &'a Cancel,
    threads: i32,
}

/// What was heard in a passage.
struct Heard {
    language: i32,
    segments: Vec<Segment>,
}

impl Engine for Run<'_> {
    type Output = Heard;

    fn run(&self, _: Device, item: usize) -> Result<Heard, Failure> {
        self.cancel.check().map_err(|cancelled| Failure::Other(cancelled.into()))?;
        let passage = &self.passages[item];
        let mut state = self.model.context.create_state().map_err(|error| Failure::Memory(format!("{error:?}")))?;
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 5 });
        parameters.set_n_threads(self.threads);
        parameters.set_language(Some(self.language.unwrap_or("auto")));
        parameters.set_translate(self.request.task == Task::Translate);
        parameters.set_no_context(true);
        parameters.set_token_timestamps(true);
        parameters.set_temperature(self.request.temperature);
        parameters.set_tokens(self.prompt);
        parameters.set_print_special(false);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        // SAFETY: the engine calls `cancelled` with this pointer only within `full` below, while the flag it points to is borrowed.
        unsafe {
            parameters.set_abort_callback(Some(cancelled));
            parameters.set_abort_callback_user_data(std::ptr::from_ref(self.cancel).cast_mut().cast());
        }
        let outcome = state.full(parameters, &self.audio.samples[passage.samples.clone()]);
        self.cancel.check().map_err(|cancelled| Failure::Other(cancelled.into()))?;
        outcome.map_err(|error| Failure::Other(engine(&error)))?;
        read(&self.model.context, &state, passage).map_err(|error| Failure::Other(engine(&error)))
    }
}

/// Whether the caller gave up: asked by the engine between parts of its computation.
unsafe extern "C" fn cancelled(cancel: *mut c_void) -> bool {
    // SAFETY: `Run::run` passes a `Cancel` that outlives the call; the flag is atomic.
    unsafe { &*cancel.cast::<Cancel>() }.is_cancelled()
}

/// What the engine found, with times of the recording instead of the passage.
fn read(context: &WhisperContext, state: &WhisperState, passage: &Passage) -> Result<Heard, WhisperError> {
    // The engine counts hundredths of a second.
    let time = |hundredths: i64| (passage.start() + hundredths as f64 / 100.0).clamp(passage.start(), passage.end());
    let end_of_text = context.token_eot();
    let mut segments = Vec::new();
    for segment in state.as_iter() {
        let text = segment.to_str_lossy()?.trim().to_owned();
        if text.is_empty() {
            continue;
        }
        let tokens: Vec<_> = (0..segment.n_tokens())
            .filter_map(|n| segment.get_token(n))
            .filter(|token| token.token_id() < end_of_text)
            .collect();
        let mut pieces = Vec::with_capacity(tokens.len());
        for token in &tokens {
            let data = token.token_data();
            pieces.push(Token {
                bytes: token.to_bytes()?,
                start: time(data.t0),
                end: time(data.t1),
                probability: data.p,
            });
        }
        let surely: f32 = tokens.iter().map(|token| token.token_data().plog).sum();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred tokens")]
        let mean_log_probability = surely / tokens.len().max(1) as f32;
        segments.push(Segment {
            start: time(segment.start_timestamp()),
            end: time(segment.end_timestamp()),
            text,
            no_speech_probability: segment.no_speech_probability(),
            mean_log_probability,
            words: words(pieces.into_iter()),
        });
    }
    Ok(Heard { language: state.full_lang_id_from_state(), segments })
}

/// Threads for each of the passages that are worked on at once.
fn threads(passages: usize) -> i32 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let together = crate::cpu_batch(GPU_BATCH).min(passages).max(1);
    i32::try_from((cores / together).clamp(1, 16)).unwrap_or(1)
}

fn engine(error: &WhisperError) -> Error {
    Error::Engine(format!("{error:?}"))
}

/// The engine's code ends the process on a processor that lacks what it is compiled for.
fn check_processor() -> Result<(), Error> {
    #[cfg(target_arch = "x86_64")]
    for (there, name) in [
        (is_x86_feature_detected!("avx2"), "AVX2"),
        (is_x86_feature_detected!("fma"), "FMA"),
        (is_x86_feature_detected!("f16c"), "F16C"),
        (is_x86_feature_detected!("bmi2"), "BMI2"),
    ] {
        if !there {
            return Err(Error::Processor(name));
        }
    }
    Ok(())
}
