//! Programs, limit files and tables of defect codes: the newest of each subject.
//!
//! A report names its program as the machine does: by the subject, or by the name that the program's record
//! has. That is not always the subject: of a file `P312A_BOT.csv` machines say `P312A_BOT`.

use serde::{Deserialize, Serialize};
use spec::evidence::kind::Kind;

use super::{Added, Linked, Rows, hex, key_of, read, write};
use crate::error::AgentError;
use crate::model::Hash256;

/// Where the newest of each subject stands.
const TABLE: &str = "program";

/// Which subject each name is of that programs call themselves by.
const NAMES: &str = "program-name";

#[derive(Serialize, Deserialize)]
struct Program {
    sha256: Hash256,
}

#[derive(Serialize, Deserialize)]
struct Named {
    /// The key of its row; `None` once programs of two subjects have had the name, which then tells none of them.
    subject: Option<String>,
}

/// For a program: what it replaces. For all else: which version of its program was in force.
pub(super) fn link(
    rows: &mut dyn Rows,
    it: &Linked<'_>,
    added: &mut Added,
) -> Result<(), AgentError> {
    if it.reading.kind == Kind::Program {
        let Some(subject) = &it.reading.links.subject else {
            return Ok(());
        };
        let key = key_of(&[subject.as_bytes()]);
        let newest: Option<Program> = read(rows, TABLE, &key)?;
        if let Some(newest) = newest.filter(|newest| newest.sha256 != it.sha256) {
            added.entry("supersedes".to_string()).or_insert_with(|| hex(newest.sha256));
        }
        write(rows, TABLE, &key, &Program { sha256: it.sha256 });
        if let Some(name) = it.text("program") {
            let of_name = key_of(&[name.as_bytes()]);
            let known: Option<Named> = read(rows, NAMES, &of_name)?;
            let is_shared = known.is_some_and(|known| known.subject.as_ref() != Some(&key));
            write(rows, NAMES, &of_name, &Named { subject: (!is_shared).then_some(key) });
        }
        return Ok(());
    }
    if let Some(program) = it.text("program")
        && let Some(newest) = newest(rows, program)?
    {
        added.insert("program/sha256".to_string(), hex(newest.sha256));
    }
    Ok(())
}

/// The newest program of this subject, or else of the only subject that goes by this name.
fn newest(rows: &dyn Rows, program: &str) -> Result<Option<Program>, AgentError> {
    let key = key_of(&[program.as_bytes()]);
    if let Some(newest) = read(rows, TABLE, &key)? {
        return Ok(Some(newest));
    }
    let named: Option<Named> = read(rows, NAMES, &key)?;
    match named.and_then(|named| named.subject) {
        Some(subject) => read(rows, TABLE, &subject),
        None => Ok(None),
    }
}
