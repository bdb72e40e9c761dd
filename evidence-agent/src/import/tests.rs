//! Readers as a whole.
