//! Programs, limit files and tables of defect codes: the newest of each subject.

use serde::{Deserialize, Serialize};
use spec::evidence::kind::Kind;

use super::{Added, Linked, Rows, hex, key_of, read, write};
use crate::error::AgentError;
use crate::model::Hash256;

/// Where the newest of each subject stands.
const TABLE: &str = "program";

#[derive(Serialize, Deserialize)]
struct Program {
    sha256: Hash256,
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
        return Ok(());
    }
    if let Some(program) = it.text("program") {
        let newest: Option<Program> = read(rows, TABLE, &key_of(&[program.as_bytes()]))?;
        if let Some(newest) = newest {
            added.insert("program/sha256".to_string(), hex(newest.sha256));
        }
    }
    Ok(())
}
