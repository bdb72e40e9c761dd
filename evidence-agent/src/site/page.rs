//! The local page: what the agent is doing, for people at the machine and for their monitoring.
//!
//! ```text
//! GET /              the page; ?lang=zh or the browser's language; reloads itself, no scripts
//! GET /status.json   the same for machines, and for the `status` command
//! GET /metrics       Prometheus text
//! GET /healthz       200 while the run loop turns and nothing stands still, else 503
//! ```
//!
//! Danger: the page names files. It listens on loopback addresses only, which is checked when the
//! configuration is read, and it answers only requests whose `Host` is one, so that a web site
//! cannot read it through the browser by pointing a name of its own at 127.0.0.1.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, RwLock};

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use serde::Deserialize;

use super::status::{AlarmCode, SourceStatus, Status};
use super::words::{self, Words};
use crate::cli::Language;
use crate::model::UnixMillis;

/// What the run loop writes and the page reads.
pub(crate) type Shown = Arc<RwLock<Status>>;

/// How the page looks; inline, since nothing may be fetched.
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;\
padding:0 1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}\
th{font-weight:600}.alarm{border-left:.4rem solid #b00020;background:#fdecee;padding:.5rem 1rem;\
margin:.5rem 0}.fine{border-left:.4rem solid #1b7f3b;background:#eaf6ee;padding:.5rem 1rem}\
code{overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}\
.alarm{background:#3a1519}.fine{background:#12301c}th,td{border-color:#444}}";

/// Serves until the process ends. The listener was bound by the caller, so that a port that is
/// taken is said before anything runs.
pub(crate) fn serve(listener: TcpListener, shown: Shown) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, routes(shown)).await
    })
}

fn routes(shown: Shown) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/status.json", get(json))
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .with_state(shown)
        .layer(from_fn(only_from_here))
}

/// Refuses requests that a foreign web site sent through the browser.
async fn only_from_here(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    if !host.is_some_and(is_loopback) {
        let why = "this page answers on loopback addresses only";
        return (StatusCode::MISDIRECTED_REQUEST, why).into_response();
    }
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    answer
}

