//! What a caller lets the agent do with his files: what his own command names, and nothing else.
//!
//! Danger: the agent may be another user than the caller, who may be root. Without this, whoever is
//! the agent's user could have root write any file.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::wire::{Act, What};
use crate::cli::args::{Command, SourceCommand};
use crate::durable::Replaces;

/// The paths of one command.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// Files that may be read.
    read: Vec<PathBuf>,
    /// Files that may be written where nothing stands.
    write: Vec<PathBuf>,
    /// Files that may be written in the place of older ones.
    show: Vec<PathBuf>,
    /// Folders in which all may be done.
    folders: Vec<PathBuf>,
    /// A folder that the command makes: all may be done in it, once it was not there before.
    fresh: Option<PathBuf>,
    /// A folder that may be there already, into which papers are written, and nothing else.
    papers: Option<PathBuf>,
    /// How the names of these papers end.
    endings: &'static [&'static str],
}

/// How the names of records' papers end, and of statements that are handed out.
const PAPERS: &[&str] = &[".disclosure.json", ".evidence", ".tlog-proof"];
const STATEMENTS: &[&str] = &[".checkpoint", ".statement", ".tlog-proof"];

impl Grants {
    /// What a command names.
    pub(super) fn of(command: &Command) -> Self {
        let mut grants = Self::default();
        match command {
            Command::Backup { to, .. } => grants.folders.push(to.clone()),
            Command::Challenge { challenge, note, out, .. } => {
                grants.read.extend([challenge.clone(), note.clone()]);
                grants.fresh = Some(out.clone());
            }
            Command::Disclose { what, .. } => {
                grants.read.extend(what.units.clone());
                grants.fresh.clone_from(&what.out);
                grants.write.extend(what.bundle.clone());
            }
            Command::Expire { rules, .. } => grants.read.push(rules.clone()),
            Command::LotKey { from, out, units, .. } => {
                grants.read.extend([from, units].into_iter().flatten().cloned());
                grants.write.push(out.clone());
            }
            Command::Papers { which, out, .. } => {
                grants.read.extend(which.file.clone());
                (grants.papers, grants.endings) = (Some(out.clone()), PAPERS);
            }
            Command::Pins { what, .. } => grants.read.extend(what.config.clone()),
            Command::Root { png, .. } => grants.show.extend(png.clone()),
            Command::Statements { out, .. } => {
                (grants.papers, grants.endings) = (Some(out.clone()), STATEMENTS);
            }
            Command::Source(
                SourceCommand::Request { out, .. } | SourceCommand::Rotate { out, .. },
            ) => grants.write.extend(out.clone()),
            _ => {}
        }
        grants
    }

    /// Whether this may be done, when the command has made these folders.
    pub(super) fn allow(&self, act: &Act, made: &BTreeSet<PathBuf>) -> bool {
        // Below what was opened everything goes by the number of an open file, or is the one file that
        // is being written.
        let by_number = matches!(
            act.what,
            What::Close { .. }
                | What::DropParts
                | What::Len { .. }
                | What::ReadAt { .. }
                | What::SetLen { .. }
                | What::Sync { .. }
                | What::WriteAt { .. }
        );
        if by_number {
            return true;
        }
        let names = match &act.what {
            What::Rename { to } => is_plain(to) && is_plain(&act.name),
            _ => is_plain(&act.name),
        };
        let fresh = self.fresh.iter().filter(|folder| made.contains(*folder));
        let in_folder = self.folders.iter().chain(fresh).any(|folder| below(folder, &act.root));
        match act.what {
            _ if !names => false,
            _ if in_folder => true,
            What::NewFolder => act.name.is_empty() && self.fresh.as_ref() == Some(&act.root),
            What::MakeFolders => act.name.is_empty() && self.papers.as_ref() == Some(&act.root),
            What::Read { .. } | What::Sha256 => {
                act.name.is_empty() && self.read.contains(&act.root)
            }
            // Danger: what a person has is evidence. An agent must not replace it, even where it may write.
            What::Part { replaces, .. } | What::WriteWhole { replaces, .. } => {
                let is_named = match replaces {
                    Replaces::Anything => false,
                    Replaces::File => self.show.contains(&act.root),
                    Replaces::Nothing => self.write.contains(&act.root) || self.is_paper(&act.root),
                };
                act.name.is_empty() && is_named
            }
            _ => false,
        }
    }

    fn is_paper(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(OsStr::to_str);
        let named = name.is_some_and(|name| self.endings.iter().any(|end| name.ends_with(end)));
        named && self.papers.is_some() && path.parent() == self.papers.as_deref()
    }
}

/// Whether a path is a folder or leads down from it, by names alone.
fn below(folder: &Path, path: &Path) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_ok_and(|rest| rest.components().all(|part| matches!(part, Component::Normal(_))))
}

