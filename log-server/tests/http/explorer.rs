//! The pages for people: what is on them, in both languages, and every way of asking wrongly.

use std::sync::Arc;

use log_server::admission::Admission;
use log_server::explorer::Explorer;
use log_server::explorer::verify::VerifyPage;
use log_server::http::{ApiOptions, ServeOptions};
use log_server::sources::{self, Listing};
use spec::Hash;
use spec::evidence::statement::{After, Draft};
use spec::hash::{leaf_hash, node_hash};
use spec::key::{Algorithm, KeyName, SigningKey};

use crate::support::{Answer, Served, origin};

/// What a browser says that it takes.
const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

async fn browse(served: &Served, path: &str) -> Answer {
    browse_in(served, path, "en-GB,en;q=0.9").await
}

async fn browse_in(served: &Served, path: &str, language: &str) -> Answer {
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\naccept: {BROWSER}\r\naccept-language: {language}\r\n\r\n"
    );
    served.send(&head, b"").await
}

/// A page, after checking that it is one and that nothing can be loaded or run from it.
#[track_caller]
fn page(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    let style = answer.text().split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = Hash::of(style.as_bytes());
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("vary"), "accept, accept-language");
    let html = answer.text().to_lowercase();
    for never in
        ["<script", "<img", "<iframe", "<object", "href=\"javascript:", "http://", "https://"]
    {
        assert!(!html.contains(never), "{never}");
    }
    answer.text().to_owned()
}

async fn opaque(count: u64) -> Served {
    let served = Served::start(Admission::Any).await;
    for index in 0..count {
        served.post("/add", format!("entry {index}").as_bytes()).await;
    }
    served.log.published_covering(count).await.unwrap();
    served
}

/// A log of statements with a source.
struct Chained {
    served: Served,
    key: SigningKey,
    entries: Vec<Vec<u8>>,
}

impl Chained {
    async fn start(name: &str) -> Self {
        let served = Served::start(Admission::Statements).await;
        let name = KeyName::parse(name).unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[3; 32]).unwrap();
        let listing = Listing::new(&key.verifier().to_string(), "not for others").unwrap();
        sources::add(&served.folder.path().join("log"), listing).unwrap();
        Self { served, key, entries: Vec::new() }
    }

    /// Adds statements to the chain and waits until they are published.
    async fn add(&mut self, count: u64) {
        for _ in 0..count {
            let sequence = self.entries.len() as u64;
            let previous = self.entries.last().map_or(Hash::ZERO, |entry| leaf_hash(entry));
            let name = self.key.verifier().name().clone();
            let batch = Hash::of(&sequence.to_be_bytes());
            let draft =
                Draft::new(origin(), name, sequence, previous, After::NOTHING, batch).unwrap();
            let entry = draft.sign(&self.key).unwrap().to_bytes();
            // A source that was just listed is known within a second.
            let mut answer = self.served.post("/add", &entry).await;
            while answer.status == 403 {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                answer = self.served.post("/add", &entry).await;
            }
            assert_eq!(answer.text(), sequence.to_string());
            self.entries.push(entry);
        }
        self.served.log.published_covering(self.entries.len() as u64).await.unwrap();
    }
}

#[tokio::test]
async fn the_start_shows_what_is_signed_in_both_languages() {
    let served = opaque(3).await;
    let english = page(&browse(&served, "/").await, 200);
    let chinese = page(&browse_in(&served, "/", "zh-CN,zh;q=0.9").await, 200);
    let root = served.log.published().checkpoint.tree().root().to_hex();
    for html in [&english, &chinese] {
        assert!(html.contains(&root));
        assert!(html.contains("log.example/http"));
        for key in served.log.verifier_keys() {
            assert!(html.contains(&key.to_string()));
            assert!(html.contains(&key.id().to_string()));
        }
    }
    assert!(english.contains("<html lang=\"en\">") && english.contains("3 entries"));
    assert!(chinese.contains("<html lang=\"zh-Hans\">") && chinese.contains("3 个条目"));
    let is_chinese = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
    // The name of the other language is in its own letters.
    assert_eq!(english.replace("中文", "").chars().filter(|letter| is_chinese(*letter)).count(), 0);
    assert!(page(&browse(&served, "/?lang=zh").await, 200).contains("lang=\"zh-Hans\""));
    assert!(page(&browse(&served, "/?span=day").await, 200).contains("3 entries"));
}

