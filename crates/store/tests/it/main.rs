//! The store from outside: records, rights, faults, migration. One binary, because some tests run it again as a child.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail and report as tests do")]

mod access;
mod child;
mod fault;
mod importers;
mod migration;
mod records;
