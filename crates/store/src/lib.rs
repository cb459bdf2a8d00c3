//! The embedded record store: one SQLite file, crash-safe, versioned, with streaming importers.
