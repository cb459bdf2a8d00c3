//! Models that load when they are needed and give their memory back when they are idle.
//!
//! Texts and speech have models of very different kinds; how one is loaded once for all callers, watched and unloaded is the same.

mod memory;
mod slot;

pub use memory::{release_free_memory, resident_bytes};
pub use slot::{LoadError, Model, ModelSlot, ModelState};
