//! Large results in pages of their own, which the next call takes again once JavaScript has let go of them: the first touch of new pages costs as
//! much as a map of the points in them.

use canopy_file::Buffer;
use napi::bindgen_prelude::{Float32Array, Float64Array};
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Pages, as many doubles as fit.
type Pages = Buffer<f64>;

/// Bytes from which on pages of their own pay.
const LARGE: usize = 4 << 20;
/// Bytes that wait for a next call at most.
const MOST: usize = 256 << 20;
/// How long they wait.
const KEPT: Duration = Duration::from_secs(1);

/// Pages that nobody has a view of.
struct Idle {
    pages: Vec<(Pages, Instant)>,
    /// Whether a thread is about to look which have waited long enough.
    watched: bool,
}

static IDLE: Mutex<Idle> = Mutex::new(Idle { pages: Vec::new(), watched: false });

/// Pages for so many bytes: what they held before, if anything, is still there.
fn take(bytes: usize) -> Option<Pages> {
    let len = bytes.div_ceil(size_of::<f64>());
    let mut idle = IDLE.lock();
    match idle.pages.iter().rposition(|(pages, _)| pages.len() == len) {
        Some(at) => Some(idle.pages.swap_remove(at).0),
        None => {
            drop(idle);
            Pages::zeroed(len).ok()
        }
    }
}

/// Lets the next call have pages, for a while.
fn give(pages: Pages) {
    let mut idle = IDLE.lock();
    let held: usize = idle.pages.iter().map(|(pages, _)| pages.bytes()).sum();
    if held + pages.bytes() > MOST {
        return;
    }
    idle.pages.push((pages, Instant::now()));
    if !idle.watched {
        // Without a thread nobody would give them back to the system.
        idle.watched = std::thread::Builder::new().name("canopy-pages".into()).spawn(watch).is_ok();
        if !idle.watched {
            idle.pages.clear();
        }
    }
}

/// Gives pages back to the system that have waited in vain, until there are none.
fn watch() {
    loop {
        std::thread::sleep(KEPT);
        let mut idle = IDLE.lock();
        let (kept, old) = std::mem::take(&mut idle.pages).into_iter().partition(|(_, since)| since.elapsed() < KEPT);
        idle.pages = kept;
        idle.watched = !idle.pages.is_empty();
        let on = idle.watched;
        drop(idle);
        drop::<Vec<_>>(old);
        if !on {
            return;
        }
    }
}

macro_rules! handed_over {
    ($name:ident, $array:ty, $type:ty) => {
        /// What `fill` writes, every number of it, without a copy.
        pub(crate) fn $name<E>(len: usize, fill: impl FnOnce(&mut [$type]) -> Result<(), E>) -> Result<$array, E> {
            let bytes = len * size_of::<$type>();
            let Some(mut pages) = Some(bytes).filter(|&bytes| bytes >= LARGE).and_then(take) else {
                let mut own = vec![0.0; len];
                fill(&mut own)?;
                return Ok(own.into());
            };
            let Ok(all) = pages.get_mut() else { unreachable!("pages of our own can be written") };
            let out = &mut bytemuck::cast_slice_mut::<f64, $type>(all)[..len];
            if let Err(error) = fill(out) {
                give(pages);
                return Err(error);
            }
            let data = out.as_mut_ptr();
            // SAFETY: the numbers lie in pages that the closure owns and passes on only once JavaScript has let go of them; nobody else
            // reads or writes them.
            Ok(unsafe { <$array>::with_external_data(data, len, move |_, _| give(pages)) })
        }
    };
}
handed_over!(singles, Float32Array, f32);
handed_over!(doubles, Float64Array, f64);