/// Whether a name leads nowhere but down.
fn is_plain(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::VaultArgs;

    fn act(root: &str, name: &str, what: What) -> Act {
        Act { root: root.into(), name: name.into(), what }
    }

    #[test]
    fn a_caller_lets_nothing_be_done_but_what_he_named() {
        let vault = VaultArgs { vault: "vault".into(), passphrase_file: None };
        let backup = Grants::of(&Command::Backup { vault: vault.clone(), to: "/b/copy".into() });
        let whole = || What::WriteWhole { private: true, replaces: Replaces::Anything };
        let none = BTreeSet::new();
        for (root, name, fine) in [
            ("/b/copy", "vault.redb", true),
            ("/b/copy", "evidence/00000001.pack", true),
            ("/b/copy/evidence", "", true),
            ("/b/copy", "", true),
            ("/b", "copy/x", false),
            ("/b/copy", "../x", false),
            ("/b/copy/..", "x", false),
            ("/b/copy", "/etc/passwd", false),
            ("/b/copy2", "x", false),
            ("/etc", "passwd", false),
        ] {
            assert_eq!(backup.allow(&act(root, name, whole()), &none), fine, "{root} {name}");
        }
        let rename = act("/b/copy", "vault.redb", What::Rename { to: "../../x".into() });
        assert!(!backup.allow(&rename, &none));

        let rules = "/r.toml".into();
        let expire = Grants::of(&Command::Expire { vault, rules, dry_run: true });
        assert!(expire.allow(&act("/r.toml", "", What::Read { limit: 1 }), &none));
        assert!(!expire.allow(&act("/r.toml", "", whole()), &none));
        assert!(!expire.allow(&act("/r.toml", "", What::Open { create: true }), &none));
        assert!(!expire.allow(&act("/etc/shadow", "", What::Read { limit: 1 }), &none));
    }

    #[test]
    fn papers_are_written_by_their_names_and_nothing_else_is_done_beside_them() {
        let grants =
            Grants { papers: Some("/srv/me".into()), endings: PAPERS, ..Grants::default() };
        let none = BTreeSet::new();
        let whole = || What::WriteWhole { private: true, replaces: Replaces::Nothing };
        for (root, name, fine) in [
            ("/srv/me/aoi-7-1.tlog-proof", "", true),
            ("/srv/me/aoi-7-1.disclosure.json", "", true),
            ("/srv/me/aoi-7-1.evidence", "", true),
            ("/srv/me/.bashrc", "", false),
            ("/srv/me", ".bashrc", false),
            ("/srv/me", "x.evidence", false),
            ("/srv/me/.ssh/x.evidence", "", false),
            ("/srv/me/../you/x.evidence", "", false),
            ("/srv/me/x.evidence/..", "", false),
        ] {
            assert_eq!(grants.allow(&act(root, name, whole()), &none), fine, "{root} {name}");
        }
        assert!(grants.allow(&act("/srv/me", "", What::MakeFolders), &none));
        for what in [What::NewFolder, What::DropFolder, What::List, What::Remove] {
            assert!(!grants.allow(&act("/srv/me", "", what), &none));
        }
        let read = act("/srv/me/x.evidence", "", What::Read { limit: 1 });
        assert!(!grants.allow(&read, &none));

        let vault = VaultArgs { vault: "vault".into(), passphrase_file: None };
        let out = PathBuf::from("/srv/me");
        let command = Command::Statements { vault, source: None, since_entry: 0, out };
        let grants = Grants::of(&command);
        for (name, fine) in [
            ("aoi-7-1.tlog-proof", true),
            ("aoi-7-2.531.statement", true),
            ("9-1f2e3d4c.checkpoint", true),
            ("x.evidence", false),
            ("x.disclosure.json", false),
            ("vault.redb", false),
        ] {
            let act = act(&format!("/srv/me/{name}"), "", whole());
            assert_eq!(grants.allow(&act, &none), fine, "{name}");
        }
    }

    #[test]
    fn a_folder_that_was_there_before_is_not_the_agents() {
        let grants = Grants { fresh: Some("/srv/me".into()), ..Grants::default() };
        let none = BTreeSet::new();
        let made = BTreeSet::from([PathBuf::from("/srv/me")]);
        let whole = || What::WriteWhole { private: true, replaces: Replaces::Anything };
        let write = act("/srv/me", ".bashrc", whole());
        assert!(!grants.allow(&write, &none) && grants.allow(&write, &made));
        assert!(grants.allow(&act("/srv/me", "", What::NewFolder), &none));
        assert!(!grants.allow(&act("/srv/me/.ssh", "", What::NewFolder), &none));
        assert!(!grants.allow(&act("/srv/me", ".ssh", What::NewFolder), &none));
        assert!(!grants.allow(&act("/srv/you", "x", whole()), &made));
    }

    #[test]
    fn what_a_person_has_is_replaced_only_where_it_is_a_picture_of_a_root() {
        let vault = VaultArgs { vault: "vault".into(), passphrase_file: None };
        let (none, file) = (BTreeSet::new(), PathBuf::from("/srv/me/file"));
        let root = Command::Root {
            vault: vault.clone(),
            source: None,
            qr: false,
            png: Some(file.clone()),
        };
        let request = SourceCommand::Request { name: "aoi".into(), vault, out: Some(file) };
        for (command, shows) in [(root, true), (Command::Source(request), false)] {
            let grants = Grants::of(&command);
            let allows = |replaces| {
                let write = act("/srv/me/file", "", What::WriteWhole { private: false, replaces });
                let part = act("/srv/me/file", "", What::Part { private: false, replaces });
                let both = [write, part].map(|act| grants.allow(&act, &none));
                assert_eq!(both[0], both[1]);
                both[0]
            };
            assert_eq!(allows(Replaces::File), shows);
            assert_eq!(allows(Replaces::Nothing), !shows);
            assert!(!allows(Replaces::Anything));
        }
    }
}
