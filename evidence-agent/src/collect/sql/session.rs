//! A session at a PostgreSQL database that cannot write, and the pages that it reads.
//!
//! Pages are found by place, not by number: each begins behind the last row set of the one before,
//! so rows that come and go between two pages move nothing.

use std::str::FromStr;

use postgres::{Client, Config, NoTls, SimpleQueryMessage, Transaction};

use super::SqlConfig;
use super::rows::{Row, RowSet};
use crate::collect::Span;
use crate::durable::read_bounded;

/// How long the database may take to answer a new connection, and a dead network to be noticed.
const PATIENCE: Span = Span::seconds(15);

/// The longest password, in bytes.
const MAX_PASSWORD: usize = 4096;

/// A session that is open.
pub(super) struct Session {
    client: Client,
    /// The query in parentheses, and the name that its rows go by.
    table: String,
    columns: Vec<String>,
    /// Which columns are the order, and which the key; the place is both.
    order: Vec<usize>,
    key: Vec<usize>,
    complete: String,
    recent: String,
    rows: u32,
}

/// One page of a pass.
pub(super) struct Page {
    /// Whole row sets, in the order of the pass.
    pub(super) sets: Vec<RowSet>,
    /// Whether nothing is behind it.
    pub(super) is_last: bool,
    /// What was read of a row set that has more rows than a page: it is passed over.
    pub(super) too_large: Option<RowSet>,
}

impl Session {
    /// Says what is wrong with a configuration, without asking the database.
    pub(super) fn check(config: &SqlConfig) -> Result<(), String> {
        let parsed = Config::from_str(&config.connection);
        parsed.map(drop).map_err(|error| format!("`connection`: {error}"))
    }

    /// Connects, makes the session read-only, and has the database check the query.
    pub(super) fn open(config: &SqlConfig) -> Result<Self, String> {
        let mut target = Config::from_str(&config.connection).map_err(text)?;
        if let Some(path) = &config.password_file {
            let password = read_bounded(path, MAX_PASSWORD);
            let password = password.map_err(|error| format!("{}: {error}", path.display()))?;
            target.password(password.trim_ascii_end());
        }
        let mut client = target
            .application_name("fiducial-agent")
            .connect_timeout(PATIENCE.duration())
            .tcp_user_timeout(PATIENCE.duration() + config.timeout.duration())
            .keepalives_idle(PATIENCE.duration())
            .connect(NoTls)
            .map_err(text)?;
        let limit = config.timeout.millis();
        client.batch_execute(&settings(limit)).map_err(text)?;

        let query = config.query.trim().trim_end_matches(';');
        // The line break ends a comment that the query may end in.
        let table = format!("({query}\n) AS watched");
        let columns = columns(&mut client, &table)?;
        let place = |name: &String| {
            let found = columns.iter().position(|column| column == name);
            found.ok_or_else(|| format!("the query has no column {name:?}"))
        };
        let order = config.order.iter().map(place).collect::<Result<_, _>>()?;
        let key = config.key.iter().map(place).collect::<Result<_, _>>()?;
        let condition = |text: &Option<String>| match text {
            Some(text) => format!("({text}\n)"),
            None => "true".to_string(),
        };
        let (complete, recent) = (condition(&config.complete), condition(&config.recent));
        let rows = config.rows;
        Ok(Self { client, table, columns, order, key, complete, recent, rows })
    }

    /// How many rows are not complete, and how many have no key.
    pub(super) fn count(&mut self, is_full: bool) -> Result<(u64, u64), String> {
        let (table, complete, place) = (&self.table, &self.complete, self.place());
        let recent = if is_full { "true" } else { &self.recent };
        let question = format!(
            "SELECT count(*) FILTER (WHERE {complete} IS NOT TRUE), \
             count(*) FILTER (WHERE {complete} AND NOT ({place} IS NOT NULL)) \
             FROM {table} WHERE {recent}"
        );
        let rows = ask(&mut self.client, &question)?;
        let number = |at: usize| {
            let text = rows.first().and_then(|row| row.get(at)).and_then(Option::as_deref);
            text.and_then(|text| text.parse().ok()).ok_or("it cannot count".to_string())
        };
        Ok((number(0)?, number(1)?))
    }

