//! From a file to a record: hash the exact bytes, read what is understood, salt every field.
//!
//! The file is read once: what is hashed and what is interpreted are the same bytes. It is never
//! changed, moved or locked. A file that changes while it is read is refused, since nobody could
//! say later which of its states was anchored.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use spec::Hash;
use spec::evidence::field::{SALT_SIZE, Salt};
use spec::evidence::kind::FieldName;
use spec::evidence::record::{MAX_FIELDS, Record, RecordError};

use crate::cfx::{self, MAX_INTERPRETED_SIZE, Reading};
use crate::clock;
use crate::error::AgentError;

/// How much is read at once.
const CHUNK_SIZE: usize = 256 * 1024;

/// A file as it was at one moment.
pub(crate) struct Captured {
    /// The path as it was given.
    pub(crate) path: PathBuf,
    /// SHA-256 of the exact bytes.
    pub(crate) sha256: Hash,
    /// How many bytes.
    pub(crate) size: u64,
    /// What the agent understood of it.
    pub(crate) reading: Reading,
    /// When it was read.
    seen: String,
}

/// Reads a file once and hashes it. Calls `progress` with the bytes of each chunk.
pub(crate) fn capture(path: &Path, progress: &dyn Fn(u64)) -> Result<Captured, AgentError> {
    let seen = clock::now();
    let no_file = || AgentError::Input(format!("{} is not a file", path.display()));
    // Looked at before it is opened: opening a pipe would wait until somebody writes into it.
    if !std::fs::metadata(path).map_err(AgentError::file(path))?.is_file() {
        return Err(no_file());
    }
    let mut file = File::open(path).map_err(AgentError::file(path))?;
    let before = file.metadata().map_err(AgentError::file(path))?;
    if !before.is_file() {
        return Err(no_file());
    }
    let (mut hasher, mut size, mut kept) = (Sha256::new(), 0_u64, Vec::new());
    let small = before.len() <= MAX_INTERPRETED_SIZE as u64;
    let mut chunk =
        vec![0; CHUNK_SIZE.min(usize::try_from(before.len()).unwrap_or(CHUNK_SIZE) + 1)];
    loop {
        let count = match file.read(&mut chunk) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other.map_err(AgentError::file(path))?,
        };
        if count == 0 {
            break;
        }
        hasher.update(&chunk[..count]);
        size += count as u64;
        if small && size <= MAX_INTERPRETED_SIZE as u64 {
            kept.extend_from_slice(&chunk[..count]);
        }
        progress(count as u64);
        // A file that grows as fast as it is read would never end.
        if size > before.len() {
            break;
        }
    }
    let after = file.metadata().map_err(AgentError::file(path))?;
    if size != before.len() || state(&before) != state(&after) {
        let reason = "changed while it was read; anchor it when it is complete";
        return Err(AgentError::Input(format!("{} {reason}", path.display())));
    }
    let reading = if small {
        cfx::read(&kept)
    } else {
        Reading::attachment(&format!("more than {MAX_INTERPRETED_SIZE} bytes"), None)
    };
    let sha256 = Hash::from_bytes(hasher.finalize().into());
    Ok(Captured { path: path.to_path_buf(), sha256, size, reading, seen })
}

