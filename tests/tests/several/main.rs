//! Three servers of one log, three witnesses and a database, each a process on a host of its own, under
//! load, while one after the other is killed, paused and cut off.
//!
//! No acknowledged entry may be lost, no two checkpoints may disagree, no source's chain may break, and
//! the log must go on each time: who judges that ([`oracle`]) shares no code with the log. How long
//! each fault is felt is printed, and where that is long, who waited for what meanwhile: among the clients
//! ([`waits`]) and in the database ([`held`]). Every kind of fault once by default; ten minutes with
//! `FIDUCIAL_SOAK=1`, which alone insists that half of the undisturbed rate is back within two seconds.
//!
//! What counts is what clients see who know all servers by one name: one that does not answer a look at once,
//! or a request within a second, is left for the next, and each keeps a connection for a time of its own. The
//! result says so: `fiducial-agent` knows one address, and does neither. Where nobody can be served, because the one database is
//! away, it counts from when it is back.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod client;
mod faults;
mod held;
mod load;
mod meter;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../support/network.rs"]
mod network;
mod oracle;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../support/part.rs"]
mod part;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../support/postgres.rs"]
mod postgres;
mod relay;
mod site;
mod waits;
mod ways;

use std::time::{Duration, Instant};

use tests::oracle::literal;

use client::get;
use faults::Fault;
use held::Looks;
use load::{Shared, Source};
use meter::Event;
use oracle::Stated;
use site::Site;
use ways::{SERVERS, Ways, among_clients};

/// How many sources state at once.
const SOURCES: usize = 16;

/// How long the load runs before anything happens.
const CALM: Duration = Duration::from_secs(2);

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it goes on, how long a fault lasts, longer than a lease of two seconds, and how long it is
/// calm behind it.
struct Plan {
    faults: usize,
    whole: Duration,
    fault: Duration,
    rest: Duration,
}

impl Plan {
    const SHORT: Self = Self {
        faults: 8,
        whole: Duration::ZERO,
        fault: Duration::from_millis(2500),
        rest: Duration::from_millis(1500),
    };

    const SOAK: Self = Self {
        faults: 0,
        whole: Duration::from_secs(600),
        fault: Duration::from_secs(4),
        rest: Duration::from_secs(4),
    };
}

#[test]
fn three_servers_keep_every_promise_whatever_fails_around_them() {
    among_clients(
        "three_servers_keep_every_promise_whatever_fails_around_them",
        every_promise_is_kept,
    );
}

fn every_promise_is_kept(ways: Ways) {
    let soak = std::env::var_os("FIDUCIAL_SOAK").is_some_and(|value| value == "1");
    let sources: Vec<Source> = (0..SOURCES).map(Source::new).collect();
    let keys: Vec<String> = sources.iter().map(Source::key).collect();
    let Some(mut site) = Site::new(ways, &keys) else { return };
    let shared = Shared::new(site.addresses(), site.oracle());
    let plan = if soak { Plan::SOAK } else { Plan::SHORT };
    let (stated, events) = under_load(&shared, sources, || {
        let events = one_after_the_other(&mut site, &shared, &plan);
        shared.end();
        events
    });
    shared.is_sound();
    println!("{}", client::told());
    let late = shared.meter.report(&events);
    late.iter().for_each(|event| explain(event, &shared));
    let whole = reckon(&shared, &stated);
    println!("{whole} entries, {} acknowledged", shared.meter.counted());
    site.check();
    let late: Vec<&str> = late.iter().map(|event| event.name.as_str()).collect();
    assert!(!soak || late.is_empty(), "not back within two seconds: {late:?}");
}

/// Prints who waited for what while a fault was felt for long.
fn explain(event: &Event, shared: &Shared) {
    println!("{}, felt for long; in seconds since it began:", event.name);
    let at = |moment| shared.meter.at(moment);
    let waits = shared.waits.told(event.begun..event.over, at, |server| SERVERS[server]);
    for line in waits.iter().chain(&event.held.told()) {
        println!("    {line}");
    }
}

