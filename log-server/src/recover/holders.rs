//! Those who hold copies of the log: mirrors, exported trees, buckets, old copies of the data folder.
//!
//! One that is damaged in one place serves for the others, also where a dying disk cannot read a file of it; one
//! that is reached over a network and is away is not asked again.

use bytes::Bytes;
use spec::Hash;
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::tile::{TILE_WIDTH, Tile, TileKind, parse_hashes};
use spec::tree::Tree;

use super::RecoverError;
use super::known::Known;
use crate::copy::CopyError;
use crate::copy::store::Source;
use crate::copy::verified::Verified;
use crate::heads::{CHECKPOINT, SIGNED_HEAD};
use crate::number;
use crate::objects::is_away;

/// The most widths of a partial tile that one holder is asked for: a courtesy to servers.
const MAX_WIDTHS: usize = 16;

/// The most remarks on what is wrong with holders.
const MAX_REMARKS: usize = 50;

/// One of them.
struct Holder<'a> {
    source: &'a dyn Source,
    /// The heads that it has itself, largest first.
    heads: Vec<Tree>,
    /// Its tiles up to a signed head, if their right edge is sound.
    verified: Option<Verified<'a>>,
    /// The tree of all entries that its journal has, if it is a folder of the log itself.
    whole: Option<Tree>,
    is_away: bool,
}

/// All of them.
pub(super) struct Holders<'a> {
    all: Vec<Holder<'a>>,
    /// What is wrong with some, for people.
    pub(super) remarks: Vec<String>,
}

impl<'a> Holders<'a> {
    /// Reads the checkpoint of each, and of a folder of the log itself what it signed last.
    pub(super) fn ask(
        sources: &'a [Box<dyn Source>],
        known: &mut Known<'_>,
    ) -> Result<Self, RecoverError> {
        let mut holders = Self { all: Vec::new(), remarks: Vec::new() };
        for source in sources {
            let mut holder = Holder {
                source: &**source,
                heads: Vec::new(),
                verified: None,
                whole: source.whole_tree(),
                is_away: false,
            };
            let name = source.name();
            match source.file(CHECKPOINT, MAX_NOTE_SIZE) {
                Err(error) => {
                    holder.is_away = is_away(&error);
                    holders.remarks.push(format!("{name}: {CHECKPOINT}: {error}"));
                }
                Ok(None) => holders.remarks.push(format!("{name} has no checkpoint")),
                Ok(Some(note)) => holders.take_head(&mut holder, &note, CHECKPOINT, known)?,
            }
            match source.signed_head() {
                Err(error) => holders.remarks.push(format!("{name}: {SIGNED_HEAD}: {error}")),
                Ok(None) => {}
                Ok(Some(note)) => holders.take_head(&mut holder, &note, SIGNED_HEAD, known)?,
            }
            holder.heads.sort_by_key(|head| std::cmp::Reverse(head.size()));
            holders.all.push(holder);
        }
        Ok(holders)
    }

