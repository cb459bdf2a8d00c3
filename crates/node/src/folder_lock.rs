//! One writer a folder, for what TypeScript keeps in folders of its own.

use crate::handle::Handle;
use crate::outcome::{Outcome, run_here};
use canopy_store::WriterLock;
use napi_derive::napi;
use std::path::Path;

/// The right to write a folder, until it is released or the process ends.
#[napi]
pub struct BindingFolderLock {
    lock: Handle<WriterLock>,
}

#[napi]
impl BindingFolderLock {
    /// Takes it; `STORE_LOCKED` with the holder's number where somebody else has it.
    #[napi(catch_unwind)]
    pub fn take(dir: String) -> Outcome<BindingFolderLock> {
        run_here(move || WriterLock::take(Path::new(&dir)).map(|lock| Self { lock: Handle::new(lock) }))
    }

    /// Gives it back.
    #[napi(catch_unwind)]
    pub fn release(&self) {
        self.lock.close();
    }
}
