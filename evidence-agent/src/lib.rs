//! Captures: hashes evidence, signs statements, anchors them, keeps the openings.
