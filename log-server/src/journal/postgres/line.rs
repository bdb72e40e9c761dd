//! A thread's connection: made when it is needed, forgotten when it breaks, made again with the next
//! question, and looked over each time (`guard`).
//!
//! A refusal may mean that a newer program has changed the tables meanwhile, which is then said instead.

use std::cell::RefCell;
use std::sync::Arc;

use super::database::Database;
use super::schema;
use super::session::{Session, Trouble};

/// See the module's text.
pub(super) struct Line {
    pub(super) database: Arc<Database>,
    session: RefCell<Option<Session>>,
}

impl Line {
    /// Connects with the first question.
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database, session: RefCell::new(None) }
    }

    /// Asks on the connection that is there, or on a new one.
    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&Session) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut slot = self.session.borrow_mut();
        let session = match slot.take() {
            Some(session) => session,
            None => self.database.connect()?,
        };
        let answer = question(&session).map_err(|trouble| match trouble {
            Trouble::Refused { .. } => match schema::check_version(&session) {
                Err(newer @ Trouble::Fatal(_)) => newer,
                // Where it cannot be told now (within a transaction that has failed), a later look tells it.
                _ => trouble,
            },
            other => other,
        });
        if !matches!(answer, Err(Trouble::Away(_))) {
            *slot = Some(session);
        }
        answer
    }
}
