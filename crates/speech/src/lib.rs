//! Speech to text on the CPU with whisper.cpp.
//!
//! [`decode`] turns a recording (wav, mp3, flac, ogg, m4a, …) into 16 kHz mono; [`passages`] finds where somebody speaks, so that silence
//! costs nothing; a [`Transcriber`] writes it down, several passages at a time, with the time of every word.
//!
//! ```no_run
//! use canopy_core::{Cancel, Progress};
//! use canopy_speech::{Limits, Request, Transcriber, decode};
//!
//! let model = Transcriber::load("ggml-tiny.en.bin".as_ref())?;
//! let audio = decode(std::fs::read("talk.mp3").unwrap_or_default(), None, &Limits::default(), &Cancel::new())?;
//! let transcript = model.transcribe(&audio, &Request::default(), &Cancel::new(), &Progress::default())?;
//! println!("{}", transcript.text);
//! # Ok::<(), canopy_speech::Error>(())
//! ```

mod audio;
mod device;
mod error;
mod passages;
mod transcribe;
mod transcript;
mod weights;
mod words;

pub use audio::{Audio, Limits, SAMPLE_RATE, decode, decode_file};
pub use device::{Device, cpu_batch};
pub use error::Error;
pub use passages::{Passage, passages};
pub use transcribe::{Request, Task, Transcriber};
pub use transcript::{Segment, Transcript, Word};

/// A slot of a speech model.
pub type SpeechSlot = canopy_slot::ModelSlot<Transcriber, Error>;

/// A slot for the weights at `path`, to be unloaded when nobody asked for them for `idle`.
pub fn slot(path: impl Into<std::path::PathBuf>, idle: std::time::Duration) -> SpeechSlot {
    SpeechSlot::new(path, idle, Transcriber::shared)
}
