//! Against a real RabbitMQ that speaks AMQP 1.0, with messages as IPC-CFX endpoints send them.

use std::io::Write;
use std::time::Duration;

use fe2o3_amqp::sasl_profile::SaslProfile;
use fe2o3_amqp::types::messaging::{AmqpValue, Batch, Body, Data, Header, Message, Properties};
use fe2o3_amqp::types::primitives::{Symbol, Value};
use fe2o3_amqp::{Connection, Sender, Session};

use super::*;
use crate::collect::Trouble;
use crate::collect::parts::broker::{ADDRESS, Broker, PASSWORD, USER};
use crate::collect::tests::{Memory, bytes, watch};

/// How long a message may take on a busy machine before the test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// One message as CFX sends it.
#[derive(Clone)]
struct Cfx {
    id: &'static str,
    body: Vec<u8>,
    is_gzip: bool,
}

impl Cfx {
    fn plain(id: &'static str, body: &str) -> Self {
        Self { id, body: body.into(), is_gzip: false }
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

/// Runs something on a sender to the broker's queue, as an endpoint at a machine would.
fn with_sender(broker: &Broker, run: impl AsyncFnOnce(&mut Sender)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (username, password) = (USER.to_string(), PASSWORD.to_string());
        let mut connection = Connection::builder()
            .container_id("machine")
            .sasl_profile(SaslProfile::Plain { username, password })
            .open(&broker.url()[..])
            .await
            .unwrap();
        let mut session = Session::begin(&mut connection).await.unwrap();
        let mut sender = Sender::attach(&mut session, "machine", ADDRESS).await.unwrap();
        run(&mut sender).await;
        // All of it was accepted, so how the goodbye goes does not matter.
        drop(sender.close().await);
        drop(session.end().await);
        drop(connection.close().await);
    });
}

fn send(broker: &Broker, messages: &[Cfx]) {
    with_sender(broker, async |sender| {
        for Cfx { id, body, is_gzip } in messages {
            let mut properties = Properties::builder()
                .message_id(id.to_string())
                .content_type("application/json; charset=\"utf-8\"");
            if *is_gzip {
                properties = properties.content_encoding(Symbol::from("gzip"));
            }
            let message = Message::builder()
                .header(Header::builder().durable(true).build())
                .properties(properties.build())
                .data(body.clone())
                .build();
            let outcome = sender.send(message).await.unwrap();
            assert!(outcome.is_accepted());
        }
    });
}

/// An agent that consumes the queue, with its vault's memory.
struct Agent {
    collector: Amqp,
    troubles: Vec<Trouble>,
}

fn config(broker: &str, more: &str) -> AmqpConfig {
    toml::from_str(&format!("broker = {broker:?}\naddress = {ADDRESS:?}\n{more}")).unwrap()
}

fn as_user(broker: &Broker) -> String {
    std::fs::write(broker.path("password"), format!("{PASSWORD}\n")).unwrap();
    format!("user = {USER:?}\npassword_file = {:?}\n", broker.path("password"))
}

impl Agent {
    fn start(broker: &Broker) -> Self {
        Self::of(config(&broker.url(), &as_user(broker)))
    }

    fn of(config: AmqpConfig) -> Self {
        Self { collector: Amqp::new(watch(), config).unwrap(), troubles: Vec::new() }
    }

    fn look(&mut self, memory: &Memory) -> Vec<Sighting> {
        let looked = self.collector.look(memory, UnixMillis(1_772_438_400_000), 100).unwrap();
        self.troubles.extend(looked.complaints.into_iter().map(|(_, trouble)| trouble));
        looked.sightings
    }

    /// Looks until so many sightings are there, and settles nothing.
    fn wait(&mut self, memory: &Memory, count: usize) -> Vec<Sighting> {
        loop {
            let sightings = self.look(memory);
            if sightings.len() >= count {
                return sightings;
            }
            let came = self.collector.inbox.wait_for(count, PATIENCE);
            assert!(came, "nothing came; so far: {:?}", self.troubles);
        }
    }

    /// Looks until something is complained of.
    fn wait_for_trouble(&mut self, memory: &Memory) {
        while self.troubles.is_empty() {
            self.look(memory);
            assert!(self.collector.inbox.wait_for(usize::MAX, PATIENCE), "no complaint");
        }
    }
}

fn bodies(sightings: &[Sighting]) -> Vec<&[u8]> {
    sightings.iter().map(bytes).collect()
}

