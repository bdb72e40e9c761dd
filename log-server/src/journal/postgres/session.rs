//! One connection, asked by one thread at a time, which waits no longer than it was told to.
//!
//! The client is asynchronous and the engine's threads are not: each session brings a small runtime
//! that turns only while something is asked. Statements are prepared once, so that a question is one
//! message there and one back; where a lock is held, several are sent at once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Row, Statement};

use super::database::{APPLICATION, DatabaseLimits, words};
use super::tls::Tls;
use crate::answer::Fatal;

/// How much longer than the database's own limit this side waits: the network's part.
const MARGIN: Duration = Duration::from_secs(1);

/// How long a session may hold a lock and ask nothing. A server that is paused while it holds the head, or
/// while its session waits for it, holds up all others no longer than this. Less than the second that clients
/// give a server: else those of the others would leave servers that are well, and try the one that is paused.
const LONGEST_HOLD: Duration = Duration::from_millis(750);

/// Ends the sessions that hold something and wait for the rest of what is asked there.
///
/// A question is several messages, and the database's own limits look away between them:
/// `idle_in_transaction_session_timeout` runs only from an answer until the next message has come, and what
/// `statement_timeout` would end is not ended while a message is read. So a server that is paused when
/// all but the last fifteen bytes are sent (of more than its system takes at once) would hold the head
/// for as long as it is paused: its system answers for it, and no `tcp_user_timeout` sees anything. Of a
/// server that runs the rest comes with the beginning; the network's part is far below the limit.
const END_HALF_ASKED: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE datname = current_database() AND usename = current_user AND application_name = $1 \
     AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL \
     AND state = 'active' AND wait_event_type = 'Client' AND wait_event = 'ClientRead' \
     AND state_change + $2 * interval '1 millisecond' < clock_timestamp()";

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The database cannot be reached, or the connection broke: what was asked may have happened.
    #[error("the database cannot be reached: {0}")]
    Away(String),
    /// The log must stop.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The database refused; nothing happened.
    #[error("the database refused: {text}")]
    Refused {
        /// Its words.
        text: String,
        /// Its code, five letters.
        code: String,
    },
}

impl Trouble {
    fn of(error: &Error) -> Self {
        match error.as_db_error() {
            Some(said) if !ends_session(said) => Self::Refused {
                text: said.message().to_owned(),
                code: said.code().code().to_owned(),
            },
            // Whoever is cut off while waiting for a standby has committed all the same.
            Some(said) => Self::Away(said.message().to_owned()),
            None => Self::Away(words(error)),
        }
    }

    /// Whether the database refused because a row like it is there.
    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "23505")
    }
}

/// What the database is told of a session. A session whose server was cut off is ended soon, and with it
/// whatever it locked: over a network the database would wait for hours for the rest of a question.
fn settings(limits: &DatabaseLimits) -> String {
    let silence = limits.silence_time;
    format!(
        "SET statement_timeout = {0}; SET lock_timeout = {0}; \
         SET idle_in_transaction_session_timeout = {1}; \
         SET tcp_user_timeout = {2}; SET tcp_keepalives_idle = {3}; \
         SET tcp_keepalives_interval = {3}; \
         SET default_transaction_isolation = 'read committed'; \
         SET default_transaction_read_only = off; SET client_min_messages = warning",
        limits.statement_time.as_millis(),
        LONGEST_HOLD.as_millis(),
        silence.as_millis(),
        (silence / 2).as_secs().max(1)
    )
}

/// The only row of an answer that must have one.
fn one_row(rows: Vec<Row>) -> Result<Row, Trouble> {
    let count = rows.len();
    let row = rows.into_iter().next().filter(|_| count == 1);
    row.ok_or_else(|| {
        Fatal::new(format!(
            "The database holds {count} rows where the journal has one. It is no journal of this \
             program, or was changed by hand. Restore it, or see that nothing else writes to it."
        ))
        .into()
    })
}

fn ends_session(said: &DbError) -> bool {
    let severity = said.parsed_severity();
    matches!(severity, Some(Severity::Fatal | Severity::Panic))
        || said.code().code().starts_with("57P")
}

