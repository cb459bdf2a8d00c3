//! Speech to text as JavaScript sees it.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::outcome::{Outcome, Trouble, run, run_json};
use canopy_collection::from_json;
use canopy_speech::{Limits, Request, SpeechSlot, Task, decode, decode_file, slot};
use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};

/// How to transcribe, as it arrives in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Options {
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    translate: bool,
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default)]
    temperature: f32,
    #[serde(default)]
    max_seconds: Option<u32>,
    #[serde(default = "yes")]
    wait: bool,
}

fn yes() -> bool {
    true
}

/// A speech model and its state.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    path: String,
    state: &'static str,
    memory_bytes: usize,
}

/// A speech model that loads at its first use.
#[napi]
pub struct BindingSpeech {
    slot: SpeechSlot,
}

#[napi]
impl BindingSpeech {
    /// Whisper weights in ggml format at `path`, to be unloaded after `idleMs` without a call.
    #[napi(constructor)]
    pub fn new(path: String, idle_ms: u32) -> Self {
        Self { slot: slot(path, Duration::from_millis(idle_ms.into())) }
    }

    /// Writes a recording down: bytes, or the path of a file. `options`: `{ language?, translate?, prompt?, temperature?, maxSeconds?, wait? }`.
    /// Answers `{ text, language, duration, voiced, seconds, xrt, device, segments }`.
    #[napi]
    pub async fn transcribe(
        &self,
        recording: Either<Buffer, String>,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<Buffer> {
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        let slot = self.slot.clone();
        run_json(move || -> Result<_, Trouble> {
            let options: Options = from_json("the transcription options", &options)?;
            // The model first: a recording isn't decoded for an answer that says "call again".
            let model = slot.get(options.wait)?;
            let limits = options.max_seconds.map_or_else(Limits::default, |seconds| Limits { seconds });
            let audio = match recording {
                Either::A(bytes) => decode(bytes.to_vec(), None, &limits, &cancel)?,
                Either::B(path) => decode_file(Path::new(&path), &limits, &cancel)?,
            };
            let task = if options.translate { Task::Translate } else { Task::Transcribe };
            let request =
                Request { language: options.language, task, prompt: options.prompt, temperature: options.temperature };
            Ok(model.transcribe(&audio, &request, &cancel, &progress)?)
        })
        .await
    }

    /// Loads the model now.
    #[napi]
    pub async fn load(&self) -> Outcome<bool> {
        let slot = self.slot.clone();
        run(move || slot.get(true).map(|_| true)).await
    }

    /// The file, its state and its memory.
    #[napi]
    pub async fn info(&self) -> Outcome<Buffer> {
        let slot = self.slot.clone();
        run_json(move || -> Result<_, Trouble> {
            let state = slot.state().as_str();
            Ok(Info { path: slot.path().display().to_string(), state, memory_bytes: slot.memory_bytes() })
        })
        .await
    }

    /// Unloads the model if nobody used it for its idle time; whether it did.
    #[napi]
    pub async fn unload_idle(&self) -> Outcome<bool> {
        let slot = self.slot.clone();
        run(move || Ok::<_, Trouble>(slot.unload_if_idle(Instant::now()))).await
    }

    /// Unloads the model now; a running call keeps it until it is done.
    #[napi]
    pub async fn unload(&self) -> Outcome<bool> {
        let slot = self.slot.clone();
        run(move || Ok::<_, Trouble>(slot.unload())).await
    }
}
