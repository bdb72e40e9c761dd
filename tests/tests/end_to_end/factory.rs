//! A log with a source whose reports the agent has anchored, and a buyer who judges the papers.

use serde_json::Value;

use crate::support::{Said, Server, World};

/// The name of the one source.
pub(crate) const SOURCE: &str = "line-4.example/aoi-7";

/// A factory in a folder: `log`, `vault`, `reports`, `papers`, `policy` and `source.vkey`.
pub(crate) struct Factory {
    pub(crate) world: World,
}

impl Factory {
    /// Makes the log and the source, and has the log list it.
    pub(crate) fn start() -> (Self, Server) {
        let world = World::new("statements");
        let server = world.serve();
        let init = ["init", "--vault", "vault", "--source", SOURCE, "--log", &server.url];
        let keys = world.keys.iter().flat_map(|key| ["--log-key".to_owned(), key.to_string()]);
        let keys: Vec<String> = keys.collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let said = world.agent(&[&init[..], &keys].concat()).ends_with(0);
        world.write("source.vkey", &said.out);
        world.list("source.vkey");
        (Self { world }, server)
    }

    /// Writes the agent's configuration, `agent.toml`: see [`watch_config`].
    pub(crate) fn watch(&self, mapping: &str, every: &str) {
        self.world.write("agent.toml", watch_config(mapping, every));
    }

    /// Puts reports where a machine leaves them, and anchors them in one statement.
    pub(crate) fn anchor(&self, reports: &[(String, Vec<u8>)]) -> Value {
        let mut words =
            ["anchor", "--vault", "vault", "--out", "papers", "--json"].map(String::from).to_vec();
        for (name, bytes) in reports {
            self.world.write(&format!("reports/{name}"), bytes);
            words.push(format!("reports/{name}"));
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let json = self.world.agent(&words).ends_with(0).json();
        assert_eq!(json["outcome"], "anchored", "{json}");
        json
    }

    /// Judges a report with the papers that the agent left for it.
    #[track_caller]
    pub(crate) fn verify(&self, name: &str, code: i32) -> Value {
        let papers =
            [format!("papers/{name}.tlog-proof"), format!("papers/{name}.disclosure.json")];
        let file = format!("reports/{name}");
        self.judge(&verify_words(&papers[0], &file, &papers[1], "policy", "source.vkey"), code)
    }

    /// Runs the verifier for English, for Chinese and for machines: they must agree.
    #[track_caller]
    pub(crate) fn judge(&self, words: &[&str], code: i32) -> Value {
        let run = |more: &[&str]| self.world.fiducial(&[words, more].concat());
        let english = run(&["--lang", "en"]).ends_with(code);
        let chinese = run(&["--lang", "zh"]).ends_with(code);
        let has_chinese = |said: &Said| {
            let mut letters = said.out.chars().chain(said.err.chars());
            letters.any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
        };
        assert!(!has_chinese(&english), "{english:?}");
        assert!(has_chinese(&chinese), "{chinese:?}");
        let json = run(&["--json"]).ends_with(code).json();
        let verdict = json["verdict"].as_str().unwrap();
        let line = match (code, verdict) {
            (0, "verified") => "VERIFIED",
            (0, "none") => return json,
            // The evidence holds, and not for each of the reader's units.
            (1, "rejected") if json["reasons"][0]["code"] == "own-absent" => "NOT IN ORDER",
            (1, "rejected") => "REJECTED",
            (2, "undecided") => "COULD NOT TELL",
            _ => panic!("{code} is not the exit code of {verdict}"),
        };
        // Failures are said on standard error, verdicts on standard output.
        assert!(english.out.starts_with(line) || english.err.starts_with(line), "{english:?}");
        json
    }
}

/// One watch over `reports`, quick enough for a test: files are read by this mapping, and the source states this
/// often. Mappings of the test's own lie in `mappings`.
pub(crate) fn watch_config(mapping: &str, every: &str) -> String {
    format!(
        r#"
vault = "vault"
mappings = "mappings"
listen = "127.0.0.1:0"
[[source]]
name = "{SOURCE}"
every = "{every}"
[[source.watch]]
name = "reports"
type = "folder"
mapping = "{mapping}"
path = "reports"
stable = "1s"
poll = "1s"
"#
    )
}

/// What is typed to verify a report with everything that belongs to it.
pub(crate) const fn verify_words<'a>(
    receipt: &'a str,
    file: &'a str,
    disclosure: &'a str,
    policy: &'a str,
    key: &'a str,
) -> [&'a str; 10] {
    [
        "verify",
        receipt,
        "--file",
        file,
        "--disclosure",
        disclosure,
        "--policy",
        policy,
        "--source-key",
        key,
    ]
}
