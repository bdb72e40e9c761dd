//! Which store of full tiles a shared log uses: one for all its servers.
//!
//! ```text
//! log-place, a file beside the tiles
//! fiducial/log-place/v1
//! factory.example/evidence
//! 5f0c2a9f6d1e4b7c8a3b2c1d0e9f8a7b
//! ```
//!
//! The database names the store and a number; the file in the store has the same number. So a server is
//! refused that was told another bucket, another server's bucket of the same name, or a folder that is
//! not mounted: it would take tiles for missing that are somewhere else, or trim what others cannot read.
//!
//! Danger: stores know no conditional writes. Whoever settles the place holds a lock of the database.

use std::io;

use spec::checkpoint::Origin;

use super::database::Database;
use super::rows;
use super::session::{Session, Trouble};
use crate::answer::Fatal;
use crate::id::Id;
use crate::objects::Objects;

/// The file's name in the store.
pub const SIGN: &str = "log-place";

/// Its first line.
const HEADER: &str = "fiducial/log-place/v1";

/// The most bytes of it that are read as one.
const MAX_SIGN_SIZE: usize = 4096;

/// Held by the session: released at its end, and not subject to the limits of a transaction.
const LOCK: &str = "SELECT pg_advisory_lock(4660046610375530310)";

/// What stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sign {
    origin: Origin,
    id: Id,
}

impl Sign {
    fn format(&self) -> String {
        format!("{HEADER}\n{}\n{}\n", self.origin, self.id)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_SIGN_SIZE {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let mut lines = text.lines().skip(1);
        let origin = Origin::parse(lines.next()?).ok()?;
        let sign = Self { origin, id: Id::parse(lines.next()?)? };
        (sign.format() == text).then_some(sign)
    }
}

/// The store that the database names.
struct Place {
    store: String,
    id: Id,
}

impl Place {
    fn read(session: &Session) -> Result<Option<Self>, Trouble> {
        let rows = session.query("SELECT store, id FROM log_place", &[])?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Self { store: rows::value(row, "store")?, id: rows::id(row, "id")? }))
    }

    /// Compares it with what a server was told, and with what is there.
    fn check(&self, origin: &Origin, objects: &dyn Objects) -> Result<(), Fatal> {
        let store = objects.store_name();
        if self.store != store {
            return Err(Fatal::new(format!(
                "The servers of this log keep its full tiles in {}, as its database says, and this one was \
                 told {store}. Name the same on every server. See docs/postgres.md on moving tiles.",
                self.store
            )));
        }
        match read_sign(origin, objects)? {
            Some(sign) if sign.id == self.id => Ok(()),
            other => Err(Fatal::new(format!(
                "The full tiles are not the ones that the other servers of this log use: in {store}, as it is \
                 reached from here, the file {SIGN} {}. Is the folder mounted, and the endpoint the right \
                 one? Nothing is read or written there.",
                if other.is_some() { "has another number" } else { "is missing" }
            ))),
        }
    }
}

/// The sign in a store. Fatal if it is another log's, or cannot be read.
fn read_sign(origin: &Origin, objects: &dyn Objects) -> Result<Option<Sign>, Fatal> {
    let store = objects.store_name();
    let Some(bytes) = objects.read_beside(SIGN).map_err(|error| unusable(&store, &error))? else {
        return Ok(None);
    };
    let sign = Sign::parse(&bytes).ok_or_else(|| {
        Fatal::new(format!(
            "{store} holds a file {SIGN} that is not as this program writes it. Restore it, or remove it if \
             no tiles of another log are there."
        ))
    })?;
    if sign.origin != *origin {
        return Err(Fatal::new(format!(
            "{store} holds the full tiles of the log {}, and this is {origin}. Each log needs a bucket, a \
             prefix or a folder of its own.",
            sign.origin
        )));
    }
    Ok(Some(sign))
}

fn unusable(store: &str, error: &io::Error) -> Fatal {
    Fatal::new(format!("The file {SIGN} in {store} cannot be used: {error}."))
}

/// Compares the store with the one that all servers use. `false` if none is settled yet.
pub fn check(database: &Database, origin: &Origin, objects: &dyn Objects) -> Result<bool, Trouble> {
    let Some(place) = Place::read(&database.connect_anyhow()?)? else { return Ok(false) };
    place.check(origin, objects)?;
    database.known().place = Some(place.id);
    Ok(true)
}

/// Makes the store the one of all servers, if none is settled yet; else compares it with that.
pub fn settle(database: &Database, origin: &Origin, objects: &dyn Objects) -> Result<(), Trouble> {
    settle_beside(database, origin, objects, None)
}

/// The number of the store that a database names, if one is settled.
pub fn number(database: &Database) -> Result<Option<Id>, Trouble> {
    Ok(Place::read(&database.connect_anyhow()?)?.map(|place| place.id))
}

/// The same as [`settle`], for a database that a log moves into from one whose store has the number `beside`. Where
/// both have one store, it keeps its number: the old servers may go on until the log leaves, and after it stays.
pub fn settle_beside(
    database: &Database,
    origin: &Origin,
    objects: &dyn Objects,
    beside: Option<Id>,
) -> Result<(), Trouble> {
    let session = database.connect_anyhow()?;
    session.batch(LOCK)?;
    if let Some(place) = Place::read(&session)? {
        place.check(origin, objects)?;
        database.known().place = Some(place.id);
        return Ok(());
    }
    let store = objects.store_name();
    // One of an earlier home of this log may be there; another log's is refused.
    let id = match read_sign(origin, objects)? {
        Some(sign) if Some(sign.id) == beside => sign.id,
        _ => {
            let sign = Sign { origin: origin.clone(), id: Id::draw()? };
            let written = objects.write_beside(SIGN, sign.format().into());
            written.map_err(|error| unusable(&store, &error))?;
            sign.id
        }
    };
    let order = "INSERT INTO log_place (store, id) VALUES ($1, $2)";
    session.execute(order, &[&store, &id.as_slice()])?;
    database.known().place = Some(id);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_has_one_form() {
        let origin = Origin::parse("factory.example/evidence").unwrap();
        let sign = Sign { origin, id: Id::from_bytes([0x5f; 16]) };
        let text = sign.format();
        assert_eq!(Sign::parse(text.as_bytes()), Some(sign));
        for wrong in [
            "",
            "fiducial/log-place/v2\nfactory.example/evidence\n5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f\n",
            &text.to_uppercase(),
            text.trim_end(),
            &format!("{text}\n"),
            &text.replace("5f\n", "\n"),
        ] {
            assert_eq!(Sign::parse(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
