//! What can go wrong, with stable codes.

use canopy_core::{Cancelled, Coded, Fault};
use canopy_slot::LoadError;
use std::path::{Path, PathBuf};

/// Errors of reading recordings and writing them down.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no weights file at the path.
    #[error("there are no Whisper weights at {path}: check the path, or fetch them")]
    Missing {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// The file isn't a whole, undamaged ggml file of a Whisper model.
    #[error("{path} is damaged or holds no Whisper weights in ggml format: {what}; fetch or convert them again")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What contradicts the format.
        what: String,
    },
    /// The operating system refused to read the file.
    #[error("the weights {path} can't be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The model is being loaded; the same call will succeed shortly.
    #[error("the speech model {path} is loading: call again in a moment, or wait for it")]
    Loading {
        /// The file.
        path: PathBuf,
    },
    /// whisper.cpp is compiled for instructions that this processor lacks.
    #[error("this processor lacks {0}, which the speech engine is compiled for: build from source with GGML_{0}=OFF")]
    Processor(&'static str),
    /// The operating system refused to read the recording.
    #[error("the recording {path} can't be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The recording is in no format that can be read.
    #[error(
        "the recording can't be read: {0}; wav, mp3, flac, ogg (Vorbis), m4a (AAC or ALAC), webm (Vorbis) and aiff can"
    )]
    Unsupported(String),
    /// The recording breaks off or is damaged.
    #[error("the recording is damaged: {0}")]
    Damaged(String),
    /// The recording holds no audio.
    #[error("the recording holds no audio: its length is 0 samples")]
    Silent,
    /// The recording is longer than is allowed.
    #[error("the recording is longer than {limit} seconds, the most that is allowed: cut it, or raise the limit")]
    TooLong {
        /// The most seconds.
        limit: u32,
    },
    /// The model doesn't know the language.
    #[error("the model doesn't know the language {language:?}: {hint}")]
    Language {
        /// What was asked for.
        language: String,
        /// What would do.
        hint: &'static str,
    },
    /// An option is out of range.
    #[error("{0}")]
    Option(String),
    /// The engine failed.
    #[error("the speech engine failed: {0}")]
    Engine(String),
    /// The caller gave up.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Coded for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "SPEECH_MODEL_MISSING",
            Self::Corrupt { .. } => "SPEECH_MODEL_CORRUPT",
            Self::Io { .. } => "SPEECH_MODEL_UNREADABLE",
            Self::Loading { .. } => "MODEL_LOADING",
            Self::Processor(_) => "SPEECH_PROCESSOR",
            Self::Unreadable { .. } => "AUDIO_UNREADABLE",
            Self::Unsupported(_) => "AUDIO_UNSUPPORTED",
            Self::Damaged(_) => "AUDIO_DAMAGED",
            Self::Silent => "AUDIO_EMPTY",
            Self::TooLong { .. } => "AUDIO_TOO_LONG",
            Self::Language { .. } => "SPEECH_LANGUAGE",
            Self::Option(_) => "SPEECH_OPTION",
            Self::Engine(_) => "SPEECH_FAILED",
            Self::Cancelled(cancelled) => cancelled.code(),
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Corrupt { .. } => Fault::Corrupt,
            Self::Io { .. } => Fault::Permission,
            Self::Missing { .. } | Self::Loading { .. } | Self::Processor(_) => Fault::Unavailable,
            Self::Unreadable { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Fault::NotFound,
            Self::Unreadable { .. } => Fault::Permission,
            Self::Unsupported(_) | Self::Damaged(_) | Self::Silent | Self::Language { .. } | Self::Option(_) => {
                Fault::InvalidInput
            }
            Self::TooLong { .. } => Fault::TooLarge,
            Self::Engine(_) => Fault::Internal,
            Self::Cancelled(cancelled) => cancelled.fault(),
        }
    }
}

impl LoadError for Error {
    fn loading(path: &Path) -> Self {
        Self::Loading { path: path.to_owned() }
    }

    fn again(&self, path: &Path) -> Self {
        let path = path.to_owned();
        match self {
            Self::Corrupt { what, .. } => Self::Corrupt { path, what: what.clone() },
            Self::Io { source, .. } => {
                Self::Io { path, source: std::io::Error::new(source.kind(), source.to_string()) }
            }
            Self::Processor(what) => Self::Processor(what),
            Self::Missing { .. } => Self::Missing { path },
            // Loading fails with nothing else.
            other => Self::Engine(other.to_string()),
        }
    }
}
