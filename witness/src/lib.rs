//! Remembers: the latest tree of every log; cosigns only what is consistent.
