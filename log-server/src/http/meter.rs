//! What is counted of HTTP, and the recorder that every part of the log counts into.
//!
//! Each counter is looked up once and kept, so that a request costs two atomic additions.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::StatusCode;
use metrics::{Counter, Histogram, counter, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::route::Route;

/// The statuses that the log answers with; others are counted together.
const STATUSES: [u16; 14] = [200, 400, 403, 404, 405, 408, 409, 413, 422, 429, 500, 503, 304, 206];

/// The bounds of every histogram of time, in seconds: from one commit on a fast disk to a stuck client.
const BUCKETS: [f64; 17] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];

/// The bounds of how many entries a commit has.
const COUNTS: [f64; 9] = [1.0, 2.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0];

/// Installs the process's recorder, once; later calls return the same one.
///
/// To be called before anything counts: what was counted earlier is lost.
pub fn install_recorder() -> Result<PrometheusHandle, BuildError> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    static INSTALL: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = INSTALL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let commit_entries = Matcher::Full("fiducial_log_commit_entries".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)?
        .set_buckets_for_metric(commit_entries, &COUNTS)?
        .install_recorder()?;
    describe();
    Ok(HANDLE.get_or_init(|| handle).clone())
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!("fiducial_http_requests_total", "Requests answered, by route and status.");
    describe_histogram!(
        "fiducial_http_request_seconds",
        Unit::Seconds,
        "Time from a request's head to its answer's head, by route."
    );
    describe_gauge!("fiducial_http_connections", "Open connections.");
    describe_counter!("fiducial_http_connections_refused_total", "Connections over a limit.");
    describe_counter!(
        "fiducial_http_tls_renewals_total",
        "Times that the certificate was read again."
    );
    describe_gauge!(
        "fiducial_http_tls_files_unusable",
        "1 when the certificate cannot be renewed."
    );
    describe_gauge!("fiducial_log_sequenced_entries", "Entries that are durable.");
    describe_gauge!("fiducial_log_published_entries", "Entries under the published checkpoint.");
    describe_gauge!("fiducial_log_sealed_entries", "Entries below full tiles on disk.");
    describe_gauge!("fiducial_log_waiting_entries", "Entries waiting for the next commit.");
    describe_gauge!(
        "fiducial_log_published_time_seconds",
        Unit::Seconds,
        "When the published checkpoint was signed, since 1970."
    );
    describe_gauge!("fiducial_log_storage_refuses", "1 when heads or tiles cannot be stored.");
    describe_gauge!("fiducial_log_index_ready", "1 when duplicates can be looked up.");
    describe_counter!("fiducial_log_commits_total", "Commits: one write and one sync each.");
    describe_histogram!("fiducial_log_commit_entries", "Entries of a commit.");
    describe_histogram!(
        "fiducial_log_journal_sync_seconds",
        Unit::Seconds,
        "Time that the device takes to make a commit durable."
    );
    describe_counter!("fiducial_log_objects_total", "Full tiles and bundles written.");
    describe_gauge!("fiducial_log_fatal", "1 when the log has stopped taking entries.");
}

/// The counters of HTTP.
pub(super) struct Meter {
    /// By route, then by status; the last is for all other statuses.
    requests: [[OnceLock<Counter>; STATUSES.len() + 1]; Route::COUNT],
    seconds: [OnceLock<Histogram>; Route::COUNT],
}

impl Meter {
    pub(super) const fn new() -> Self {
        Self {
            requests: [const { [const { OnceLock::new() }; STATUSES.len() + 1] }; Route::COUNT],
            seconds: [const { OnceLock::new() }; Route::COUNT],
        }
    }

    pub(super) fn record(&self, route: Route, status: StatusCode, time: Duration) {
        let code = status.as_u16();
        let at = STATUSES.iter().position(|known| *known == code).unwrap_or(STATUSES.len());
        let requests = self.requests[route as usize][at].get_or_init(|| {
            let status = STATUSES.get(at).map_or_else(|| "other".to_owned(), u16::to_string);
            counter!("fiducial_http_requests_total", "route" => route.name(), "status" => status)
        });
        requests.increment(1);
        let seconds = self.seconds[route as usize]
            .get_or_init(|| histogram!("fiducial_http_request_seconds", "route" => route.name()));
        seconds.record(time.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_appear_by_route_and_status() {
        let handle = install_recorder().unwrap();
        let meter = Meter::new();
        meter.record(Route::Lookup, StatusCode::OK, Duration::from_millis(3));
        meter.record(Route::Lookup, StatusCode::IM_A_TEAPOT, Duration::from_millis(3));
        let shown = install_recorder().unwrap().render();
        assert_eq!(shown.is_empty(), handle.render().is_empty());
        for line in [
            "fiducial_http_requests_total{route=\"lookup\",status=\"200\"}",
            "fiducial_http_requests_total{route=\"lookup\",status=\"other\"}",
            "fiducial_http_request_seconds_bucket{route=\"lookup\",le=\"0.005\"}",
        ] {
            assert!(shown.contains(line), "{line} in {shown}");
        }
    }
}
