//! The predecessors' graph, refreshed in the background while readers keep the old one.

use super::answer::ResidualAnswer;
use super::kernel::Kernel;
use super::options::Search;
use super::tree::ResidualTree;
use crate::error::Error;
use canopy_core::{Cancel, Cancelled, Progress};
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Predecessors under one kernel; it never changes.
#[derive(Debug)]
pub struct ResidualGraph {
    /// 0 for the first graph, then the number of the request it answers.
    pub generation: u64,
    /// The tree it was read from, and with it the kernel.
    pub tree: Arc<ResidualTree>,
    /// The predecessors.
    pub answer: ResidualAnswer,
}

/// Keeps a graph, and makes the next one on a thread of its own when the kernel changes.
///
/// Readers see the old graph or the new one, never a mix. A newer request supersedes an older one, which is cancelled. An
/// optimiser asks and goes on with the old graph, or waits.
#[derive(Debug)]
pub struct GraphRefresher {
    shared: Arc<Shared>,
    worker: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    k: usize,
    search: Search,
}

#[derive(Debug)]
struct State {
    current: Arc<ResidualGraph>,
    /// Number of the last request, and its kernel until the worker takes it.
    asked: u64,
    kernel: Option<Kernel>,
    /// Stops the work on the request before.
    cancel: Cancel,
    /// The last request that failed, and how.
    failed: Option<(u64, Error)>,
    closed: bool,
}

impl GraphRefresher {
    /// Makes the first graph here and now, and starts the worker.
    ///
    /// # Errors
    /// Those of [`ResidualTree::predecessors`].
    pub fn new(
        tree: ResidualTree,
        k: usize,
        search: &Search,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let answer = tree.predecessors(k, search, cancel, progress)?;
        let current = Arc::new(ResidualGraph { generation: 0, tree: Arc::new(tree), answer });
        let state = State { current, asked: 0, kernel: None, cancel: Cancel::new(), failed: None, closed: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), k, search: *search });
        let worker = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.work()
        });
        Ok(Self { shared, worker: Some(worker) })
    }

    /// The graph as it is now.
    pub fn current(&self) -> Arc<ResidualGraph> {
        Arc::clone(&self.shared.state.lock().current)
    }

    /// Asks for the graph under another kernel, and gives the number of the request at once.
    pub fn request(&self, kernel: Kernel) -> u64 {
        let mut state = self.shared.state.lock();
        state.asked += 1;
        state.kernel = Some(kernel);
        state.cancel.cancel();
        state.cancel = Cancel::new();
        self.shared.changed.notify_all();
        state.asked
    }

    /// Waits until a request was answered or superseded, and gives the graph that is current then.
    ///
    /// # Errors
    /// The error that this request, or the one that superseded it, met. The old graph stays current.
    pub fn wait(&self, generation: u64) -> Result<Arc<ResidualGraph>, Error> {
        let mut state = self.shared.state.lock();
        loop {
            if state.current.generation >= generation.min(state.asked) {
                return Ok(Arc::clone(&state.current));
            }
            if let Some((_, error)) = state.failed.as_ref().filter(|(failed, _)| *failed >= generation) {
                return Err(error.clone());
            }
            self.shared.changed.wait(&mut state);
        }
    }
}

impl Shared {
    fn work(&self) {
        loop {
            let (generation, kernel, cancel, tree) = {
                let mut state = self.state.lock();
                let kernel = loop {
                    if state.closed {
                        return;
                    }
                    if let Some(kernel) = state.kernel.take() {
                        break kernel;
                    }
                    self.changed.wait(&mut state);
                };
                (state.asked, kernel, state.cancel.clone(), Arc::clone(&state.current.tree))
            };
            let made = self.make(&tree, &kernel, &cancel);
            let mut state = self.state.lock();
            match made {
                // What was superseded while it was finished is thrown away as if it had been cancelled in time.
                _ if state.asked != generation => {}
                Ok((tree, answer)) => {
                    state.current = Arc::new(ResidualGraph { generation, tree: Arc::new(tree), answer });
                }
                Err(error) => state.failed = Some((generation, error)),
            }
            self.changed.notify_all();
        }
    }

    fn make(
        &self,
        tree: &ResidualTree,
        kernel: &Kernel,
        cancel: &Cancel,
    ) -> Result<(ResidualTree, ResidualAnswer), Error> {
        let quiet = Progress::default();
        // A panic in the worker would leave those who wait waiting: it becomes an error, and the next request a new start.
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let tree = tree.refreshed(kernel, cancel, &quiet)?;
            let answer = tree.predecessors(self.k, &self.search, cancel, &quiet)?;
            Ok((tree, answer))
        }));
        made.unwrap_or(Err(Error::Cancelled(Cancelled)))
    }
}

impl Drop for GraphRefresher {
    fn drop(&mut self) {
        {
            let mut state = self.shared.state.lock();
            state.closed = true;
            state.cancel.cancel();
            self.shared.changed.notify_all();
        }
        if let Some(worker) = self.worker.take() {
            // The worker catches its panics; should one escape, there is nobody left to tell.
            let _ = worker.join();
        }
    }
}
