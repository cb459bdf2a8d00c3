//! The envelope of an engine, from all pairs of a sample of its points.

use super::engine::{Engine, Query};
use super::envelope::{Envelope, Seen};
use super::exact;
use super::inducing::Draw;
use super::options::ResidualOptions;
use super::tiles::Chosen;
use crate::error::Error;
use crate::neighbours::MISSING;
use crate::task::Task;

/// The envelope of an engine, from all pairs of a sample of its points.
pub(crate) fn envelope<T: Chosen>(
    engine: &Engine<T>,
    options: &ResidualOptions,
    task: &Task<'_>,
) -> Result<Envelope, Error> {
    let shape = &engine.shape;
    let mut sample = Draw(options.seed).some(shape.places().len(), options.envelope_samples);
    sample.retain(|&place| !engine.is_tiny(shape.p[place]));
    let p = sample.iter().map(|&place| shape.p[place]).collect();
    let mut envelope = Envelope::new(p, &options.kernel, shape.digest(), options.seed);
    let start = || vec![Seen::new(); exact::GROUP];
    let note = |seen: &mut Vec<Seen>, row: usize, correlations: &[T], squares: &[T], _: &[u32]| {
        let seen = &mut seen[row];
        for (correlation, square) in correlations.iter().zip(squares) {
            seen.note(correlation.to_f64(), square.to_f64());
        }
    };
    let query = |at: usize| Query::indexed(shape, engine.v.row(sample[at]), sample[at] as u32, MISSING);
    let seen = exact::all_pairs(engine, 1, sample.len(), query, start, note, task)?;
    for ((pieces, _), places) in seen.iter().zip(sample.chunks(exact::GROUP)) {
        for seen in pieces {
            for (seen, &place) in seen.iter().zip(places) {
                envelope.note(envelope.class(shape.p[place]), seen);
            }
        }
    }
    envelope.settle();
    Ok(envelope)
}
