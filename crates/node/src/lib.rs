//! The napi boundary: conversions, async tasks, errors. Nothing else.
//!
//! Every export adapts its arguments and hands the work to a thread of its own pool (`run`), so the event loop only
//! ever pays for the conversion; what is known to be over before a thread would wake up may run where it was asked for (`run_here`). Structured values cross as UTF-8 JSON and are parsed on that thread; vectors cross
//! as typed arrays and are copied there. Errors cross as values, because an `async fn` export can't carry a code.

#![expect(unreachable_pub, reason = "exports reach JavaScript through napi's registration, not through Rust paths")]

mod cancel;
mod collection;
mod cover_tree;
mod database;
mod estimate;
mod folder_lock;
mod graph;
mod graph_embed;
mod graph_store;
mod graph_suggest;
mod handle;
mod layer;
mod ledger;
mod log;
mod noise;
mod outcome;
mod pace;
mod pages;
mod poincare;
mod residual_search;
mod residual_tree;
mod shelf;
mod slot;
mod speech;
mod system;
mod topology;
mod vector_index;
mod vector_ways;