/// Lets all sources state and all servers' checkpoints be read while `faults` happen.
fn under_load(
    shared: &Shared,
    sources: Vec<Source>,
    faults: impl FnOnce() -> Vec<Event>,
) -> (Vec<Vec<Stated>>, Vec<Event>) {
    std::thread::scope(|scope| {
        let read = |server| scope.spawn(move || shared.watch(server));
        let readers: Vec<_> = (0..shared.servers.len()).map(read).collect();
        let state = |source: Source| scope.spawn(move || source.run(shared));
        let writers: Vec<_> = sources.into_iter().map(state).collect();
        // Whatever fails here, nobody may be left behind.
        let events = std::panic::catch_unwind(std::panic::AssertUnwindSafe(faults));
        shared.end();
        let stated = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        match events {
            Ok(events) => (stated, events),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn one_after_the_other(site: &mut Site, shared: &Shared, plan: &Plan) -> Vec<Event> {
    goes_on(shared);
    std::thread::sleep(CALM);
    let (started, meter) = (Instant::now(), &shared.meter);
    let mut events: Vec<Event> = Vec::new();
    for fault in Fault::all() {
        if events.len() >= plan.faults && started.elapsed() >= plan.whole {
            break;
        }
        let begun = meter.now();
        if let Some(last) = events.last_mut() {
            last.over = begun;
        }
        let looks = Looks::begin(&site.postgres);
        fault.begin(site);
        std::thread::sleep(fault.time(plan.fault));
        let ending = meter.now();
        fault.end(site);
        // To put it right is part of an outage, and else a thing that may be felt.
        let ended = if fault.is_outage() { meter.now() } else { ending };
        std::thread::sleep(plan.rest);
        goes_on(shared);
        let (name, is_outage, held) = (fault.name(), fault.is_outage(), looks.end());
        events.push(Event { name, begun, ended, over: meter.now(), is_outage, held });
    }
    events
}

/// Waits until something that is stated from now on is acknowledged and published.
#[track_caller]
fn goes_on(shared: &Shared) {
    let (meter, before) = (&shared.meter, Instant::now());
    let (counted, published) = (meter.counted(), meter.published());
    while meter.counted() == counted || meter.published() == published {
        shared.is_sound();
        assert!(before.elapsed() < PATIENCE, "the log does not go on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Reads all entries from every server and holds them against what was promised; how many there are.
fn reckon(shared: &Shared, stated: &[Vec<Stated>]) -> usize {
    let told = stated.iter().flatten().filter_map(|one| one.index).max();
    let wanted = told.expect("something was acknowledged") + 1;
    let all = entries(shared, 0, wanted);
    for server in 1..shared.servers.len() {
        assert!(entries(shared, server, wanted) == all, "two servers show different entries");
    }
    shared.is_sound();
    let oracle = shared.oracle.lock().unwrap();
    oracle.judge(&all, stated).unwrap_or_else(|why| panic!("{why}"));
    println!("{} checkpoints were shown, and agree", oracle.checkpoints());
    all.len()
}

/// All entries that a server shows once it shows so many.
fn entries(shared: &Shared, server: usize, wanted: u64) -> Vec<Vec<u8>> {
    let before = Instant::now();
    let size = loop {
        match shared.look(server) {
            Some(size) if size >= wanted => break size as usize,
            _ => assert!(before.elapsed() < PATIENCE, "server {server} does not show all"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut all = Vec::with_capacity(size);
    for start in (0..size).step_by(256) {
        let width = (size - start).min(256);
        let path = literal::path("entries", start / 256, width);
        let body = loop {
            match get(shared.servers[server], &format!("/{path}")) {
                Ok(answer) => {
                    assert_eq!(answer.status, 200, "{path}");
                    break answer.body;
                }
                Err(error) => assert!(before.elapsed() < PATIENCE, "{path}: {error}"),
            }
        };
        let bundle = literal::entries(&body).filter(|bundle| bundle.len() == width);
        all.extend(bundle.unwrap_or_else(|| panic!("{path} has not {width} entries")));
    }
    all
}