    /// Takes a head over, if it is one of this log.
    fn take_head(
        &mut self,
        holder: &mut Holder<'_>,
        note: &[u8],
        file: &str,
        known: &mut Known<'_>,
    ) -> Result<(), RecoverError> {
        let name = holder.source.name();
        let note = match Note::parse(note) {
            Ok(note) => note,
            Err(error) => {
                self.remarks.push(format!("{name}: its {file}: {error}"));
                return Ok(());
            }
        };
        match known.add(&note, &name) {
            Ok(tree) if holder.heads.contains(&tree) => {}
            Ok(tree) => holder.heads.push(tree),
            Err(error @ RecoverError::NotOurs { .. }) => self.remarks.push(error.to_string()),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Looks up to which signed tree each has tiles: to the newest, or to a head of its own.
    pub(super) fn measure(&mut self, target: Tree) {
        for holder in self.all.iter_mut().filter(|holder| !holder.is_away) {
            let older = holder.heads.iter().copied().filter(|head| *head != target);
            for tree in std::iter::once(target).chain(older) {
                match Verified::begin(holder.source, tree) {
                    Ok(verified) => {
                        holder.verified = Some(verified);
                        break;
                    }
                    Err(error) if holder.heads.contains(&tree) => {
                        self.remarks.push(error.to_string());
                    }
                    // That it has not grown so far is no news.
                    Err(_) => {}
                }
            }
        }
        self.all.sort_by_key(|holder| std::cmp::Reverse(holder.size()));
    }

    /// Notes who has more than the newest head that was found. A mirror copies only what it has seen signed, so
    /// there may be a newer checkpoint; a store of the log's own also has what was only acknowledged, and where its
    /// journal is there too, that is taken from it.
    pub(super) fn note_ahead(&mut self, target: Tree) {
        let behind = Tile::full(TileKind::Entries, target.size() / TILE_WIDTH);
        let behind = behind.expect("bundles have no level");
        let all = self.all.iter_mut();
        for holder in all.filter(|holder| !holder.is_away && !holder.counts(behind)) {
            if holder.read(behind, &mut self.remarks).is_some() {
                self.remarks.push(format!(
                    "{} has {behind}, which is not all below the newest head that was found, of {}: if it is a \
                     mirror, the log has signed a newer one. Ask for that before this one is gone on from",
                    holder.source.name(),
                    number::entries(target.size())
                ));
            }
        }
    }

    /// Those whose journals go on behind so many entries, with the trees of all that they have; the longest first.
    pub(super) fn going_on_behind(&self, size: u64) -> Vec<(&'a dyn Source, Tree)> {
        let present = self.all.iter().filter(|holder| !holder.is_away);
        let named = present.filter_map(|holder| Some((holder.source, holder.whole?)));
        let mut all: Vec<_> = named.filter(|(_, whole)| whole.size() > size).collect();
        all.sort_by_key(|(_, whole)| std::cmp::Reverse(whole.size()));
        all
    }

    /// The largest tree that one of them has tiles of.
    pub(super) fn size(&self) -> u64 {
        self.all.iter().map(Holder::size).max().unwrap_or(0)
    }

    /// The leaf hashes of full tiles, as a signed root has them; `None` where nobody has a tile sound.
    pub(super) fn tiles(&mut self, run: std::ops::Range<u64>) -> Vec<Option<Vec<Hash>>> {
        let mut found = vec![None; (run.end - run.start) as usize];
        for holder in self.all.iter_mut().filter(|holder| !holder.is_away) {
            let Some(verified) = &mut holder.verified else { continue };
            let end = run.end.min(verified.tree().size() / TILE_WIDTH);
            if found.iter().all(Option::is_none) && end == run.end {
                match verified.tiles(0, run.clone()) {
                    Ok(tiles) => return tiles.into_iter().map(Some).collect(),
                    Err(error) => note_fault(&mut self.remarks, &mut holder.is_away, &error),
                }
            }
            for index in run.start..end {
                let slot = &mut found[(index - run.start) as usize];
                if slot.is_none() && !holder.is_away {
                    match verified.tiles(0, index..index + 1) {
                        Ok(mut tiles) => *slot = tiles.pop(),
                        Err(error) => note_fault(&mut self.remarks, &mut holder.is_away, &error),
                    }
                }
            }
        }
        found
    }

    /// The leaf hashes behind the last full tile, as signed roots have them, with the index of the first.
    pub(super) fn edges(&self) -> impl Iterator<Item = (u64, &[Hash])> {
        self.all.iter().filter_map(|holder| {
            let verified = holder.verified.as_ref()?;
            let first = verified.tree().size() / TILE_WIDTH * TILE_WIDTH;
            Some((first, verified.edge().first()?.as_slice()))
        })
    }

    /// Reads full tiles or bundles that `due` still wants of each holder in turn.
    pub(super) fn read(
        &mut self,
        due: &mut dyn FnMut() -> Vec<Tile>,
        take: &mut dyn FnMut(Tile, &Bytes),
    ) {
        for holder in self.all.iter_mut().filter(|holder| !holder.is_away) {
            let wanted = due();
            if wanted.is_empty() {
                return;
            }
            let read = match holder.source.read_all(&wanted) {
                Ok(read) => read,
                Err(error) if is_away(&error) => {
                    holder.is_away = true;
                    note(&mut self.remarks, format!("{}: {error}", holder.source.name()));
                    continue;
                }
                Err(_) => wanted.iter().map(|one| holder.read(*one, &mut self.remarks)).collect(),
            };
            for (tile, bytes) in wanted.into_iter().zip(read) {
                if let Some(bytes) = bytes {
                    take(tile, &bytes);
                }
            }
        }
    }

    /// What each has of a tile or bundle that nobody vouches for: the full one, or else the widest. `widths` are
    /// those at which the log was signed; beside them count those of its own heads, and of all that a journal has.
    pub(super) fn unvouched(
        &mut self,
        kind: TileKind,
        index: u64,
        widths: &[u16],
    ) -> Vec<(Tile, Bytes)> {
        let mut found = Vec::new();
        for holder in self.all.iter_mut().filter(|holder| !holder.is_away) {
            let own = holder.heads.iter().chain(&holder.whole);
            let own = own.filter(|tree| tree.size() / TILE_WIDTH == index);
            let own = own.map(|tree| (tree.size() % TILE_WIDTH) as u16);
            let signed = widths.iter().rev().copied().take(MAX_WIDTHS);
            let mut all: Vec<u16> = own.chain(signed).chain([TILE_WIDTH as u16]).collect();
            all.sort_by_key(|width| std::cmp::Reverse(*width));
            all.dedup();
            let tiles: Vec<Tile> =
                all.into_iter().filter_map(|width| Tile::new(kind, index, width)).collect();
            let read = |tile| Some((tile, holder.read(tile, &mut self.remarks)?));
            found.extend(tiles.into_iter().find_map(read));
        }
        found
    }
}

impl Holder<'_> {
    /// Reads one file; `None` if it is not there, or cannot be read.
    fn read(&mut self, tile: Tile, remarks: &mut Vec<String>) -> Option<Bytes> {
        if self.is_away {
            return None;
        }
        match self.source.read_all(&[tile]) {
            Ok(mut read) => read.pop().flatten(),
            Err(error) => {
                self.is_away = is_away(&error);
                note(remarks, format!("{}: {tile}: {error}", self.source.name()));
                None
            }
        }
    }

    /// Whether its journal goes on up to the end of this bundle.
    fn counts(&self, bundle: Tile) -> bool {
        self.whole.is_some_and(|whole| bundle.is_within(whole.size()))
    }

    fn size(&self) -> u64 {
        self.verified.as_ref().map_or(0, |verified| verified.tree().size())
    }
}

/// Notes why tiles were not taken from a holder, and whether it is not to be asked again.
fn note_fault(remarks: &mut Vec<String>, holder_is_away: &mut bool, error: &CopyError) {
    *holder_is_away = matches!(error, CopyError::Io { error, .. } if is_away(error));
    note(remarks, error.to_string());
}

fn note(remarks: &mut Vec<String>, text: String) {
    if remarks.len() < MAX_REMARKS && !remarks.contains(&text) {
        remarks.push(text);
    }
}

/// The hashes of a tile that nobody vouches for, if it has the form of one.
pub(super) fn hashes_of(tile: Tile, bytes: &[u8]) -> Vec<Hash> {
    parse_hashes(tile, bytes).unwrap_or_default()
}
