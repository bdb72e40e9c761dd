//! Who holds something in the database, and who waits for whom there: looked at five times a second while a
//! fault lasts and behind it, by one `psql` that reaches it however the servers are cut off.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Child, Stdio};

use tempfile::NamedTempFile;

use crate::postgres::Postgres;

/// Which log servers' sessions wait, or hold what a transaction holds while nobody asks for anything in it:
/// for a while, since any commit does so for a moment. Only what is in front of the first bar changes with
/// each look.
const LOOK: &str = "SELECT round((extract(epoch FROM clock_timestamp()) - :begun)::numeric, 2), \
     concat('session ', pid, ' of ', coalesce(host(client_addr), 'a server here'), ' is ', state, \
     ', waits for ' || wait_event_type || ' ' || wait_event, \
     ', behind sessions ' || nullif(pg_blocking_pids(pid), '{}')::text, ', last asked: ', left(query, 50)) \
     FROM pg_stat_activity WHERE application_name = 'fiducial-log' \
     AND clock_timestamp() - state_change > interval '0.1 seconds' \
     AND (state LIKE 'idle in%' OR cardinality(pg_blocking_pids(pid)) > 0 \
     OR state = 'active' AND wait_event_type = 'Client') \\watch 0.2\n";

/// Looks that are under way. Nothing comes of them where the database is away.
pub(crate) struct Looks {
    psql: Child,
    seen: NamedTempFile,
}

impl Looks {
    /// Begins.
    pub(crate) fn begin(postgres: &Postgres) -> Self {
        let seen = NamedTempFile::new().unwrap();
        let mut command = postgres.psql();
        command.stdin(Stdio::piped()).stdout(seen.reopen().unwrap()).stderr(Stdio::null());
        let mut psql = command.spawn().unwrap();
        let begin = "SELECT extract(epoch FROM clock_timestamp()) AS begun \\gset\n";
        // Where it cannot reach the database it has ended already.
        let orders = [begin, LOOK].concat();
        let _ = psql.stdin.take().expect("it is piped").write_all(orders.as_bytes());
        Self { psql, seen }
    }

    /// Ends; what was seen.
    pub(crate) fn end(mut self) -> Held {
        self.stop();
        self.held()
    }

    /// What was seen so far.
    fn held(&self) -> Held {
        Held::of(&std::fs::read_to_string(self.seen.path()).unwrap())
    }

    fn stop(&mut self) {
        let _ = self.psql.kill();
        let _ = self.psql.wait();
    }
}

impl Drop for Looks {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What was seen: each thing with the seconds of the first and the last look at it, as they were written, and
/// how many looks there were.
#[derive(Debug, Default)]
pub(crate) struct Held {
    seen: BTreeMap<String, (String, String, usize)>,
}

impl Held {
    fn of(seen: &str) -> Self {
        let mut held = Self::default();
        // The last line may be cut off, and those that `psql` writes by itself are no looks.
        let whole = seen.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for (at, what) in whole.lines().filter_map(|line| line.split_once('|')) {
            let first = (at.to_owned(), String::new(), 0);
            let sum = held.seen.entry(what.to_owned()).or_insert(first);
            (sum.1, sum.2) = (at.to_owned(), sum.2 + 1);
        }
        held
    }

    /// A line for each thing.
    pub(crate) fn told(&self) -> Vec<String> {
        let line = |(what, (first, last, looks)): (&String, &(String, String, usize))| {
            format!("{first:>6} to {last:>6}  in {looks} looks {what}")
        };
        self.seen.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::PATIENCE;

    #[test]
    fn what_is_seen_is_told_with_its_first_and_last_time() {
        let seen = "0.20|session 1 is idle in transaction\n0.20|session 2 waits\n\n\
                    0.40|session 1 is idle in transaction\n0.60|session 2 wa";
        let told = Held::of(seen).told();
        let holds = "  0.20 to   0.40  in 2 looks session 1 is idle in transaction";
        assert_eq!(told, [holds, "  0.20 to   0.20  in 1 looks session 2 waits"]);
        assert!(Held::of("").told().is_empty());
    }

    #[test]
    fn who_holds_a_row_and_who_waits_for_it_is_seen() {
        let Some(postgres) = Postgres::start() else { return };
        postgres.sql("CREATE TABLE head (one int); INSERT INTO head VALUES (1)");
        let hold = |orders: &str| {
            let mut psql = postgres.psql();
            psql.env("PGAPPNAME", "fiducial-log").stdin(Stdio::piped()).stderr(Stdio::null());
            let mut psql = psql.spawn().unwrap();
            let mut stdin = psql.stdin.take().unwrap();
            stdin.write_all(orders.as_bytes()).unwrap();
            // While this is open it waits for more to do.
            (psql, stdin)
        };
        let orders = "BEGIN; SELECT one FROM head FOR UPDATE;\n";
        let mut held = [hold(orders), hold(orders)];
        let mut looks = Looks::begin(&postgres);
        let is_told = |told: &[String], what: &str| told.iter().any(|line| line.contains(what));
        let before = Instant::now();
        loop {
            let told = looks.held().told();
            let words = ["is idle in transaction", "waits for Lock", "behind sessions {"];
            if words.iter().all(|what| is_told(&told, what)) {
                break;
            }
            assert!(looks.psql.try_wait().unwrap().is_none(), "it looks no more: {told:?}");
            assert!(before.elapsed() < PATIENCE, "{told:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        for (psql, _) in &mut held {
            psql.kill().unwrap();
            psql.wait().unwrap();
        }
    }
}