    /// The complete row sets behind a place, as many as a page of rows holds.
    pub(super) fn page(&mut self, is_full: bool, after: Option<&[String]>) -> Result<Page, String> {
        let question = self.question(is_full, after);
        let rows = ask(&mut self.client, &question)?;
        // One row more than a page was asked for: if it came, there is something behind.
        let is_last = rows.len() <= self.rows as usize;
        let mut sets: Vec<(Vec<String>, Vec<Row>)> = Vec::new();
        for row in rows {
            let place = self.values(self.order.iter().chain(&self.key), &row)?;
            match sets.last_mut() {
                Some((last, rows)) if *last == place => rows.push(row),
                _ => sets.push((place, vec![row])),
            }
        }
        // The last row set may go on behind this page: it is read whole with the next one.
        let cut = if is_last { None } else { sets.pop() };
        let too_large = cut.filter(|_| sets.is_empty());
        let too_large = too_large.map(|(place, rows)| self.render(place, &rows)).transpose()?;
        let sets = sets.into_iter().map(|(place, rows)| self.render(place, &rows));
        Ok(Page { sets: sets.collect::<Result<_, _>>()?, is_last, too_large })
    }

    fn question(&self, is_full: bool, after: Option<&[String]>) -> String {
        let (table, complete, place) = (&self.table, &self.complete, self.place());
        let recent = if is_full { "true" } else { &self.recent };
        let behind = after.map_or("true".to_string(), |values| {
            let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
            format!("{place} > ROW({})", values.join(", "))
        });
        let names: Vec<String> = self.place_columns().map(|name| quoted(name)).collect();
        format!(
            "SELECT * FROM {table} WHERE {complete} AND {recent} AND {place} IS NOT NULL \
             AND {behind} ORDER BY {} LIMIT {}",
            names.join(", "),
            self.rows + 1
        )
    }

    fn place_columns(&self) -> impl Iterator<Item = &String> {
        self.order.iter().chain(&self.key).map(|at| &self.columns[*at])
    }

    /// The columns of the place as one row value.
    fn place(&self) -> String {
        let names: Vec<String> = self.place_columns().map(|name| quoted(name)).collect();
        format!("ROW({})", names.join(", "))
    }

    fn render(&self, place: Vec<String>, rows: &[Row]) -> Result<RowSet, String> {
        let key = self.values(self.key.iter(), &rows[0])?;
        Ok(RowSet::new(&self.columns, rows, key, place))
    }

    fn values<'a>(
        &self,
        columns: impl Iterator<Item = &'a usize>,
        row: &Row,
    ) -> Result<Vec<String>, String> {
        let value = |at: &usize| row.get(*at).cloned().flatten();
        let values: Option<Vec<String>> = columns.map(value).collect();
        values.ok_or_else(|| "a row without a key came through the condition".to_string())
    }

    /// Runs a statement as a page is run, for tests of what it may not do.
    #[cfg(test)]
    pub(super) fn attempt(&mut self, statement: &str) -> Result<(), String> {
        ask(&mut self.client, statement).map(drop)
    }

    /// Runs a statement outside of the declared transaction, where the session alone guards.
    #[cfg(test)]
    pub(super) fn attempt_bare(&mut self, statement: &str) -> Result<(), String> {
        self.client.batch_execute(statement).map_err(text)
    }
}

/// The settings of a session: it cannot write, waits for nobody, and writes values in one way.
fn settings(limit_millis: u64) -> String {
    format!(
        "SET default_transaction_read_only = on;
         SET statement_timeout = {limit_millis};
         SET lock_timeout = {limit_millis};
         SET idle_in_transaction_session_timeout = {limit_millis};
         SET standard_conforming_strings = on;
         SET DateStyle = 'ISO, YMD';
         SET TimeZone = 'UTC';
         SET IntervalStyle = 'postgres';
         SET extra_float_digits = 1;
         SET bytea_output = 'hex';"
    )
}

/// The columns of the query. The database parses it as one statement and refuses several, so nothing
/// can hide behind its end.
fn columns(client: &mut Client, table: &str) -> Result<Vec<String>, String> {
    let statement = client.prepare(&format!("SELECT * FROM {table}")).map_err(text)?;
    let columns: Vec<String> =
        statement.columns().iter().map(|column| column.name().to_string()).collect();
    let mut sorted = columns.clone();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("the query has two columns {:?}; rename one with AS", pair[0])),
        None => Ok(columns),
    }
}

/// Asks one question in a transaction of its own that is declared read-only.
fn ask(client: &mut Client, question: &str) -> Result<Vec<Row>, String> {
    let mut transaction = client.build_transaction().read_only(true).start().map_err(text)?;
    let rows = rows_of(&mut transaction, question);
    transaction.rollback().map_err(text)?;
    rows
}

fn rows_of(transaction: &mut Transaction<'_>, question: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    // The simple protocol gives every value as the database's own text.
    for message in transaction.simple_query(question).map_err(text)? {
        if let SimpleQueryMessage::Row(row) = message {
            rows.push((0..row.len()).map(|at| row.get(at).map(str::to_string)).collect());
        }
    }
    Ok(rows)
}

/// A value as a literal; the database takes its type from the column that it is compared with.
fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A column's name.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What the database says, which the client's own error only hints at.
fn text(error: postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
        }
    }
}
