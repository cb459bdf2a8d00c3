//! The napi boundary: conversions, async tasks, errors. Nothing else.
