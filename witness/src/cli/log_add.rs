//! `fiducial-witness log add`: which keys were meant, and of which log.
//!
//! A key is typed, or stands in a file: one a line, as in every file of keys (`spec::key`). All of one
//! call are keys of one log, so they have one name; and each is of a kind that logs sign with.

use std::path::PathBuf;

use anyhow::{Context, bail};
use spec::checkpoint::Origin;
use spec::key::{VerifierKey, parse_key_lines, shown_part};

use crate::cli_args::LogAddArgs;
use crate::files::read_text;
use crate::list::{self, MAX_LIST_SIZE};
use crate::registry;

/// The most bytes of a file of keys: more than the sixteen longest that a log may have.
const MAX_KEYS_SIZE: u64 = 64 * 1024;

/// Adds what was named, and says what that was.
pub(super) fn run(args: &LogAddArgs) -> anyhow::Result<String> {
    let settings = args.data.settings()?;
    if let [file] = args.keys.as_slice()
        && let Some(path) = list_file(file)
    {
        registry::add_list_file(&settings, &path)?;
        return Ok(format!("added the logs of {file}"));
    }
    let mut keys = Vec::new();
    for text in &args.keys {
        keys.extend(keys_of(text)?);
    }
    let name = of_one_log(&keys)?;
    let origin = Origin::parse(args.origin.as_ref().unwrap_or(&name)).context("the origin")?;
    registry::add(&settings, &origin, &keys, args.qpd, args.contact.as_deref())?;
    let kinds: Vec<&str> = keys.iter().map(|key| key.algorithm().holder()).collect();
    Ok(format!("added {origin} with {} keys: {}", keys.len(), kinds.join("; ")))
}

/// The path, if it names a list of the witness network.
fn list_file(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    let content = read_text(&path, MAX_LIST_SIZE).ok()?;
    list::is_list(&content).then_some(path)
}

/// The verifier key that was typed, or every key of the file that was named.
fn keys_of(text: &str) -> anyhow::Result<Vec<VerifierKey>> {
    let path = PathBuf::from(text);
    if path.exists() {
        let content = read_text(&path, MAX_KEYS_SIZE)?;
        return parse_key_lines(&content).with_context(|| text.to_owned());
    }
    let key = VerifierKey::parse(text)
        .with_context(|| format!("{}: not a verifier key, nor a file", shown_part(text)))?;
    Ok(vec![key])
}

/// The name that all keys share. A file with the keys of two logs, or of a log and its witnesses,
/// would else make one log of them.
fn of_one_log(keys: &[VerifierKey]) -> anyhow::Result<String> {
    let first = keys.first().context("a verifier key is needed")?.name();
    for key in keys {
        if registry::check_kind(key).is_err() {
            bail!(
                "{}+{} is {}, and no log signs with one. Give the log's own keys: what \
                 `fiducial-log init` printed, or the `log` lines of a policy",
                key.name(),
                key.id(),
                key.algorithm().holder()
            );
        }
        if key.name() != first {
            bail!(
                "{first} and {} are two names, so these are keys of two logs: add each log by itself",
                key.name()
            );
        }
    }
    Ok(first.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli_args::DataArg;
    use crate::registry::Registry;
    use crate::settings::{Settings, default_high_water, parse_name};
    use spec::key::{Algorithm, KeyName, SigningKey};
    use std::path::Path;

    /// A log's key of the kind that the standard network lists.
    const OTHER: &str =
        "keyserver.geomys.org+16b31509+ARLJ+pmTj78HzTeBj04V+LVfB+GFAQyrg54CRIju7Nn8";

    fn witness() -> tempfile::TempDir {
        let data = tempfile::tempdir().unwrap();
        let high_water = default_high_water(data.path()).unwrap();
        let name = parse_name("w.example").unwrap();
        let settings = Settings { data: data.path().to_owned(), high_water, name };
        settings.create().unwrap();
        Registry::create(&settings).unwrap();
        data
    }

    fn add(data: &Path, keys: &[&str]) -> anyhow::Result<String> {
        run(&LogAddArgs {
            keys: keys.iter().map(ToString::to_string).collect(),
            data: DataArg { data: data.to_owned() },
            origin: None,
            qpd: None,
            contact: None,
        })
    }

    fn key(algorithm: Algorithm) -> VerifierKey {
        let name = KeyName::parse("log.example").unwrap();
        match algorithm {
            Algorithm::CosignatureMlDsa44 => VerifierKey::new(name, algorithm, &[7; 1312]).unwrap(),
            _ => SigningKey::from_seed(name, algorithm, &[3; 32]).unwrap().verifier().clone(),
        }
    }

    #[test]
    fn every_key_of_a_file_is_added() {
        let data = witness();
        let (first, second) = (key(Algorithm::NoteEd25519), key(Algorithm::CosignatureMlDsa44));
        let file = data.path().join("log.vkeys");
        std::fs::write(&file, format!("# both of one log\n\n{first}\n{second}\n")).unwrap();
        add(data.path(), &[file.to_str().unwrap()]).unwrap();
        let settings = Settings::load(data.path()).unwrap();
        let (registry, _) = Registry::load(&settings).unwrap();
        let log = registry.log(&Origin::parse("log.example").unwrap()).unwrap();
        assert_eq!(log.keys, [first, second]);
    }

    #[test]
    fn what_is_no_key_of_one_log_is_refused_and_nothing_is_added() {
        let data = witness();
        let file = data.path().join("keys");
        let text = file.to_str().unwrap();
        let own = key(Algorithm::NoteEd25519).to_string();
        let cosigner = key(Algorithm::CosignatureEd25519).to_string();
        let cases = [
            (format!("{own}\n{cosigner}\n"), "is a witness's key (0x04, Ed25519 cosignature)"),
            (format!("{own}\n{OTHER}\n"), "keys of two logs"),
            (format!("{own}\nsecond line\n"), "line 2: not of the form"),
            (format!("PRIVATE+KEY+{own}\n"), "line 1: this is a private key"),
            ("# nothing\n".to_owned(), "there is no verifier key in it"),
            ("#".repeat(70_000), "more than 65536 bytes"),
        ];
        for (content, why) in cases {
            std::fs::write(&file, &content).unwrap();
            let refused = format!("{:#}", add(data.path(), &[text]).unwrap_err());
            assert!(refused.contains(why), "{refused}");
        }
        let typed = format!("{:#}", add(data.path(), &[&cosigner]).unwrap_err());
        assert!(typed.contains("no log signs with one"), "{typed}");
        let (registry, _) = Registry::load(&Settings::load(data.path()).unwrap()).unwrap();
        assert_eq!(registry.count(), 0);
    }

    #[test]
    fn keys_are_typed_or_read_and_lists_are_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, format!("{OTHER}\n")).unwrap();
        let text = path.to_str().unwrap();
        assert_eq!(keys_of(text).unwrap(), keys_of(OTHER).unwrap());
        assert!(keys_of("no-such-file").is_err());
        assert_eq!(list_file(text), None);
        std::fs::write(&path, "# a list\nlogs/v0\n").unwrap();
        assert_eq!(list_file(text), Some(path.clone()));
    }
}
