//! The envelope of an engine, from all pairs of a sample of its points; and of one that grew.

use super::engine::{Engine, Query};
use super::envelope::{Envelope, Seen};
use super::exact;
use super::inducing::Draw;
use super::options::{ENVELOPE_SAMPLES, ResidualOptions};
use super::tiles::Chosen;
use crate::error::Error;
use crate::neighbours::MISSING;
use crate::task::Task;

/// From so many points on the sample is as large as the options say.
const FULL: usize = 32_768;
/// How many times larger it is where there are few.
const MOST: usize = 8;

/// The envelope of an engine, from all pairs of a sample of its points.
pub(crate) fn envelope<T: Chosen>(
    engine: &Engine<T>,
    options: &ResidualOptions,
    task: &Task<'_>,
) -> Result<Envelope, Error> {
    let shape = &engine.shape;
    let n = shape.places().len();
    // Few points show few pairs, and duplicates fewer: more of them are asked, at no more cost than many points have. Who asks for
    // fewer samples gets fewer.
    let more = if options.envelope_samples < ENVELOPE_SAMPLES { 1 } else { (FULL / n.max(1)).clamp(1, MOST) };
    let count = options.envelope_samples.saturating_mul(more);
    let mut sample = Draw(options.seed).some(n, count.min(n));
    sample.retain(|&place| !engine.is_tiny(shape.p[place]));
    let p = sample.iter().map(|&place| shape.p[place]).collect();
    let mut envelope = Envelope::new(p, &options.kernel, shape.digest(), options.seed);
    note(engine, &sample, &mut envelope, task)?;
    Ok(envelope)
}

/// The envelope of an engine that grew out of another one with the points at some places: what was known of the others, and what a
/// sample of the new ones shows; made anew where its classes fit no more.
pub(crate) fn grown<T: Chosen>(
    engine: &Engine<T>,
    old: &Envelope,
    new: &[u32],
    options: &ResidualOptions,
    task: &Task<'_>,
) -> Result<Envelope, Error> {
    let shape = &engine.shape;
    // One that has seen no pair had no point to see.
    if old.pairs == 0 || old.is_stale(&shape.p) {
        return envelope(engine, options, task);
    }
    let mut grown = old.moved(shape.digest());
    let drawn = Draw(options.seed ^ new.len() as u64).some(new.len(), options.envelope_samples);
    let mut sample: Vec<usize> = drawn.into_iter().map(|at| new[at] as usize).collect();
    sample.retain(|&place| !engine.is_tiny(shape.p[place]));
    note(engine, &sample, &mut grown, task)?;
    Ok(grown)
}

/// Notes what sampled points show against all others.
fn note<T: Chosen>(
    engine: &Engine<T>,
    sample: &[usize],
    envelope: &mut Envelope,
    task: &Task<'_>,
) -> Result<(), Error> {
    let shape = &engine.shape;
    let classes: Vec<u8> = shape.p.iter().map(|&p| envelope.class(p) as u8).collect();
    let start = || vec![Seen::new(envelope.classes()); exact::GROUP];
    let note = |seen: &mut Vec<Seen>, row: usize, correlations: &[T], squares: &[T], places: &[u32]| {
        let seen = &mut seen[row];
        for ((correlation, square), &place) in correlations.iter().zip(squares).zip(places) {
            seen.note(classes[place as usize] as usize, correlation.to_f64(), square.to_f64());
        }
    };
    let query = |at: usize| Query::indexed(shape, engine.v.row(sample[at]), sample[at] as u32, MISSING);
    let seen = exact::all_pairs(engine, 1, sample.len(), query, start, note, task)?;
    for ((pieces, _), places) in seen.iter().zip(sample.chunks(exact::GROUP)) {
        for seen in pieces {
            seen.iter().zip(places).for_each(|(seen, &place)| envelope.note(classes[place] as usize, seen));
        }
    }
    envelope.settle();
    Ok(())
}