fn state(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

impl Captured {
    /// Makes the salted record of this file.
    pub(crate) fn to_record(&self) -> Result<Record, AgentError> {
        let media_type = self.reading.media_type.unwrap_or_else(|| media_type(&self.path));
        let file_name = self.path.file_name().unwrap_or_default().as_bytes().to_vec();
        let common = [
            ("file/sha256", self.sha256.to_hex().into_bytes()),
            ("file/name", file_name),
            ("file/size", self.size.to_string().into_bytes()),
            ("media-type", media_type.into()),
            ("interpreted", self.reading.interpreted.clone().into_bytes()),
            ("seen", self.seen.clone().into_bytes()),
        ];
        let read =
            self.reading.values.iter().map(|(name, text)| (*name, text.clone().into_bytes()));
        let values = common.into_iter().chain(read).map(|(name, value)| {
            (FieldName::parse(name).expect("the agent's own names are field names"), value)
        });
        match Record::new(self.reading.kind, values.collect(), fresh_salts()?) {
            Ok(record) => Ok(record),
            // A value of the report does not fit in a field. The bytes are still evidence.
            Err(RecordError::Value(error)) if self.reading.recognised => {
                let reading = Reading::attachment(&error.to_string(), self.reading.media_type);
                let (path, seen) = (self.path.clone(), self.seen.clone());
                Self { path, seen, reading, sha256: self.sha256, size: self.size }.to_record()
            }
            Err(error) => Err(AgentError::Input(format!("{}: {error}", self.path.display()))),
        }
    }
}

/// Salts for one record, all drawn at once from the operating system.
pub(crate) fn fresh_salts() -> Result<impl FnMut() -> Salt, AgentError> {
    let mut pool = vec![0; MAX_FIELDS * SALT_SIZE];
    getrandom::fill(&mut pool).map_err(|error| AgentError::Random(error.to_string()))?;
    let mut next = 0;
    Ok(move || {
        let salt = pool.get(next..next + SALT_SIZE).and_then(|bytes| bytes.try_into().ok());
        next += SALT_SIZE;
        salt.expect("a record has at most MAX_FIELDS fields")
    })
}

/// The media type that the end of the name claims, where the content did not tell.
fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|text| text.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "csv" => "text/csv",
        "jpg" | "jpeg" => "image/jpeg",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "txt" => "text/plain",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::evidence::kind::Kind;
    use std::cell::Cell;
    use std::fs;
    use std::io::Write;

    #[test]
    fn the_exact_bytes_are_hashed_and_the_file_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("curve.CSV");
        let bytes = [b"t;C\r\n0;25,1\r\n".as_slice(), &[0xff; CHUNK_SIZE]].concat();
        fs::write(&path, &bytes).unwrap();
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        let counted = Cell::new(0);
        let captured = capture(&path, &|count| counted.set(counted.get() + count)).unwrap();
        assert_eq!(captured.sha256, Hash::of(&bytes));
        assert_eq!((captured.size, counted.get()), (bytes.len() as u64, bytes.len() as u64));
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);

        let record = captured.to_record().unwrap();
        assert_eq!(record.kind(), Kind::Attachment);
        assert_eq!(record.value("file/sha256"), Some(Hash::of(&bytes).to_hex().as_bytes()));
        assert_eq!(record.value("file/name"), Some(&b"curve.CSV"[..]));
        assert_eq!(record.value("media-type"), Some(&b"text/csv"[..]));
        assert_eq!(record.value("interpreted"), Some(&b"no: not JSON"[..]));
    }

    #[test]
    fn a_value_too_large_for_a_field_makes_an_attachment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.json");
        let unit = r#"{"UnitIdentifier":"0123456789"}"#;
        let units = vec![unit; 7000].join(",");
        fs::write(&path, format!(r#"{{"RepairedUnits":[{units}]}}"#)).unwrap();
        let captured = capture(&path, &|_| ()).unwrap();
        assert_eq!(captured.reading.kind, Kind::Repair);
        let record = captured.to_record().unwrap();
        assert_eq!(record.kind(), Kind::Attachment);
        let why = std::str::from_utf8(record.value("interpreted").unwrap()).unwrap().to_string();
        assert!(why.starts_with("no: a value of 77000 bytes"), "{why}");
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_refused_and_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("growing");
        fs::write(&path, [1; 10]).unwrap();
        let chunks = Cell::new(0);
        let grow = |_| {
            chunks.set(chunks.get() + 1);
            if chunks.get() < 1000 {
                fs::OpenOptions::new()
                    .append(true)
                    .open(&path)
                    .unwrap()
                    .write_all(&[1; 99])
                    .unwrap();
            }
        };
        assert!(matches!(capture(&path, &grow), Err(AgentError::Input(_))));
        assert!(chunks.get() < 5, "{} chunks were read", chunks.get());
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(matches!(capture(&path, &|_| ()), Err(AgentError::Input(_))));
    }

    #[test]
    fn a_folder_and_a_missing_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(capture(folder.path(), &|_| ()), Err(AgentError::Input(_))));
        let missing = folder.path().join("missing");
        assert!(matches!(capture(&missing, &|_| ()), Err(AgentError::File { .. })));
    }

    #[test]
    fn no_two_salts_are_equal() {
        let mut salts = fresh_salts().unwrap();
        let mut drawn: Vec<Salt> = (0..MAX_FIELDS).map(|_| salts()).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), MAX_FIELDS);
    }
}
