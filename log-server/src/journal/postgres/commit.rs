//! A batch as the database takes it: entries, leaf hashes, and for each source the link from its last
//! statement to those of the batch.

use std::collections::HashMap;

use bytes::Bytes;
use spec::Hash;
use spec::evidence::statement::Statement;
use spec::frontier::{Frontier, Growth};
use spec::hash::leaf_hashes;
use tokio_postgres::Row;

use super::rows::{self, signed};
use super::session::{Session, Trouble};
use crate::admission::Admission;
use crate::answer::Fatal;
use crate::id::Id;

const APPEND: &str = "SELECT done, now_size, now_root, now_fence, now_stopped FROM \
     log_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// A batch, computed and not sent yet.
pub(super) struct Commit<'a> {
    /// How it is found again if the answer is lost.
    pub(super) id: Id,
    pub(super) growth: Growth,
    entries: &'a [Bytes],
    leaves: Vec<Hash>,
    links: Links,
}

/// One place for each source of the batch, in the order of their first statements.
#[derive(Default)]
struct Links {
    sources: Vec<String>,
    firsts: Vec<i64>,
    befores: Vec<Hash>,
    lasts: Vec<i64>,
    leaves: Vec<Hash>,
    afters: Vec<i64>,
}

/// What the database says of a commit.
pub(super) enum Told {
    /// It has another head; nothing happened.
    Conflict {
        size: u64,
    },
    Done,
}

impl<'a> Commit<'a> {
    /// Computes what the batch makes of the tree and of its sources' chains.
    pub(super) fn new(
        frontier: &Frontier,
        entries: &'a [Bytes],
        admission: Admission,
    ) -> Result<Self, Fatal> {
        // Admission has hashed them before. What the database keeps for ever as leaves and root is of the very bytes
        // that it is sent, whatever became of those in memory since.
        let leaves: Vec<Hash> = leaf_hashes(entries);
        let links = match admission {
            Admission::Any => Links::default(),
            Admission::Statements => Links::of(entries, &leaves)?,
        };
        let id = Id::draw()?;
        Ok(Self { id, growth: frontier.grow(&leaves), entries, leaves, links })
    }

    /// Asks the database to take it behind `frontier`. If this server `holds` the head, the transaction in
    /// which it does ends with it, also where nothing is taken.
    pub(super) fn send(
        &self,
        session: &Session,
        frontier: &Frontier,
        fence: i64,
        holds: bool,
    ) -> Result<Told, Trouble> {
        let (before, after) = (frontier.tree(), self.growth.tree());
        let entries = rows::packed(self.entries);
        let links = &self.links;
        let row = session.query_one_then(
            APPEND,
            &[
                &signed(before.size()),
                &before.root().as_bytes().as_slice(),
                &fence,
                &self.id.as_slice(),
                &after.root().as_bytes().as_slice(),
                &entries,
                &octets(&self.leaves),
                &links.sources,
                &links.firsts,
                &octets(&links.befores),
                &links.lasts,
                &octets(&links.leaves),
                &links.afters,
            ],
            holds.then_some("COMMIT"),
        )?;
        self.told(&row)
    }

    fn told(&self, row: &Row) -> Result<Told, Trouble> {
        if rows::value::<bool>(row, "done")? {
            return Ok(Told::Done);
        }
        if let Some(why) = rows::value::<Option<String>>(row, "now_stopped")? {
            return Err(rows::stopped(&why));
        }
        Ok(Told::Conflict { size: rows::number(row, "now_size")? })
    }
}

fn octets(hashes: &[Hash]) -> Vec<&[u8]> {
    hashes.iter().map(|hash| hash.as_bytes().as_slice()).collect()
}

impl Links {
    fn of(entries: &[Bytes], leaves: &[Hash]) -> Result<Self, Fatal> {
        let mut links = Self::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (entry, leaf) in entries.iter().zip(leaves) {
            let statement = Statement::parse(entry).map_err(|error| {
                Fatal::new(format!(
                    "An entry that is no statement was about to be stored ({error}), which is a bug \
                     of this program."
                ))
            })?;
            let (sequence, after) = (statement.sequence(), statement.after().tree().size());
            let (sequence, after) = (signed(sequence), signed(after));
            let source = statement.source().to_string();
            match places.get(&source) {
                Some(at) => {
                    (links.lasts[*at], links.leaves[*at], links.afters[*at]) =
                        (sequence, *leaf, after);
                }
                None => {
                    places.insert(source.clone(), links.sources.len());
                    links.sources.push(source);
                    links.firsts.push(sequence);
                    links.befores.push(statement.previous());
                    links.lasts.push(sequence);
                    links.leaves.push(*leaf);
                    links.afters.push(after);
                }
            }
        }
        Ok(links)
    }
}
