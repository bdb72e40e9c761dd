//! A thread's connection: made when it is needed, forgotten when it breaks, made again with the next
//! question, and looked over each time (`guard`).

use std::cell::RefCell;
use std::sync::Arc;

use super::database::Database;
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
        let answer = question(&session);
        if !matches!(answer, Err(Trouble::Away(_))) {
            *slot = Some(session);
        }
        answer
    }
}
