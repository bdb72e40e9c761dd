//! Fuzzes `cfx`: the target of `evidence-agent/src/fuzz_targets.rs`, which the stable tests run too.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| evidence_agent::fuzz_targets::cfx(bytes));
