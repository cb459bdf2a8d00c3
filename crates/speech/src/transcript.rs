//! What was said, and when.

use serde::Serialize;

/// A recording, written down.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// Everything that was said.
    pub text: String,
    /// Code of the language that was spoken, such as `en`.
    pub language: String,
    /// Length of the recording in seconds.
    pub duration: f64,
    /// Seconds of it in which somebody speaks.
    pub voiced: f64,
    /// Seconds that transcribing took.
    pub seconds: f64,
    /// `seconds / duration`.
    pub xrt: f64,
    /// `cpu` or `gpu`.
    pub device: &'static str,
    /// How often the graphics card's memory didn't suffice, so that the processor took over: 0 or 1.
    pub fallbacks: u64,
    /// Sentences or parts of them, ascending.
    pub segments: Vec<Segment>,
}

/// A sentence or a part of one. Times are in seconds of the recording.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// What was said.
    pub text: String,
    /// How sure the model is that nobody spoke, 0 to 1.
    pub no_speech_probability: f32,
    /// Mean of the logarithm of the tokens' probabilities.
    pub mean_log_probability: f32,
    /// Its words.
    pub words: Vec<Word>,
}

/// A word with the punctuation that clings to it. Times are in seconds of the recording.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Word {
    /// The word.
    pub word: String,
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// The least probability of its tokens, 0 to 1.
    pub probability: f32,
}
