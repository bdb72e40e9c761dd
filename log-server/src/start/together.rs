//! Starting one of several servers that share a journal.
//!
//! The same questions as in a start of one, put to the database: does it hold this log, does it reach
//! what this server has seen, do its heads belong to what is stored. Nothing is locked but this server's
//! own folder: other servers go on meanwhile.

use std::sync::Arc;

use spec::tile::TILE_WIDTH;

use super::{
    OpenError, REBUILT, Started, bundle_beyond, check_base_and_heads, check_goes_on_from_mark,
    gatherer, lock, replay, share,
};
use crate::answer::Fatal;
use crate::disk::Disk;
use crate::follower::{Follow, Follower};
use crate::heads::{Heads, WriteError};
use crate::journal::mark::{self, Marked};
use crate::journal::postgres::{
    Database, Observer, PostgresHeads, PostgresJournal, Trouble, place, schema,
};
use crate::journal::{Journal, Loaded, News};
use crate::log::Options;
use crate::number;
use crate::objects::Objects;
use crate::publisher::Publisher;
use crate::sequencer::Sequencer;
use crate::settings::Settings;
use crate::stored::Stored;

/// How often the journal is read again while other servers seal what comes behind it.
const READS: usize = 10;

/// How often a start puts a question to the database before it gives up. The database ends the session of who
/// keeps it waiting within a transaction for most of a second, as a start does that gets no processor on a busy
/// machine; and nothing that it asks before it serves does any harm twice.
const ASKS: usize = 3;

/// The journal is trimmed at least this often: before each head it is read back, over a network.
const TRIM_BYTES: u64 = 256 * 1024;

/// Opens a server of the log in `database`, with full tiles in `objects`.
pub(crate) fn start_together(
    mut options: Options,
    disk: Arc<dyn Disk>,
    database: Arc<Database>,
    objects: Box<dyn Objects>,
) -> Result<Started, OpenError> {
    let folder = options.data.clone();
    options.limits.trim_bytes = options.limits.trim_bytes.min(TRIM_BYTES);
    let settings = Settings::load(disk.as_ref(), &folder)?;
    let lock = lock(&folder)?;
    asked(|| schema::migrate(&database))?;
    check_settings(&settings, asked(|| schema::settings(&database))?)?;
    database.expect(&settings.origin);

    let record = PostgresHeads::new(database.clone())?;
    let in_office = record.in_office();
    let heads = Heads { record: Box::new(record) };
    let read = || -> Result<_, OpenError> {
        let both = heads.load(&settings.origin, &options.keys).map_err(WriteError::into_fatal)?;
        let open = || PostgresJournal::open(database.clone(), settings.admission);
        Ok((both, asked(open)?))
    };
    let mut found = read()?;
    if found.0.0.is_none() && found.1.1.size() > 0 {
        // Another server may have begun the log between the two.
        found = read()?;
    }
    let ((signed, published), (mut journal, loaded)) = found;
    let marked = mark::read(disk.as_ref(), &folder);
    check_reaches_mark(&loaded, marked)?;
    if signed.is_none() && loaded.size() > 0 {
        return Err(Fatal::new(format!(
            "The database holds {} and no signed head, which is signed before the first entry is \
             taken. It was changed by hand, or restored in part. Nothing is signed.",
            number::entries(loaded.size())
        ))
        .into());
    }
    let is_settled = asked(|| place::check(&database, &settings.origin, objects.as_ref()))?;
    let loaded = wait_for_entries(&mut journal, loaded, objects.as_ref())?;
    let stored = Stored::of(loaded.clone());
    check_base_and_heads(&stored, objects.as_ref(), [&signed, &published])?;
    check_goes_on_from_mark(&stored, objects.as_ref(), marked, other_history)?;
    if !is_settled {
        // Only a store that has what the journal stands on becomes the one of all servers.
        place::settle(&database, &settings.origin, objects.as_ref()).map_err(fatal)?;
    }

    let (tail, chains) = replay(&loaded, settings.admission)?;
    let follow = Arc::new(Follow::default());
    let mut shared =
        share(options, disk, settings, objects, tail, &signed, published, Some(follow.clone()));
    shared.in_office = in_office;
    if let Some(witnessing) = &shared.witnessing {
        witnessing.follow(database.clone());
    }
    let shared = Arc::new(shared);
    let journal: Box<dyn Journal> = Box::new(journal);
    let sequencer = Sequencer::new(shared.clone(), journal, chains, loaded.base);
    let (offers, gatherer) = gatherer(&shared);
    let publisher = Publisher::new(shared.clone(), heads, signed, offers);
    let follower = Some(Follower::new(shared.clone(), follow, Observer::new(database)));
    Ok(Started { shared, sequencer, publisher, gatherer, follower, lock })
}

