//! What is held in memory of graphs: what was read last, and what changed since.

use crate::snapshot::Snapshot;
use crate::steps::{MOST, Steps};
use crate::view::View;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Edges and rows that a view may hold beside its snapshot: then it is made into one, in the time of a copy.
const BESIDE: usize = 1 << 18;

/// Graphs by key.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<HashMap<u32, Held>>);

/// One graph: from the first time that somebody asked for it, what changes it is noted.
#[derive(Debug, Default)]
struct Held {
    read: Option<Read>,
    /// What transactions changed that the view doesn't know yet, by the version that they lead to. One that failed to commit is here until the
    /// next, which leads to the same version; no reader asks for a version that wasn't committed.
    staged: VecDeque<(u64, Steps)>,
}

#[derive(Debug)]
struct Read {
    /// As it was read, or folded.
    snapshot: Arc<Snapshot>,
    /// The snapshot with changes laid over it.
    view: Arc<View>,
    /// Whether the snapshot's hyperedges are old.
    hyperedges: bool,
}

impl Read {
    /// Makes the view a snapshot; its hyperedges are those of the old one.
    fn fold(&mut self) -> Option<()> {
        self.snapshot = Arc::new(self.view.fold(&self.snapshot)?);
        self.view = Arc::new(View::new(&self.snapshot));
        Some(())
    }
}

impl Held {
    /// What was read, brought to a version or further; `None` when it has to be read anew.
    fn at(&mut self, version: u64) -> Option<&mut Read> {
        let read = self.read.as_mut()?;
        while read.view.version < version {
            let (next, steps) = self.staged.pop_front()?;
            if next != read.view.version + 1 {
                return None;
            }
            Arc::make_mut(&mut read.view).follow(steps.list()?, next)?;
            read.hyperedges |= steps.hyperedges;
        }
        if read.view.beside() > BESIDE {
            read.fold()?;
        }
        Some(read)
    }
}

impl Shelf {
    /// Whether changes of a graph are noted.
    pub(crate) fn notes(&self, key: u32) -> bool {
        self.0.lock().contains_key(&key)
    }

    /// Notes what a transaction that is about to commit changed.
    pub(crate) fn stage(&self, key: u32, version: u64, mut steps: Steps) {
        let mut graphs = self.0.lock();
        let Some(held) = graphs.get_mut(&key) else { return };
        held.staged.retain(|(staged, _)| *staged < version);
        let waiting: usize = held.staged.iter().map(|(_, steps)| steps.list().map_or(0, <[_]>::len) + 1).sum();
        if waiting > MOST {
            // Nobody has asked for a long time.
            *held = Held::default();
            steps.overflow();
        }
        held.staged.push_back((version, steps));
    }

    /// The graph as it was at this version or later, if that is known without reading it.
    pub(crate) fn view(&self, key: u32, version: u64) -> Option<Arc<View>> {
        self.find(key, |held| Some(held.at(version)?.view.clone()))
    }

    /// The same as a snapshot.
    pub(crate) fn snapshot(&self, key: u32, version: u64) -> Option<Arc<Snapshot>> {
        self.find(key, |held| {
            let read = held.at(version).filter(|read| !read.hyperedges)?;
            if read.snapshot.version < read.view.version {
                read.fold()?;
            }
            Some(read.snapshot.clone())
        })
    }

    fn find<T>(&self, key: u32, find: impl FnOnce(&mut Held) -> Option<T>) -> Option<T> {
        let mut graphs = self.0.lock();
        let held = graphs.entry(key).or_default();
        let found = find(held);
        if found.is_none() {
            held.read = None;
        }
        found
    }

    /// Keeps what was read, unless something newer is kept.
    pub(crate) fn keep(&self, key: u32, snapshot: &Arc<Snapshot>) {
        let mut graphs = self.0.lock();
        let held = graphs.entry(key).or_default();
        if held.read.as_ref().is_none_or(|read| read.view.version < snapshot.version) {
            held.staged.retain(|(staged, _)| *staged > snapshot.version);
            held.read =
                Some(Read { view: Arc::new(View::new(snapshot)), snapshot: snapshot.clone(), hyperedges: false });
        }
    }

    /// A graph that is gone.
    pub(crate) fn forget(&self, key: u32) {
        self.0.lock().remove(&key);
    }

    /// Gives the memory back.
    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}