#[test]
fn a_message_is_accepted_only_when_it_is_durable_and_recorded_once() {
    let Some(broker) = Broker::start() else { return };
    let array = "[{\"MessageName\":\"a\"},{\"MessageName\":\"b\"}]";
    let packed = gzip("{\"MessageName\":\"packed\"}");
    send(
        &broker,
        &[
            Cfx::plain("one", "{\"MessageName\":\"before\"}"),
            Cfx { id: "two", body: packed.clone(), is_gzip: true },
            Cfx::plain("three", array),
        ],
    );
    let mut memory = Memory::default();
    let mut agent = Agent::start(&broker);
    let given = agent.wait(&memory, 3);
    let want = [&b"{\"MessageName\":\"before\"}"[..], &packed, array.as_bytes()];
    assert_eq!(bodies(&given), want);
    let names: Vec<&[u8]> = given.iter().map(|sighting| &sighting.name[..]).collect();
    assert_eq!(names, [&b"one.json"[..], b"two.json.gz", b"three.json"]);
    assert_eq!(bodies(&agent.look(&memory)), want, "what is not settled is given again");

    // Two become durable; then the agent is killed between receipt and commit of the third.
    memory.commit(&mut agent.collector, &given[..2]);
    assert_eq!(bodies(&agent.look(&memory)), want[2..]);
    drop(agent);
    let mut agent = Agent::start(&broker);
    let given = agent.wait(&memory, 1);
    assert_eq!(bodies(&given), want[2..], "it comes again, and the others do not");
    memory.commit(&mut agent.collector, &given);

    // Sent while the agent listens. A bridge gives all of its messages one id; one of them comes twice.
    let one_id = |body| Cfx::plain("constant", body);
    send(&broker, &[one_id("first"), one_id("second"), one_id("first"), one_id("third")]);
    let mut bodies_given = Vec::new();
    while bodies_given.len() < 3 {
        let given = agent.wait(&memory, 1);
        memory.commit(&mut agent.collector, &given);
        bodies_given.extend(given.iter().map(|sighting| bytes(sighting).to_vec()));
    }
    bodies_given.sort();
    assert_eq!(bodies_given, [&b"first"[..], b"second", b"third"]);
    // The one that came twice was accepted too: it is not there for the next agent.
    assert!(agent.look(&memory).is_empty());
    drop(agent);
    send(&broker, &[one_id("last")]);
    let mut agent = Agent::start(&broker);
    assert_eq!(bodies(&agent.wait(&Memory::default(), 1)), [b"last"]);
    assert!(agent.troubles.is_empty(), "{:?}", agent.troubles);
}

#[test]
fn a_broker_that_restarts_sends_again_what_was_not_accepted() {
    let Some(mut broker) = Broker::start() else { return };
    send(&broker, &[Cfx::plain("one", "accepted"), Cfx::plain("two", "not yet")]);
    let mut memory = Memory::default();
    let mut agent = Agent::start(&broker);
    let given = agent.wait(&memory, 2);
    memory.commit(&mut agent.collector, &given[..1]);
    broker.end();
    agent.wait_for_trouble(&memory);
    assert!(matches!(agent.troubles[0], Trouble::Broker(_)), "{:?}", agent.troubles);
    // The commit of the second ends while there is no broker: it is durable and not accepted.
    memory.commit(&mut agent.collector, &given[1..]);
    broker.begin().unwrap();
    send(&broker, &[Cfx::plain("three", "after")]);
    let given = agent.wait(&memory, 1);
    assert_eq!(bodies(&given), [b"after"], "nothing is recorded twice");
    memory.commit(&mut agent.collector, &given);
    drop(agent);
    // All of it was accepted: another agent, which remembers nothing, finds the last alone.
    send(&broker, &[Cfx::plain("four", "last")]);
    let mut other = Agent::start(&broker);
    assert_eq!(bodies(&other.wait(&Memory::default(), 1)), [b"last"]);
}