fn is_loopback(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[derive(Deserialize)]
struct Asked {
    lang: Option<String>,
}

async fn page(
    State(shown): State<Shown>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Html<String> {
    let browser = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let wanted = asked.lang.as_deref().or(browser).unwrap_or_default();
    let language = if wanted.starts_with("zh") { Language::Zh } else { Language::En };
    Html(render(&now(&shown), language))
}

async fn json(State(shown): State<Shown>) -> Json<Status> {
    Json(now(&shown))
}

async fn metrics(State(shown): State<Shown>) -> String {
    exposition(&now(&shown))
}

async fn health(State(shown): State<Shown>) -> (StatusCode, String) {
    let status = now(&shown);
    match status.alarms.iter().find(|alarm| stands_still(alarm.code)) {
        None => (StatusCode::OK, "ok\n".to_string()),
        Some(alarm) => {
            let text = format!("{}: {}\n", alarm.about, alarm.facts);
            (StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
}

/// Whether something waits for a person.
pub(crate) const fn stands_still(code: AlarmCode) -> bool {
    matches!(
        code,
        AlarmCode::ChainStopped
            | AlarmCode::LogRefused
            | AlarmCode::WentBack
            | AlarmCode::CaptureFailed
            | AlarmCode::DiskFull
            | AlarmCode::NotListed
    )
}

fn now(shown: &Shown) -> Status {
    shown.read().expect("no panic under this lock").clone()
}

/// The page. Everything that comes from outside is escaped.
fn render(status: &Status, language: Language) -> String {
    let words = Words::of(language);
    let tag = if language == Language::Zh { "zh" } else { "en" };
    let mut html = format!(
        "<!doctype html><html lang=\"{tag}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"refresh\" content=\"5\"><title>{0}</title><style>{STYLE}</style>\
         <h1>{0}</h1><p><a href=\"/?lang=en\">English</a> · <a href=\"/?lang=zh\">中文</a></p>",
        words.title
    );
    for alarm in &status.alarms {
        let advice = alarm.code.advice(language);
        let (about, facts) = (escape(&alarm.about), escape(&alarm.facts));
        let _ = write!(
            html,
            "<div class=\"alarm\" role=\"alert\"><b>{about}</b>: {facts}<br>{0}: {advice}</div>",
            words.what_to_do
        );
    }
    if status.alarms.is_empty() {
        let _ = write!(html, "<div class=\"fine\">{}</div>", status.at_a_glance(language));
    }
    let disk = status.disk;
    let left = disk.days_left.map_or(String::new(), |days| format!(", {days} {}", words.days_left));
    let rows = [
        (words.log, format!("{} — {}", escape(&status.log), escape(&status.log_state(language)))),
        (words.lag, words::span(status.lag_seconds(), language)),
        (words.disk, format!("{} / {}{left}", gigabytes(disk.free), gigabytes(disk.total))),
    ];
    html += "<table>";
    for (name, value) in rows {
        let _ = write!(html, "<tr><th>{name}</th><td>{value}</td></tr>");
    }
    html += "</table>";
    for source in &status.sources {
        html += &render_source(source, status.made, language);
    }
    let _ = write!(html, "<p>{} · {}</p></html>", escape(&status.version), clock_text(status));
    html
}

fn render_source(source: &SourceStatus, now: UnixMillis, language: Language) -> String {
    let words = Words::of(language);
    let mut html = format!("<h2>{}</h2><table>", escape(&source.name));
    let mut row = |name: &str, value: &str| {
        let _ = write!(html, "<tr><th>{name}</th><td>{value}</td></tr>");
    };
    for (name, value) in source.rows(now, language) {
        row(name, &escape(&value));
    }
    for watch in &source.watches {
        let text = escape(&watch.describe(language)).replace('\n', "<br>");
        row(&format!("{} {}", words.watch, escape(&watch.name)), &text);
    }
    html + "</table>"
}

fn clock_text(status: &Status) -> String {
    crate::clock::format(status.made)
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}

/// The metrics, in Prometheus' text format: a few gauges of one value, written as they are.
fn exposition(status: &Status) -> String {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, rows: Vec<(String, u64)>| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in rows {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let by_source = |value: &dyn Fn(&SourceStatus) -> u64| {
        let row = |source: &SourceStatus| {
            (format!("{{source=\"{}\"}}", label(&source.name)), value(source))
        };
        status.sources.iter().map(row).collect::<Vec<_>>()
    };
    let one = |value: u64| vec![(String::new(), value)];
    family("fiducial_agent_lag_seconds", "Age of the oldest statement without a receipt.", {
        one(status.lag_seconds())
    });
    family("fiducial_agent_log_answers", "1 if the log answered last time.", {
        one(u64::from(status.log_trouble.is_none()))
    });
    family("fiducial_agent_disk_free_bytes", "Free below the vault.", one(status.disk.free));
    family("fiducial_agent_pending_records", "Records that wait for a statement.", {
        by_source(&|source| source.pending)
    });
    family("fiducial_agent_unanchored_statements", "Statements without a receipt.", {
        by_source(&|source| source.unanchored)
    });
    family("fiducial_agent_next_sequence", "The number of the next statement.", {
        by_source(&|source| source.next_sequence)
    });
    family("fiducial_agent_stopped", "1 if the chain waits for a person.", {
        by_source(&|source| u64::from(source.stopped.is_some()))
    });
    family("fiducial_agent_captured_items", "Items captured since the start.", {
        by_source(&|source| source.watches.iter().map(|watch| watch.captured).sum())
    });
    family("fiducial_agent_alarms", "Alarms that are on.", one(status.alarms.len() as u64));
    text
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::status::{Alarm, ReceiptStatus, WatchStatus};

    fn status() -> Status {
        Status {
            version: "0.1".to_string(),
            made: UnixMillis(1_772_438_400_000),
            log: "https://log.example".to_string(),
            sources: vec![SourceStatus {
                name: "line-4.example/aoi-7".to_string(),
                pending: 3,
                unanchored: 2,
                waiting_since: Some(UnixMillis(1_772_438_340_000)),
                receipt: Some(ReceiptStatus { sequence: 8, index: 41, ..Default::default() }),
                watches: vec![WatchStatus {
                    name: "reports".to_string(),
                    kind: "folder".to_string(),
                    complaints: vec![("<b>.xml".to_string(), "denied & gone".to_string())],
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn alarm(code: AlarmCode) -> Alarm {
        Alarm { code, about: "aoi\"7".to_string(), facts: "<script>".to_string() }
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let mut status = status();
        status.alarms.push(alarm(AlarmCode::ChainStopped));
        for language in [Language::En, Language::Zh] {
            let html = render(&status, language);
            assert!(!html.contains("<script>") && !html.contains("<b>.xml"), "{html}");
            assert!(html.contains("&lt;script&gt;") && html.contains("denied &amp; gone"));
        }
    }

    #[test]
    fn the_page_speaks_both_languages() {
        let (english, chinese) = (render(&status(), Language::En), render(&status(), Language::Zh));
        assert!(english.contains("lang=\"en\"") && english.contains("last receipt"));
        assert!(chinese.contains("lang=\"zh\"") && chinese.contains("最近的回执"));
        assert!(status().describe(Language::Zh).contains("最近的声明"));
    }

    #[test]
    fn metrics_have_one_row_a_source() {
        let text = exposition(&status());
        assert!(text.contains("\nfiducial_agent_lag_seconds 60\n"), "{text}");
        let row = "fiducial_agent_pending_records{source=\"line-4.example/aoi-7\"} 3\n";
        assert!(text.contains(row), "{text}");
    }

    #[test]
    fn only_loopback_names_are_answered() {
        for host in ["127.0.0.1:7071", "localhost:7071", "localhost", "[::1]:7071", "127.8.9.1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["evil.example", "evil.example:7071", "10.0.0.1", "", "127.0.0.1.evil.example"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    /// One request over a real connection.
    fn ask(address: SocketAddr, path: &str, host: &str) -> (u16, String) {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }

    #[test]
    fn the_page_is_served_on_loopback_and_to_no_foreign_site() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shown: Shown = Arc::new(RwLock::new(status()));
        let served = Arc::clone(&shown);
        std::thread::spawn(move || serve(listener, served));
        let host = address.to_string();
        let (code, answer) = ask(address, "/", &host);
        assert_eq!(code, 200);
        assert!(answer.contains("default-src 'none'") && answer.contains("line-4.example/aoi-7"));
        assert_eq!(ask(address, "/", "evil.example").0, 421);
        assert_eq!(ask(address, "/elsewhere", &host).0, 404);
        assert_eq!(ask(address, "/healthz", &host).0, 200);
        let (_, body) = ask(address, "/status.json", &host);
        let json = body.split("\r\n\r\n").nth(1).unwrap();
        assert_eq!(serde_json::from_str::<Status>(json).unwrap(), status());

        shown.write().unwrap().alarms.push(alarm(AlarmCode::ChainStopped));
        assert_eq!(ask(address, "/healthz", &host).0, 503);
        shown.write().unwrap().alarms = vec![alarm(AlarmCode::Lag)];
        assert_eq!(ask(address, "/healthz", &host).0, 200, "waiting is no fault");
    }
}