#[tokio::test]
async fn programs_get_the_start_as_text_as_before() {
    let served = opaque(1).await;
    let answer = served.get("/").await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert!(
        answer.text().contains("published  1 entry\n") && answer.text().contains("GET  /entry/")
    );
    assert_eq!(answer.header("vary"), "accept, accept-language");
    let head = "GET / HTTP/1.1\r\nhost: x\r\naccept: text/html;q=0\r\n\r\n";
    assert_eq!(served.send(head, b"").await.header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn an_entry_of_any_bytes_is_digits_and_only_so_many() {
    let served = opaque(2).await;
    let hostile = [b"<script>alert('a name of somebody')</script>".repeat(40), vec![0xff]].concat();
    assert_eq!(served.post("/add", &hostile).await.text(), "2");
    served.log.published_covering(3).await.unwrap();
    let html = page(&browse(&served, "/entry/2").await, 200);
    assert!(!html.contains("somebody") && html.contains("0000  3c 73 63 72 69 70 74 3e"));
    assert!(html.contains(&leaf_hash(&hostile).to_hex()));
    assert!(html.contains("737 more bytes are not shown"), "{}", hostile.len());
    assert!(html.contains("href=\"/proof/2\"") && html.contains("href=\"/tile/entries/000.p/3\""));
}

#[tokio::test]
async fn the_proof_is_drawn_with_every_hash_and_ends_at_the_signed_root() {
    let served = opaque(5).await;
    let leaves: Vec<Hash> = (0..5).map(|at| leaf_hash(format!("entry {at}").as_bytes())).collect();
    let html = page(&browse(&served, "/entry/2").await, 200);
    let (a, b) = (node_hash(leaves[0], leaves[1]), node_hash(leaves[2], leaves[3]));
    let root = node_hash(node_hash(a, b), leaves[4]);
    assert_eq!(served.log.published().checkpoint.tree().root(), root);
    for hash in [leaves[2], leaves[3], b, a, node_hash(a, b), leaves[4], root] {
        assert!(html.contains(&hash.to_hex()), "in the table");
        assert!(html.contains(&format!("{}…", &hash.to_hex()[..16])), "in the picture");
    }
    for text in ["SHA-256(01 ‖ result of 0 ‖ given)", "SHA-256(01 ‖ given ‖ result of 1)"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(html.contains("role=\"img\"") && html.contains("signed root · entries 0 to 4"));
    let alone = opaque(1).await;
    let html = page(&browse(&alone, "/entry/0").await, 200);
    assert!(html.contains("its leaf hash is the root") && !html.contains("<svg"));
}

#[tokio::test]
async fn numbers_have_one_spelling_and_end_with_the_log() {
    let served = opaque(2).await;
    for path in [
        "/entry/007",
        "/entry/00",
        "/entry/-1",
        "/entry/+1",
        "/entry/1.0",
        "/entry/0x1",
        "/entry/%31",
        "/entry/1%00",
        "/entry/18446744073709551616",
        "/entry/99999999999999999999999999999999999999",
        "/entry/%3Cscript%3E",
        "/entry/0?lang=de",
        "/entry/0?lang=en&lang=zh",
        "/entry/0?utm=1",
        "/?span=year",
        "/source/%",
        "/source/%ff",
        "/source/a%20b",
        "/source/a?before=01",
        "/source/a?before=-1",
    ] {
        let html = page(&browse(&served, path).await, 400);
        assert!(html.contains("not spelled as this log spells it"), "{path}");
        if path != "/?span=year" {
            served.get(path).await.is_problem(400, "bad-request");
        }
    }
    let chosen = page(&browse(&served, "/entry/2?lang=zh").await, 404);
    assert!(chosen.contains("日志尚未发布该条目") && chosen.contains("href=\"/?lang=zh\""));
    for path in ["/entry/2", "/entry/18446744073709551615"] {
        assert!(page(&browse(&served, path).await, 404).contains("Published are 2 entries"));
        assert_eq!(served.get(path).await.is_problem(404, "beyond")["published_size"], 2);
    }
}

#[tokio::test]
async fn pages_that_are_not_there_are_pages_for_browsers_and_problems_for_programs() {
    let served = opaque(1).await;
    for path in [
        "/no-such",
        "/entry",
        "/entry/",
        "/entry/1/2",
        "/source/",
        "/verify/x",
        "/%3Cscript%3E",
        "//x/",
    ] {
        let answer = browse(&served, path).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let html = page(&answer, 404);
        assert!(html.contains("There is no such page") && !html.contains("no-such"), "{path}");
        served.get(path).await.is_problem(404, "not-found");
        let chinese = page(&browse_in(&served, path, "zh").await, 404);
        assert!(chinese.contains("没有这个页面"));
    }
    // What programs ask for stays theirs.
    browse(&served, "/tile/9").await.is_problem(404, "not-found");
    browse(&served, "/proof/7").await.is_problem(404, "beyond");
}

#[tokio::test]
async fn head_is_get_without_the_body_and_nothing_else_is_taken() {
    let served = opaque(2).await;
    for path in ["/", "/entry/1", "/entry/9", "/search?q=1", "/verify"] {
        let whole = browse(&served, path).await;
        let head = format!("HEAD {path} HTTP/1.1\r\nhost: x\r\naccept: {BROWSER}\r\n\r\n");
        let head = served.send(&head, b"").await;
        assert_eq!(head.status, whole.status);
        for name in ["content-type", "cache-control", "content-security-policy", "location"] {
            assert_eq!(head.header(name), whole.header(name), "{path}: {name}");
        }
    }
    for path in ["/entry/1", "/source/a", "/search", "/verify"] {
        served.post(path, b"").await.is_problem(405, "method-not-allowed");
    }
}

#[tokio::test]
async fn a_chain_is_walked_from_its_newest_statement_to_its_first() {
    let mut chained = Chained::start("line-4.example/aoi-7").await;
    let missing = browse(&chained.served, "/source/line-4.example/aoi-7").await;
    assert!(page(&missing, 404).contains("No published statement has this source"));
    chained.add(60).await;
    let served = &chained.served;

    let html = page(&browse(served, "/source/line-4.example/aoi-7").await, 200);
    assert!(html.contains("60 statements are published; the newest has sequence 59"));
    for sequence in 35..60 {
        assert!(html.contains(&format!("href=\"/entry/{sequence}\"")), "{sequence}");
    }
    assert!(!html.contains("href=\"/entry/34\""));
    assert!(html.contains("?before=35\">Older") && html.contains("?before=25\">Oldest"));
    let html = page(&browse(served, "/source/line-4.example/aoi-7?before=25&lang=zh").await, 200);
    assert!(html.contains("href=\"/entry/0?lang=zh\"") && html.contains("?before=50&amp;lang=zh"));
    for beyond in ["0", "000000000000000000000"] {
        let path = format!("/source/line-4.example/aoi-7?before={beyond}");
        assert!(matches!(browse(served, &path).await.status, 400 | 404));
    }
    let all = format!("/source/line-4.example/aoi-7?before={}", u64::MAX);
    assert!(page(&browse(served, &all).await, 200).contains("href=\"/entry/59\""));

    let html = page(&browse(served, "/entry/30").await, 200);
    assert!(html.contains("href=\"/entry/29\">← Previous of this source"));
    assert!(html.contains("href=\"/entry/31\">Next of this source"));
    assert!(html.contains(&leaf_hash(&chained.entries[29]).to_hex()));
    assert!(html.contains("sequence 30\nprevious "), "as it is stored");
    assert!(!html.contains("not for others"), "the operator's note is not public");
    let first = page(&browse(served, "/entry/0").await, 200);
    assert!(first.contains("none: this is the source&#39;s first statement"));
    let start = page(&browse(served, "/").await, 200);
    assert!(start.contains("href=\"/source/line-4.example/aoi-7\""));
}

#[tokio::test]
async fn a_hostile_name_is_text_and_nothing_else() {
    for name in [
        "<script>alert(1)</script>",
        "\"onmouseover=alert(1)//",
        "a'b&lt;c",
        "产线/4",
        "x\u{202e}evil\u{200b}",
        "a?b#c%2F",
        "javascript:alert(1)",
        "//evil.example/x",
    ] {
        let mut chained = Chained::start(name).await;
        chained.add(2).await;
        let served = &chained.served;
        let encoded: String = name
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            })
            .collect();
        let path = format!("/source/{encoded}");
        for path in ["/", "/entry/1", &path] {
            let html = page(&browse(served, path).await, 200);
            let tags = ["<script", "onmouseover=\"", "<b>", "\u{202e}", "\u{200b}"];
            assert!(tags.iter().all(|tag| !html.contains(tag)), "{name}: {path}");
        }
        assert!(page(&browse(served, "/entry/1").await, 200).contains(&format!("href=\"{path}\"")));
        // Another spelling of the same name leads to the one.
        let other = format!("/source/{}?before=1", encoded.replace('/', "%2f"));
        if other != format!("{path}?before=1") {
            let answer = browse(served, &other).await;
            assert_eq!(
                (answer.status, answer.header("location")),
                (308, &*format!("{path}?before=1"))
            );
        }
        let found = browse(served, &format!("/search?q={encoded}")).await;
        assert_eq!((found.status, found.header("location")), (303, path.as_str()), "{name}");
    }
}

#[tokio::test]
async fn a_name_that_browsers_would_walk_away_from_has_no_link() {
    let mut chained = Chained::start("a/../b").await;
    chained.add(1).await;
    let html = page(&browse(&chained.served, "/entry/0").await, 200);
    assert!(html.contains("a/../b") && !html.contains("href=\"/source"));
    page(&browse(&chained.served, "/source/a/../b").await, 404);
    page(&browse(&chained.served, "/search?q=..").await, 404);
}

#[tokio::test]
async fn the_form_finds_entries_by_number_and_leaf_hash() {
    let served = opaque(3).await;
    let leaf = leaf_hash(b"entry 2");
    let base64 = leaf.to_string().replace('+', "%2B").replace('=', "%3D").replace('/', "%2F");
    for (text, to) in [
        ("2", "/entry/2"),
        ("+2+", "/entry/2"),
        ("7", "/entry/7"),
        ("", "/"),
        (&leaf.to_hex(), "/entry/2"),
        (&leaf.to_hex().to_uppercase(), "/entry/2"),
        (&base64, "/entry/2"),
    ] {
        let answer = browse(&served, &format!("/search?q={text}")).await;
        assert_eq!((answer.status, answer.header("location")), (303, to), "{text}");
    }
    let answer = browse(&served, "/search?q=2&lang=zh").await;
    assert_eq!(answer.header("location"), "/entry/2?lang=zh");
    let unknown = format!("/search?q={}", Hash::ZERO.to_hex());
    assert!(page(&browse(&served, &unknown).await, 404).contains("sha256sum"));
    served.get(&unknown).await.is_problem(404, "unknown-leaf");
    let long = "x".repeat(2000);
    let inside = "a".repeat(300);
    for wrong in ["007", "a+b", "%", "%00", "%ff", "18446744073709551616", "name", &long, &inside] {
        let answer = browse(&served, &format!("/search?q={wrong}")).await;
        assert!(page(&answer, 400).contains("neither an index"), "{wrong}");
    }
    page(&browse(&served, "/search").await, 400);
    page(&browse(&served, "/search?q=1&x=2").await, 400);
}

#[tokio::test]
async fn a_log_of_any_bytes_has_no_sources() {
    let served = opaque(1).await;
    page(&browse(&served, "/source/line-4.example/aoi-7").await, 404);
}

#[tokio::test]
async fn the_verifier_is_handed_out_byte_for_byte_or_said_where_it_is() {
    let without = opaque(1).await;
    let html = page(&browse(&without, "/verify").await, 404);
    assert!(html.contains("fiducial-verify.html") && html.contains("--verify-page FILE"));
    assert!(page(&browse(&without, "/verify?lang=zh").await, 404).contains("从磁盘打开"));
    without.get("/verify").await.is_problem(404, "not-found");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("verify.html");
    let text = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-x'\">\n";
    std::fs::write(&file, text).unwrap();
    let page_served = Arc::new(VerifyPage::load(&file).unwrap());
    let explorer = Explorer { verify: Some(page_served), ..Explorer::default() };
    let api = ApiOptions { explorer, ..ApiOptions::default() };
    let served = Served::start_with(Admission::Any, api, ServeOptions::default()).await;
    // Read once: what becomes of the file afterwards changes nothing.
    std::fs::write(&file, "other").unwrap();
    let answer = browse(&served, "/verify").await;
    assert_eq!((answer.status, answer.text()), (200, text));
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; script-src 'sha256-x'; frame-ancestors 'none'"
    );
    let hash = Hash::of(text.as_bytes()).to_hex();
    assert_eq!(answer.header("etag"), format!("\"{hash}\""));
    assert!(page(&browse(&served, "/").await, 200).contains(&hash));
    let again = format!("GET /verify HTTP/1.1\r\nhost: x\r\nif-none-match: \"{hash}\"\r\n\r\n");
    let answer = served.send(&again, b"").await;
    assert_eq!((answer.status, answer.body.len()), (304, 0));
}

#[tokio::test]
async fn pages_may_be_kept_for_a_moment_and_add_no_labels() {
    let served = opaque(2).await;
    for (path, age) in [("/", "public, max-age=5"), ("/entry/1", "public, max-age=60")] {
        assert_eq!(browse(&served, path).await.header("cache-control"), age);
    }
    for path in ["/entry/0", "/entry/1", "/entry/x", "/source/one", "/source/two", "/search?q=1"] {
        browse(&served, path).await;
    }
    let metrics = served.get("/metrics").await;
    let labels: std::collections::BTreeSet<&str> = metrics
        .text()
        .lines()
        .filter_map(|line| line.split("route=\"").nth(1)?.split('"').next())
        .collect();
    let known = log_server::http::route::ROUTES.iter().map(|(route, _, _)| route.name());
    let known: std::collections::BTreeSet<&str> = known.chain(["other"]).collect();
    assert!(labels.is_subset(&known), "{labels:?}");
}
