//! Which device transcribes, and what happens when its memory is full.

use crate::Error;

/// Where a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    /// A graphics card, in builds with the feature `cuda`.
    Gpu,
    /// The processor.
    Cpu,
}

impl Device {
    /// `gpu` or `cpu`, as metrics name them.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gpu => "gpu",
            Self::Cpu => "cpu",
        }
    }
}

/// Passages that the processor works on at once where a graphics card takes `gpu_batch`: `max(1, ⌊gpu_batch / 4⌋)`.
pub fn cpu_batch(gpu_batch: usize) -> usize {
    (gpu_batch / 4).max(1)
}

/// Runs one piece of work on a device.
pub(crate) trait Engine {
    /// What the work gives.
    type Output;

    /// # Errors
    /// [`Failure::Memory`] when the device's memory doesn't suffice.
    fn run(&self, device: Device, item: usize) -> Result<Self::Output, Failure>;
}

/// Why a piece of work failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The device's memory doesn't suffice; another device may do it.
    Memory(String),
    /// Anything else.
    Other(Error),
}

/// Runs `count` pieces in batches, in order, first on `preferred`. When its memory doesn't suffice, the batch and all that follow it run on
/// the processor. Answers come in the order of the pieces, with the device that finished and how often another one had to take over.
pub(crate) fn run_all<E: Engine + Sync>(
    engine: &E,
    count: usize,
    preferred: Device,
    gpu_batch: usize,
    mut done: impl FnMut(usize),
) -> Result<(Vec<E::Output>, Device, u64), Error>
where
    E::Output: Send,
{
    let mut device = preferred;
    let mut fallbacks = 0;
    let mut outputs = Vec::with_capacity(count);
    while outputs.len() < count {
        let batch = match device {
            Device::Gpu => gpu_batch.max(1),
            Device::Cpu => cpu_batch(gpu_batch),
        };
        let items = outputs.len()..(outputs.len() + batch).min(count);
        let results: Vec<Result<E::Output, Failure>> = std::thread::scope(|scope| {
            let start = |item| scope.spawn(move || engine.run(device, item));
            // The last one runs here: a batch of one starts no thread.
            let others: Vec<_> = (items.start..items.end - 1).map(start).collect();
            let here = engine.run(device, items.end - 1);
            let panicked = |_| Err(Failure::Other(Error::Engine("a thread panicked".to_owned())));
            others.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).chain([here]).collect()
        });
        let memory = |result: &Result<E::Output, Failure>| matches!(result, Err(Failure::Memory(_)));
        if device == Device::Gpu && results.iter().any(memory) {
            fallbacks += 1;
            device = Device::Cpu;
            continue;
        }
        for result in results {
            outputs.push(result.map_err(|failure| match failure {
                Failure::Memory(what) => Error::Engine(what),
                Failure::Other(error) => error,
            })?);
        }
        done(outputs.len());
    }
    Ok((outputs, device, fallbacks))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A card whose memory is full from item `full_from` on.
    struct Card {
        full_from: usize,
    }

    impl Engine for Card {
        type Output = (usize, Device);
        fn run(&self, device: Device, item: usize) -> Result<Self::Output, Failure> {
            if device == Device::Gpu && item >= self.full_from {
                return Err(Failure::Memory("out of memory".to_owned()));
            }
            Ok((item, device))
        }
    }

    #[test]
    fn a_full_card_hands_over_to_the_processor_and_order_stays() {
        for full_from in [0, 3, 8, 100] {
            let (outputs, device, fallbacks) = run_all(&Card { full_from }, 21, Device::Gpu, 8, |_| {}).unwrap();
            assert_eq!(outputs.iter().map(|&(item, _)| item).collect::<Vec<_>>(), (0..21).collect::<Vec<_>>());
            // The batch that met the full memory runs again as a whole.
            let handed = full_from / 8 * 8;
            assert!(outputs.iter().all(|&(item, on)| (on == Device::Gpu) == (item < handed || full_from == 100)));
            assert_eq!(fallbacks, u64::from(full_from < 21));
            assert_eq!(device, if full_from < 21 { Device::Cpu } else { Device::Gpu });
        }
    }

    #[test]
    fn a_full_processor_is_an_error() {
        struct Full;
        impl Engine for Full {
            type Output = ();
            fn run(&self, _: Device, _: usize) -> Result<(), Failure> {
                Err(Failure::Memory("no memory for the state".to_owned()))
            }
        }
        let result = run_all(&Full, 3, Device::Cpu, 8, |_| {});
        assert!(matches!(result, Err(Error::Engine(_))));
        assert_eq!((cpu_batch(0), cpu_batch(3), cpu_batch(8), cpu_batch(17)), (1, 1, 2, 4));
    }
}