#[test]
fn a_consumer_may_use_tls_and_other_bodies_are_kept() {
    let Some(broker) = Broker::start() else { return };
    let more = format!("{}ca_file = {:?}\n", as_user(&broker), broker.ca());
    let mut agent = Agent::of(config(&broker.tls_url(), &more));
    let memory = Memory::default();
    with_sender(&broker, async |sender| {
        for value in [Value::String("text".into()), Value::Uint(7)] {
            let message = Message::builder().value(value).build();
            sender.send::<AmqpValue<Value>>(message).await.unwrap();
        }
    });
    let given = agent.wait(&memory, 2);
    assert_eq!(bodies(&given), [&b"text"[..], b"\x52\x07"]);
    assert!(given[0].name.ends_with(b".bin"));
    assert!(matches!(agent.troubles[..], [Trouble::Message(_)]), "{:?}", agent.troubles);

    // A wrong password, and a certificate by another hand.
    std::fs::write(broker.path("wrong"), "wrong").unwrap();
    let wrong = format!("user = {USER:?}\npassword_file = {:?}", broker.path("wrong"));
    let stranger = rcgen::generate_simple_self_signed(["127.0.0.1".to_string()]).unwrap();
    std::fs::write(broker.path("stranger.pem"), stranger.cert.pem()).unwrap();
    let stranger = format!("ca_file = {:?}", broker.path("stranger.pem"));
    for config in [config(&broker.url(), &wrong), config(&broker.tls_url(), &stranger)] {
        let mut agent = Agent::of(config);
        agent.wait_for_trouble(&memory);
        assert!(matches!(agent.troubles[0], Trouble::Broker(_)), "{:?}", agent.troubles);
    }
}

#[test]
fn the_sections_of_a_body_are_joined_in_their_order() {
    let sections = [&b"[{"[..], b"}", b"]"].map(|section| Data::from(section.to_vec()));
    let (joined, oddity) = link::body(Body::Data(Batch::new(sections.to_vec())));
    assert_eq!((&joined[..], oddity), (&b"[{}]"[..], None));
    let (nothing, oddity) = link::body(Body::Empty);
    assert!(nothing.is_empty() && oddity.is_some());
}

#[test]
fn a_broker_that_is_not_there_is_a_complaint() {
    let mut agent = Agent::of(config("amqp://127.0.0.1:1", ""));
    agent.wait_for_trouble(&Memory::default());
    assert!(matches!(agent.troubles[0], Trouble::Broker(_)));
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_once() {
    for (broker, more) in [
        ("http://host:1", ""),
        ("amqp://host", ""),
        ("amqp://host:port", ""),
        ("amqp://user@host:5672", ""),
        ("amqps://host:5671", ""),
        ("amqps://host:5671", "ca_file = \"missing.pem\""),
        ("amqp://host:5672", "prefetch = 0"),
        ("amqp://host:5672", "prefetch = 1025"),
        ("amqp://host:5672", "max_message = 0"),
        ("amqp://host:5672", "user = \"a\"\npassword_file = \"missing\""),
    ] {
        let made = Amqp::new(watch(), config(broker, more));
        assert!(matches!(made, Err(AgentError::Config(_))), "{broker} {more}");
    }
}

#[test]
fn while_messages_are_held_more_is_expected_however_silent_the_broker_is() {
    let mut agent = Agent::of(config("amqp://127.0.0.1:1", ""));
    // Nothing is connected: what arrives is put there by hand.
    agent.collector.target = None;
    let body = b"held".to_vec();
    let message = super::Message { id: None, body, is_json: false, is_gzip: false };
    agent.collector.inbox.put(message);
    // Without a line nothing is expected for the sake of the line.
    agent.collector.inbox.complain("broker", Trouble::Broker("away".to_string()));
    let mut memory = Memory::default();
    let now = UnixMillis(1_772_438_400_000);
    let looked = agent.collector.look(&memory, now, 100).unwrap();
    assert!(looked.expecting && looked.sightings.len() == 1);
    memory.commit(&mut agent.collector, &looked.sightings);
    assert!(!agent.collector.look(&memory, now, 100).unwrap().expecting);
}

#[test]
fn before_an_attempt_has_ended_nothing_is_known_and_a_broker_that_speaks_has_perhaps_more() {
    let inbox = Inbox::default();
    let standing = |silence| {
        let standing = inbox.standing(silence);
        (standing.down.is_some(), standing.undecided, standing.expecting)
    };
    assert_eq!(standing(Duration::ZERO), (false, true, true));
    inbox.complain("broker", Trouble::Broker("away".to_string()));
    assert_eq!(standing(Duration::MAX), (true, false, false));
    inbox.connected();
    assert_eq!(standing(Duration::MAX), (false, false, true));
    assert_eq!(standing(Duration::ZERO), (false, false, false));
}
