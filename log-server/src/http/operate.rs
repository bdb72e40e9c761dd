//! For operators: whether the log lives, whether it takes entries, what it counts, and what it is.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use metrics::gauge;

use super::problem::{Kind, Problem};
use super::route::ROUTES;
use super::{Api, text, typed};
use crate::answer::{Refused, Status};
use crate::number;
use crate::publisher::unix_seconds;
use crate::witnesses::ask::Trouble;
use crate::witnesses::board::{Missing, QUORUM_PATIENCE, Waiting};

/// What Prometheus reads.
const EXPOSITION: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4");

/// States of this moment are not to be cached.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Says what this is, for clients that take no HTML.
pub(super) fn plain(api: &Api) -> Response {
    let log = &api.log;
    let mut page = format!(
        "Fiducial: a transparency log for manufacturing evidence\n\n\
         origin     {}\nadmission  {}\npublished  {}\n",
        log.origin(),
        log.admission(),
        number::entries(log.published().checkpoint.tree().size())
    );
    for key in log.verifier_keys() {
        writeln!(page, "key        {key}").expect("writing to memory does not fail");
    }
    page.push('\n');
    for (_, path, method) in ROUTES {
        let method = method.to_uppercase();
        writeln!(page, "{method:<4} {path}").expect("writing to memory does not fail");
    }
    not_stored(text(page))
}

/// Says that the process lives.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operations",
    description = "200 as long as the process answers; also when the log has stopped taking entries.",
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain"))
)]
pub(super) async fn healthz() -> Response {
    not_stored(text("ok\n"))
}

/// Says whether the log takes entries.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    description = "200 when entries are taken; else 503 with every reason in `reasons`.",
    responses(
        (status = 200, description = "It takes entries", body = String, content_type = "text/plain"),
        (status = 503, description = "`not-ready`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn readyz(State(api): State<Arc<Api>>) -> Result<Response, Problem> {
    let reasons = reasons(&api.log.status(), api.options.waiting_entries);
    if reasons.is_empty() {
        return Ok(not_stored(text("ready\n")));
    }
    Err(Problem::new(Kind::NotReady, reasons.join("; ")).with("reasons", reasons))
}

fn reasons(status: &Status, waiting_entries: usize) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(fatal) = &status.fatal {
        reasons.push(format!("the log has stopped: {fatal}"));
    }
    if !status.index_ready {
        reasons.push("the index of leaf hashes is being rebuilt".to_owned());
    }
    if let Some(error) = &status.refused.heads {
        reasons.push(format!(
            "the new head cannot be stored, so nothing new is published: {error}; if a disk is full, \
             make room on it; it is tried again every second"
        ));
    }
    if let Some(error) = &status.refused.tiles {
        reasons.push(format!("full tiles cannot be stored, the journal keeps them: {error}"));
    }
    if let Some(waiting) = unwitnessed(status) {
        let missing = match &waiting.missing {
            Missing::Elsewhere => {
                "which are missing, the server that signs says in its `/readyz`".to_owned()
            }
            Missing::Named(names) => format!("missing: {}", names.join(", ")),
        };
        reasons.push(format!(
            "the quorum of witnesses has not cosigned the head of {} for {}, so nothing new is \
             published; {missing}",
            number::entries(waiting.size),
            number::of(waiting.time.as_secs(), "second", "seconds"),
        ));
    }
    for witness in status.witnessing.iter().flat_map(|witnessing| &witnessing.witnesses) {
        if let Some(trouble @ Trouble::Contradiction(_)) = &witness.trouble {
            reasons.push(format!("witness {} contradicts this log: {trouble}", witness.name));
        }
    }
    if status.waiting >= waiting_entries {
        let waiting = number::of(status.waiting, "entry waits", "entries wait");
        reasons.push(format!("{waiting} to be committed"));
    }
    reasons
}

/// The head that lacks its quorum, if it has for longer than witnesses take.
fn unwitnessed(status: &Status) -> Option<&Waiting> {
    let waiting = status.witnessing.as_ref()?.waiting.as_ref()?;
    (waiting.time >= QUORUM_PATIENCE).then_some(waiting)
}

