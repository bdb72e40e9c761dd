//! Fuzzes `succession`: the one-line target of `spec/tests/fuzz_targets`, which the stable tests run too.

#![no_main]

#[path = "../../spec/tests/fuzz_targets/mod.rs"]
#[allow(dead_code)]
mod fuzz_targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::succession(bytes));