fn check_settings(own: &Settings, found: Option<Settings>) -> Result<(), Fatal> {
    match found {
        Some(found) if found == *own => Ok(()),
        Some(found) => Err(Fatal::new(format!(
            "The database holds the journal of the log {} (admission {}), and the data folder is of {} \
             (admission {}). Check the journal's address.",
            found.origin, found.admission, own.origin, own.admission
        ))),
        None => Err(Fatal::new(
            "The database holds no log. A log is made in it with `fiducial-log init --journal ADDRESS`; \
             a database that held one is empty now, and must be restored.",
        )),
    }
}

/// Entries that this server has seen are in the database for ever.
fn check_reaches_mark(loaded: &Loaded, marked: Option<Marked>) -> Result<(), Fatal> {
    match marked {
        Some(Marked { size, .. }) if loaded.size() < size => Err(Fatal::new(format!(
            "The database holds {}, but this server has seen {size} in it, and those behind may \
             have been acknowledged. It is an older copy, or a standby that was promoted without the \
             last commits. Nothing is signed. Bring back the database that has them; see \
             docs/postgres.md.",
            number::entries(loaded.size())
        ))),
        _ => Ok(()),
    }
}

/// Not the entries that this server has seen: while it was away, the database may have gone back, and on by the hands
/// of servers that had seen less.
fn other_history(size: u64) -> Fatal {
    Fatal::new(format!(
        "The database holds another history than this server has seen in it: the root of its first {} is \
         another one. It went back and went on without entries that were acknowledged, or was changed by \
         hand. Nothing is accepted or signed here. Stop the other servers, and bring back the database that \
         has them; see docs/postgres.md.",
        number::entries(size)
    ))
}

/// Reads on while other servers seal bundles beyond what was read. Fatal where a bundle is stored of
/// entries that the database does not have: it went back.
fn wait_for_entries(
    journal: &mut PostgresJournal,
    mut loaded: Loaded,
    objects: &dyn Objects,
) -> Result<Loaded, Fatal> {
    for _ in 0..READS {
        let size = loaded.size();
        let Some(beyond) = bundle_beyond(size, objects)? else { return Ok(loaded) };
        match journal.news(false) {
            Ok(News::Entries(entries)) => loaded.entries.extend(entries),
            Ok(News::Anew(anew)) => loaded = anew,
            Ok(News::None) => {}
            Err(error) => return Err(Fatal::new(error.to_string())),
        }
        if loaded.size() / TILE_WIDTH == size / TILE_WIDTH {
            return Err(Fatal::new(format!(
                "The bundle {beyond} is stored, but the database holds {}: it is older than the full tiles. \
                 It is an older copy, or a standby that was promoted without the last commits. Nothing \
                 is signed. Bring back the database that has them; see docs/postgres.md. {REBUILT}",
                number::entries(size)
            )));
        }
    }
    Ok(loaded)
}

/// What the database answers, asked again on a new connection where one broke.
fn asked<T>(mut ask: impl FnMut() -> Result<T, Trouble>) -> Result<T, Fatal> {
    for _ in 1..ASKS {
        match ask() {
            Err(Trouble::Away(why)) => tracing::warn!(%why, "the database is asked again"),
            other => return other.map_err(fatal),
        }
    }
    ask().map_err(fatal)
}

fn fatal(trouble: Trouble) -> Fatal {
    match trouble {
        Trouble::Fatal(fatal) => fatal,
        other => Fatal::new(format!("{other}. The log starts when it is back.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks where each question in turn meets what `troubles` has; afterwards it is answered.
    fn asked_with(troubles: &[Trouble]) -> (Result<usize, Fatal>, usize) {
        let mut asks = 0;
        let answer = asked(|| {
            asks += 1;
            troubles.get(asks - 1).map_or(Ok(asks), |trouble| Err(trouble.clone()))
        });
        (answer, asks)
    }

    fn away() -> Trouble {
        Trouble::Away("terminating connection due to idle-in-transaction timeout".to_owned())
    }

    #[test]
    fn a_session_that_was_ended_is_begun_anew_but_not_for_ever() {
        assert_eq!(asked_with(&[]), (Ok(1), 1));
        assert_eq!(asked_with(&[away(), away()]), (Ok(3), 3));
        let (answer, asks) = asked_with(&[away(), away(), away()]);
        let said = answer.unwrap_err().to_string();
        assert!(said.contains("idle-in-transaction") && said.contains("starts when it is back"));
        assert_eq!(asks, ASKS);
    }

    #[test]
    fn what_the_database_refuses_or_what_must_stop_the_log_is_not_asked_again() {
        let refused = Trouble::Refused { text: "no".to_owned(), code: "42501".to_owned() };
        for trouble in [refused, Trouble::Fatal(Fatal::new("another log"))] {
            let (answer, asks) = asked_with(&[trouble]);
            assert!(answer.is_err());
            assert_eq!(asks, 1);
        }
    }
}