/// Shows what is counted.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    description = "Numbers in Prometheus' text format.",
    responses(
        (status = 200, description = "The numbers", body = String, content_type = "text/plain"),
        (status = 404, description = "`not-found`: this process counts nothing", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn metrics(State(api): State<Arc<Api>>) -> Result<Response, Problem> {
    let Some(handle) = &api.options.metrics else {
        return Err(Problem::new(Kind::NotFound, "this process counts nothing"));
    };
    let status = api.log.status();
    gauge!("fiducial_log_sequenced_entries").set(status.sequenced as f64);
    gauge!("fiducial_log_published_entries").set(status.published as f64);
    gauge!("fiducial_log_sealed_entries").set(status.sealed as f64);
    gauge!("fiducial_log_waiting_entries").set(status.waiting as f64);
    gauge!("fiducial_log_published_time_seconds").set(status.published_at as f64);
    gauge!("fiducial_log_index_ready").set(if status.index_ready { 1.0 } else { 0.0 });
    let refuses = status.refused != Refused::default();
    gauge!("fiducial_log_storage_refuses").set(if refuses { 1.0 } else { 0.0 });
    gauge!("fiducial_log_fatal").set(if status.fatal.is_some() { 1.0 } else { 0.0 });
    let since = unix_seconds().saturating_sub(status.published_at);
    if status.published_at > 0 {
        gauge!("fiducial_log_seconds_since_publication").set(since as f64);
    }
    show_witnesses(&status);
    Ok(not_stored(typed(EXPOSITION, handle.render())))
}

fn show_witnesses(status: &Status) {
    let Some(witnessing) = &status.witnessing else { return };
    let reached = unwitnessed(status).is_none();
    gauge!("fiducial_log_quorum_reached").set(if reached { 1.0 } else { 0.0 });
    for witness in &witnessing.witnesses {
        let name = || witness.name.clone();
        gauge!("fiducial_log_witness_cosigned_time_seconds", "witness" => name())
            .set(witness.cosigned_at as f64);
        gauge!("fiducial_log_witness_size", "witness" => name()).set(witness.size as f64);
        let last = witness.trouble.as_ref().map(Trouble::kind);
        for kind in Trouble::KINDS {
            gauge!("fiducial_log_witness_trouble", "witness" => name(), "kind" => kind)
                .set(if last == Some(kind) { 1.0 } else { 0.0 });
        }
    }
}

fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Fatal;
    use crate::witnesses::ask::Contradiction;
    use crate::witnesses::board::{WitnessState, WitnessingStatus};
    use std::time::Duration;

    #[test]
    fn every_reason_is_named() {
        let ready = Status {
            sequenced: 1,
            sealed: 0,
            published: 1,
            published_at: 1,
            waiting: 9,
            index_ready: true,
            refused: Refused::default(),
            witnessing: None,
            fatal: None,
        };
        assert!(reasons(&ready, 10).is_empty());
        let fatal = Some(Fatal::new("a flipped bit"));
        let full = Some("no space left".to_owned());
        let refused = Refused { heads: full.clone(), tiles: full };
        let broken = Status { waiting: 10, index_ready: false, refused, fatal, ..ready };
        let reasons = reasons(&broken, 10);
        assert_eq!(reasons.len(), 5);
        assert!(reasons[0].contains("a flipped bit"));
    }

    #[test]
    fn a_witness_that_contradicts_is_a_reason_though_all_goes_on() {
        let larger = Trouble::Contradiction(Contradiction::Larger { size: 2000 });
        let state = WitnessState {
            name: "w2".to_owned(),
            trouble: Some(larger),
            ..WitnessState::default()
        };
        let status = Status {
            sequenced: 7,
            sealed: 0,
            published: 7,
            published_at: 1,
            waiting: 0,
            index_ready: true,
            refused: Refused::default(),
            witnessing: Some(WitnessingStatus { waiting: None, witnesses: vec![state] }),
            fatal: None,
        };
        let reasons = reasons(&status, 10);
        assert!(reasons[0].starts_with("witness w2 contradicts this log: it says"), "{reasons:?}");
    }

    #[test]
    fn a_head_without_its_quorum_is_a_reason_once_it_has_waited() {
        let waiting = |seconds| Waiting {
            size: 7,
            time: Duration::from_secs(seconds),
            missing: Missing::Named(vec!["w2 (it did not answer in time)".to_owned()]),
        };
        let status = |waiting| Status {
            sequenced: 7,
            sealed: 0,
            published: 6,
            published_at: 1,
            waiting: 0,
            index_ready: true,
            refused: Refused::default(),
            witnessing: Some(WitnessingStatus { waiting, witnesses: Vec::new() }),
            fatal: None,
        };
        assert!(reasons(&status(None), 10).is_empty());
        assert!(reasons(&status(Some(waiting(1))), 10).is_empty());
        let reasons = reasons(&status(Some(waiting(9))), 10);
        assert!(reasons[0].contains("7 entries for 9 seconds"), "{reasons:?}");
        assert!(reasons[0].contains("w2 (it did not answer in time)"));
        // Another server waits for it.
        let others = Waiting { missing: Missing::Elsewhere, ..waiting(12) };
        let reasons = super::reasons(&status(Some(others)), 10);
        assert!(reasons[0].ends_with("the server that signs says in its `/readyz`"), "{reasons:?}");
    }
}
