//! Everything that the agent has stated, read as a buyer would read it: each receipt is verified, each
//! disclosure opened against its statement, and only then is a word of it believed.

use std::collections::BTreeMap;
use std::path::Path;

use spec::evidence::disclosure::Disclosure;
use spec::evidence::field::Content;
use spec::evidence::kind::Kind;
use spec::evidence::record::Record as Opened;
use spec::evidence::statement::Statement;
use spec::hash::leaf_hash;
use spec::key::VerifierKey;
use spec::policy::Policy;
use spec::proof::Proof;

/// One record with what its header says.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) source: String,
    pub(crate) sequence: u64,
    pub(crate) kind: Kind,
    values: BTreeMap<String, Vec<u8>>,
    /// When its statement was sealed.
    pub(crate) closed: u64,
}

impl Record {
    /// A value as text; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| std::str::from_utf8(value).unwrap_or(""))
    }

    pub(crate) fn bytes(&self, name: &str) -> &[u8] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A moment of the agent's.
    pub(crate) fn moment(&self, name: &str) -> Option<u64> {
        moment(self.text(name))
    }

    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.text(name).lines().collect()
    }

    /// SHA-256 of the file that it is of, as it lay in its folder.
    pub(crate) fn whole(&self) -> &str {
        let names = ["received/sha256", "part/of-sha256", "file/sha256"];
        names.into_iter().map(|name| self.text(name)).find(|text| !text.is_empty()).unwrap_or("")
    }

    /// Whether it is of a file.
    pub(crate) fn is_evidence(&self) -> bool {
        self.has("file/sha256")
    }
}

/// All records of all sources, each source's in their order, without the headers.
pub(crate) struct Records {
    pub(crate) all: Vec<Record>,
    /// The headers, likewise.
    pub(crate) headers: Vec<Record>,
    pub(crate) statements: u64,
}

impl Records {
    /// Reads a vault and believes nothing that is not proven.
    pub(crate) fn read(vault: &Path, policy: &Policy, keys: &[VerifierKey]) -> Self {
        let (mut all, mut headers, mut statements) = (Vec::new(), Vec::new(), 0);
        let mut next: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let read = evidence_agent::whole(vault, &mut |papers| {
            let receipt = papers.receipt.expect("everything is anchored");
            let proof = Proof::parse(&receipt).unwrap();
            let entry = proof.extra().expect("a receipt holds its statement").to_vec();
            let inclusion = proof.verify(leaf_hash(&entry), policy).unwrap();
            assert!(!inclusion.checkpoint().cosigners().is_empty(), "nobody has witnessed it");
            let statement = Statement::parse(&entry).unwrap();
            let key = keys.iter().find(|key| *key.name() == *statement.source());
            let statement = statement.verify(key.expect("a key of each source")).unwrap();
            assert_eq!(statement.source().as_str(), papers.source);
            let disclosure = Disclosure::parse(papers.disclosure.as_bytes()).unwrap();
            let batch = disclosure.verify_whole(&statement).unwrap();
            let (sequence, records) = next.entry(papers.source.clone()).or_default();
            assert_eq!((papers.sequence, statement.sequence()), (*sequence, *sequence));
            let of = |record: &Opened, closed| of(record, &papers.source, papers.sequence, closed);
            let (header, rest) = batch.records().split_first().expect("a header");
            let header = of(header, 0);
            // The headers of a chain count every record once.
            assert_eq!(header.text("record/first"), records.to_string());
            assert_eq!(header.text("record/count"), rest.len().to_string());
            (*sequence, *records) = (*sequence + 1, *records + rest.len() as u64);
            let closed = header.moment("closed").unwrap();
            all.extend(rest.iter().map(|record| of(record, closed)));
            headers.push(Record { closed, ..header });
            statements += 1;
        });
        read.unwrap();
        Self { all, headers, statements }
    }

    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.all.iter().filter(move |record| record.kind == kind)
    }
}

fn of(record: &Opened, source: &str, sequence: u64, closed: u64) -> Record {
    let values = record.fields().iter().filter_map(|field| {
        let Content::Present { name, value } = field.content() else { return None };
        Some((name.as_str().to_string(), value.clone()))
    });
    let (source, kind) = (source.to_string(), record.kind());
    Record { source, sequence, kind, values: values.collect(), closed }
}

/// RFC 3339 in UTC or with an offset, to the millisecond, without any code of the agent's.
pub(crate) fn moment(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Days from 1970 by counting: a test has the time.
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let months = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut days: i64 = (1970..year).map(|year| 365 + i64::from(leap(year))).sum();
    for (at, length) in (1..month).zip(months) {
        days += length + i64::from(at == 2 && leap(year));
    }
    days += day - 1;
    let rest = text.get(19..)?;
    let digits = rest.strip_prefix('.').map_or("", |rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        &rest[..end]
    });
    let zone = if digits.is_empty() { rest } else { &rest[1 + digits.len()..] };
    let millis: i64 = format!("{digits:0<3}").get(..3)?.parse().ok()?;
    let offset = match zone.as_bytes() {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), ..] => {
            let minutes =
                zone.get(1..3)?.parse::<i64>().ok()? * 60 + zone.get(4..6)?.parse::<i64>().ok()?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
    u64::try_from(seconds * 1000 + millis).ok()
}

#[test]
fn a_moment_is_read_in_every_zone() {
    assert_eq!(moment("2026-03-02T00:00:00.000Z"), Some(1_772_409_600_000));
    assert_eq!(moment("2026-03-02T08:00:00.1234567+08:00"), Some(1_772_409_600_123));
    assert_eq!(moment("2026-03-01T20:30:00-03:30"), Some(1_772_409_600_000));
    assert_eq!(moment("03/02/2026 08:00:00"), None);
}
