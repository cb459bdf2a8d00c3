//! Where somebody speaks.

use crate::audio::SAMPLE_RATE;
use earshot::Detector;
use std::ops::Range;

/// Samples that the detector judges at once: 16 ms.
const FRAME: usize = 256;
/// Score from which a frame is voice, and below which voice ends: two thresholds, so that a word's soft end stays with it.
const VOICE: f32 = 0.5;
const REST: f32 = 0.25;
/// Frames of rest that end an utterance: 320 ms, more than the pause within a word.
const PAUSE: usize = 20;
/// Shorter utterances are clicks: 96 ms.
const SHORTEST: usize = 6;
/// Kept before and after an utterance, for consonants that the detector takes for noise: 240 ms.
const MARGIN: usize = 15;
/// Whisper hears 30 s at once and takes as long for one: passages are as long as fits, with a little room for its timestamps.
const LONGEST: usize = 28 * SAMPLE_RATE as usize / FRAME;
/// Rest that ends a passage: 3 s. In longer silence Whisper begins to make things up.
const SILENCE: usize = 3 * SAMPLE_RATE as usize / FRAME;

/// A stretch of a recording in which somebody speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Samples of the recording.
    pub samples: Range<usize>,
}

impl Passage {
    /// Where it begins, in seconds of the recording.
    pub fn start(&self) -> f64 {
        self.samples.start as f64 / f64::from(SAMPLE_RATE)
    }

    /// Where it ends, in seconds of the recording.
    pub fn end(&self) -> f64 {
        self.samples.end as f64 / f64::from(SAMPLE_RATE)
    }
}

/// The stretches of `samples` (mono, [`SAMPLE_RATE`]) in which somebody speaks, ascending and disjoint, each at most 28 s long.
///
/// Utterances come from a small recurrent network (earshot), and are packed into passages as long as Whisper's window allows.
pub fn passages(samples: &[f32]) -> Vec<Passage> {
    let scores = score(samples);
    let runs = utterances(&scores).into_iter().flat_map(|run| pieces(&scores, run));
    let mut packed: Vec<Range<usize>> = Vec::new();
    for run in runs {
        match packed.last_mut() {
            Some(last) if run.end - last.start <= LONGEST && run.start.saturating_sub(last.end) <= SILENCE => {
                last.end = run.end;
            }
            _ => packed.push(run),
        }
    }
    let passage =
        |frames: Range<usize>| Passage { samples: frames.start * FRAME..(frames.end * FRAME).min(samples.len()) };
    packed.into_iter().map(passage).collect()
}

/// How surely each frame is voice, 0 to 1; the last frame is filled up with silence.
fn score(samples: &[f32]) -> Vec<f32> {
    let mut detector = Detector::default();
    let mut whole = [0.0; FRAME];
    let mut judge = |frame: &[f32]| {
        whole.fill(0.0);
        whole[..frame.len()].copy_from_slice(frame);
        detector.predict_f32(&whole)
    };
    samples.chunks(FRAME).map(&mut judge).collect()
}

/// Runs of voice with their margins, in frames, disjoint.
fn utterances(scores: &[f32]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut close = |run: Range<usize>| {
        if run.len() < SHORTEST {
            return;
        }
        let run = run.start.saturating_sub(MARGIN)..(run.end + MARGIN).min(scores.len());
        match runs.last_mut() {
            Some(last) if run.start <= last.end => last.end = run.end,
            _ => runs.push(run),
        }
    };
    for (at, &score) in scores.iter().enumerate() {
        match &mut open {
            Some(run) if score >= REST => run.end = at + 1,
            Some(run) if at - run.end >= PAUSE => close(std::mem::take(run)),
            None if score >= VOICE => open = Some(at..at + 1),
            _ => {}
        }
        // What was closed is empty.
        open = open.filter(|run| !run.is_empty());
    }
    if let Some(run) = open {
        close(run);
    }
    runs
}

/// Cuts a run that is longer than a passage where the voice is weakest, in the second half of what a passage holds.
fn pieces(scores: &[f32], mut run: Range<usize>) -> Vec<Range<usize>> {
    let mut cut = Vec::new();
    while run.len() > LONGEST {
        let from = run.start + LONGEST / 2;
        let weakest = (from..run.start + LONGEST).min_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(from);
        cut.push(run.start..weakest);
        run.start = weakest;
    }
    cut.push(run);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn silence_and_noise_have_no_passages() {
        assert!(passages(&[]).is_empty());
        assert!(passages(&vec![0.0; 160_000]).is_empty());
        let mut seed = 1_u32;
        let noise: Vec<f32> = (0..160_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 9) as f32 / (1 << 23) as f32 * 0.02 - 0.01
            })
            .collect();
        assert!(passages(&noise).is_empty());
    }

    proptest! {
        #[test]
        fn runs_are_disjoint_and_short_enough(spans in prop::collection::vec((0.0_f32..1.0, 1_usize..900), 1..40)) {
            let scores: Vec<f32> = spans.iter().flat_map(|&(score, n)| std::iter::repeat_n(score, n)).collect();
            let runs = utterances(&scores);
            for pair in runs.windows(2) {
                prop_assert!(pair[0].end < pair[1].start);
            }
            for run in runs {
                prop_assert!(run.end <= scores.len());
                let cut = pieces(&scores, run.clone());
                prop_assert_eq!(cut.iter().map(ExactSizeIterator::len).sum::<usize>(), run.len());
                prop_assert!(cut.iter().all(|piece| piece.len() <= LONGEST && !piece.is_empty()));
                prop_assert!(cut.windows(2).all(|pair| pair[0].end == pair[1].start));
            }
            // Whatever is surely voice for long enough is in a run.
            let runs = utterances(&scores);
            let mut at = 0;
            for (score, n) in spans {
                if score >= VOICE && n >= SHORTEST {
                    prop_assert!(runs.iter().any(|run| run.start <= at && at + n <= run.end));
                }
                at += n;
            }
        }
    }
}
