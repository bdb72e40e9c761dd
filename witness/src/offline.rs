//! `sign`: a request from a file, the cosignatures into a file. Same state, same rules.
//!
//! For sites that take no connections, and for air-gapped lines: the log's side writes the body of
//! its `add-checkpoint` to a file (or shows it as QR codes, see [`crate::qr`]), someone carries it,
//! and carries the answer back. The server must not run meanwhile: the state has one owner.

use std::path::Path;

use anyhow::Context;
use spec::witness::MAX_REQUEST_SIZE;

use crate::files::{read_bounded, write_whole};
use crate::qr;
use crate::witness::{AddError, Witness};

/// Cosigns the request in a file and writes the answer into another, durably.
///
/// The inner error is the witness's refusal: then no file is written.
pub fn sign(
    data: &Path,
    input: &Path,
    output: &Path,
    clock_is_right: bool,
) -> anyhow::Result<Result<String, AddError>> {
    let request = read_request(input)?;
    let (witness, writer) = Witness::open(data, clock_is_right)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let answer = runtime.block_on(witness.add(&request));
    drop(witness);
    // The answer is durable already; the thread is waited for so that the state is closed tidily.
    let _ = writer.join();
    if let Ok(lines) = &answer {
        write_whole(output, lines.as_bytes())?;
    }
    Ok(answer)
}

/// Reads a file, or puts it together from the texts of its codes.
pub fn read_request(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = read_bounded(path, qr::MAX_TEXT_SIZE)?;
    if qr::is_parts(&bytes) {
        let text = String::from_utf8(bytes).context("the texts of codes are not UTF-8")?;
        return Ok(qr::from_parts(text.trim_ascii())?);
    }
    if bytes.len() > MAX_REQUEST_SIZE {
        anyhow::bail!("{}: a request has at most {MAX_REQUEST_SIZE} bytes", path.display());
    }
    Ok(bytes)
}