/// Connects. What ends a connection is told to whoever asks next.
async fn connect(config: &Config, tls: Option<&Tls>) -> Result<Client, Error> {
    let Some(tls) = tls else {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(async move { drop(connection.await) });
        return Ok(client);
    };
    let (client, connection) = config.connect(tls.clone()).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// See the module's text.
pub(super) struct Session {
    client: Client,
    statements: RefCell<HashMap<&'static str, Statement>>,
    patience: Duration,
    /// Dropped last: the connection lives in it.
    runtime: Runtime,
}

impl Session {
    /// Connects and sets the session's limits.
    pub(super) fn open(
        config: &Config,
        tls: Option<&Tls>,
        limits: &DatabaseLimits,
    ) -> Result<Self, Trouble> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Trouble::Away(error.to_string()))?;
        let connected =
            runtime.block_on(async { timeout(limits.connect_time, connect(config, tls)).await });
        let connected = match connected {
            Ok(connected) => connected.map_err(|error| words(&error)),
            Err(_) => Err("it did not answer in time".to_owned()),
        };
        let client = match connected {
            Ok(client) => client,
            Err(why) => {
                // Dropped, it would wait for the look-up of a name, which nothing bounds here.
                runtime.shutdown_background();
                return Err(Trouble::Away(why));
            }
        };
        let patience = limits.statement_time + MARGIN;
        let session = Self { client, statements: RefCell::default(), patience, runtime };
        session.batch(&settings(limits))?;
        Ok(session)
    }

    /// Asks for rows.
    pub(super) fn query(
        &self,
        question: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        self.run(async {
            let statement = self.prepared(question).await?;
            self.client.query(&statement, values).await
        })
    }

    /// Asks for exactly one row.
    pub(super) fn query_one(
        &self,
        question: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, Trouble> {
        self.query_one_then(question, values, None)
    }

    /// Asks for exactly one row and does something behind it, both sent at once: what is locked meanwhile is
    /// locked for one way there and back, not for two. An error of the question is the answer.
    pub(super) fn query_one_then(
        &self,
        question: &'static str,
        values: &[&(dyn ToSql + Sync)],
        order: Option<&str>,
    ) -> Result<Row, Trouble> {
        let rows = self.run(async {
            let statement = self.prepared(question).await?;
            let Some(order) = order else { return self.client.query(&statement, values).await };
            let (rows, done) = tokio::join!(
                biased;
                self.client.query(&statement, values),
                self.client.batch_execute(order),
            );
            let rows = rows?;
            done.map(|()| rows)
        });
        one_row(rows?)
    }

    /// Begins a transaction and asks for one row and then for others, all sent at once. The second question
    /// is asked of what is there when the first is answered, which may have waited for a lock.
    pub(super) fn begin_and_query(
        &self,
        first: &'static str,
        second: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<(Row, Vec<Row>), Trouble> {
        let answers = self.run(async {
            // What has to be prepared yet would be overtaken by what has not.
            let (first, second) = (self.prepared(first).await?, self.prepared(second).await?);
            // Each is sent when it is looked at for the first time, which is in this order.
            let (begun, row, rows) = tokio::join!(
                biased;
                self.client.batch_execute("BEGIN"),
                self.client.query(&first, &[]),
                self.client.query(&second, values),
            );
            begun?;
            Ok::<_, Error>((row?, rows?))
        });
        let (row, rows) = answers?;
        Ok((one_row(row)?, rows))
    }

    /// Changes rows; says how many.
    pub(super) fn execute(
        &self,
        order: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Trouble> {
        self.run(async {
            let statement = self.prepared(order).await?;
            self.client.execute(&statement, values).await
        })
    }

    /// Does several things without values.
    pub(super) fn batch(&self, orders: &str) -> Result<(), Trouble> {
        self.run(self.client.batch_execute(orders))
    }

    /// Ends what other servers hold that stand still with their question half asked; says how many sessions that
    /// were. What becomes of their commits they find out when they go on, as with any connection that broke.
    pub(super) fn end_half_asked(&self) -> Result<usize, Trouble> {
        let longest = LONGEST_HOLD.as_secs_f64() * 1000.0;
        self.query(END_HALF_ASKED, &[&APPLICATION, &longest]).map(|rows| rows.len())
    }

    async fn prepared(&self, text: &'static str) -> Result<Statement, Error> {
        let known = self.statements.borrow().get(text).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(text).await?;
        self.statements.borrow_mut().insert(text, statement.clone());
        Ok(statement)
    }

    fn run<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Trouble> {
        match self.runtime.block_on(async { timeout(self.patience, work).await }) {
            Ok(done) => done.map_err(|error| Trouble::of(&error)),
            Err(_) => Err(Trouble::Away("it did not answer in time".to_owned())),
        }
    }
}
