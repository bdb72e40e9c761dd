//! The pages of a running log: what a person finds there is what the log holds, and no more.

use std::fs;

use spec::Hash;
use spec::checkpoint::Checkpoint;
use spec::note::Note;
use spec::tree::Tree;

use crate::factory::{Factory, SOURCE};
use crate::support::{Answer, Server, wait};
use crate::witnesses::Panel;

/// What a browser says that it takes.
const BROWSER: &str = "accept: text/html,*/*;q=0.8\r\n";

/// A page for a browser.
#[track_caller]
fn page(server: &Server, path: &str) -> String {
    let answer = browse(server, path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'; "));
    answer.text().to_owned()
}

fn browse(server: &Server, path: &str) -> Answer {
    server.get_with(path, BROWSER)
}

/// The tree that the log shows.
fn shown(server: &Server) -> Tree {
    let note = Note::parse(&server.get("/checkpoint").body).unwrap();
    Checkpoint::parse(note.text()).unwrap().tree()
}

fn report(number: u64) -> (String, Vec<u8>) {
    let name = format!("board-SN-{number}.json");
    (name, format!("{{\"unit\": \"SN-{number}\", \"verdict\": \"FAILED\"}}").into_bytes())
}

#[test]
fn a_reports_way_is_followed_from_the_start_to_the_signed_root() {
    let (factory, server) = Factory::start();
    for number in 0..3 {
        factory.anchor(&[report(number)]);
    }
    factory.world.published(&server, 3);
    let start = page(&server, "/");
    let source = format!("/source/{SOURCE}");
    assert!(start.contains(&format!("href=\"{source}\"")) && start.contains("href=\"/entry/2\""));
    let chain = page(&server, &source);
    assert!(chain.contains("3 statements are published"));
    let entry = page(&server, "/entry/1");
    let root = shown(&server).root().to_hex();
    assert!(entry.contains("href=\"/entry/0\">← Previous of this source"));
    assert!(entry.contains(&format!("root that the log has signed: 3 entries, {root}")));

    // What is linked is there, and is what any client gets.
    let links = entry.split("href=\"").skip(1).filter_map(|part| part.split('"').next());
    let mut count = 0;
    for link in links.filter(|link| link.starts_with('/')) {
        count += 1;
        let link = link.replace("&amp;", "&");
        let status = browse(&server, &link).status;
        assert_eq!(status, if link == "/verify" { 404 } else { 200 }, "{link}");
    }
    assert!(count > 8, "{count} links");

    // Nothing that only the factory knows.
    for html in [start, chain, entry] {
        for secret in ["SN-1", "board", "FAILED", "unit"] {
            assert!(!html.contains(secret), "{secret}");
        }
    }
}

#[test]
fn a_witness_that_is_away_is_seen_to_be_behind() {
    let mut panel = Panel::new(3, 2);
    let server = panel.serve();
    panel.receipt(&server, b"seen by all");
    let name = panel.witnesses[2].name.clone();
    // The row of a witness: its cells, as text.
    let row = |html: &str| -> Vec<String> {
        let row = html.split("<tr>").find(|row| row.contains(&name) && row.contains("state "));
        let cells = row.expect("each witness has a row").split("</td>");
        cells
            .map(|cell| cell.rsplit('>').find(|text| !text.is_empty()).unwrap().to_owned())
            .collect()
    };
    wait("the third is in step", || {
        page(&server, "/").matches(">in step<").count().ge(&3).then_some(())
    });
    panel.witnesses[2].kill();
    panel.receipt(&server, b"seen by two");
    panel.receipt(&server, b"and again");
    let html = wait("the third is behind", || {
        let html = page(&server, "/");
        html.contains(">cannot be reached<").then_some(html)
    });
    let cells = row(&html);
    assert!(cells[0] == "1" && cells[1] == "2", "cosigned one, two behind: {cells:?}");
    assert!(cells[2].parse::<u64>().is_ok(), "{cells:?}");
    assert_eq!(html.matches(">in step<").count(), 2);
    assert!(!html.contains(&panel.witnesses[2].address), "where it is asked is not said");
    let chinese = page(&server, "/?lang=zh");
    assert!(chinese.contains(">无法连接<") && chinese.contains(">同步<"));
    assert_eq!(server.stop(), 0);
}

#[test]
fn the_growth_outlives_the_process_and_may_be_lost() {
    let (factory, server) = Factory::start();
    factory.anchor(&[report(0)]);
    factory.world.published(&server, 1);
    assert!(page(&server, "/").contains("as this server has noted them since"));
    assert_eq!(server.stop(), 0);
    let noted = String::from_utf8(factory.world.read("log/growth")).unwrap();
    assert!(noted.starts_with("fiducial/growth/v1\nday ") && noted.ends_with(" 1\n"), "{noted}");

    let earlier = "fiducial/growth/v1\nday 1700000000 0\nminute 1700000000 0\n";
    factory.world.write("log/growth", earlier);
    let server = factory.world.serve();
    assert!(page(&server, "/").contains("since 2023-11-14 22:13:20 UTC"));
    assert_eq!(server.stop(), 0);
    for damaged in [Some("fiducial/growth/v1\nday x\n"), None] {
        match damaged {
            Some(text) => factory.world.write("log/growth", text),
            None => fs::remove_file(factory.world.path("log/growth")).unwrap(),
        }
        let server = factory.world.serve();
        let html = page(&server, "/");
        assert!(html.contains("noted them since") && !html.contains("2023"), "it begins anew");
        assert_eq!(server.stop(), 0);
    }
    factory.world.log(&["check", "--data", "log"]).ends_with(0);
}

#[test]
fn the_verifier_is_served_when_the_operator_names_it() {
    let (factory, server) = Factory::start();
    let without = browse(&server, "/verify");
    assert!(without.status == 404 && without.text().contains("fiducial-verify.html"));
    assert_eq!(server.stop(), 0);
    let text = "<html><head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\n";
    factory.world.write("page.html", text);
    let server = factory.world.serve_with(&["--verify-page", "page.html"]);
    let answer = browse(&server, "/verify");
    assert_eq!(answer.text(), text);
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; frame-ancestors 'none'"
    );
    assert!(page(&server, "/").contains(&Hash::of(text.as_bytes()).to_hex()));
    assert_eq!(server.stop(), 0);

    // What is no such page is refused at the start, and says what would be one.
    factory.world.write("other.html", "<html>");
    for wrong in ["other.html", "missing.html"] {
        let said = factory.world.try_serve("log", &["--verify-page", wrong]).err().unwrap();
        assert!(said.code == 2 && said.err.contains(wrong), "{said:?}");
    }
}
