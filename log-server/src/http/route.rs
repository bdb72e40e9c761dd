//! The routes: one list, from which come the labels of metrics and what the API page must show.

/// Where a request goes, as metrics name it. Few, whatever paths clients make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /add`.
    Add,
    /// `POST /add-batch`.
    AddBatch,
    /// `GET /tile/entries/...`.
    Bundle,
    /// `GET /checkpoint`.
    Checkpoint,
    /// `GET /consistency`.
    Consistency,
    /// `GET /entry/...`.
    Entry,
    /// `GET /healthz`.
    Health,
    /// `GET /lookup/...`.
    Lookup,
    /// `GET /metrics`.
    Metrics,
    /// `GET /openapi.json`.
    OpenApi,
    /// Anything else.
    Other,
    /// `GET /proof/...`.
    Proof,
    /// `GET /readyz`.
    Ready,
    /// `GET /`.
    Root,
    /// `GET /search`.
    Search,
    /// `GET /source/...`.
    Source,
    /// `GET /tile/<L>/...`.
    Tile,
    /// `GET /verify`.
    Verify,
}

/// Every route: its pattern in the API page and its method. `Other` has none.
pub const ROUTES: &[(Route, &str, &str)] = &[
    (Route::Add, "/add", "post"),
    (Route::AddBatch, "/add-batch", "post"),
    (Route::Bundle, "/tile/entries/{index}", "get"),
    (Route::Checkpoint, "/checkpoint", "get"),
    (Route::Consistency, "/consistency", "get"),
    (Route::Entry, "/entry/{index}", "get"),
    (Route::Health, "/healthz", "get"),
    (Route::Lookup, "/lookup/{leaf}", "get"),
    (Route::Metrics, "/metrics", "get"),
    (Route::OpenApi, "/openapi.json", "get"),
    (Route::Proof, "/proof/{index}", "get"),
    (Route::Ready, "/readyz", "get"),
    (Route::Root, "/", "get"),
    (Route::Search, "/search", "get"),
    (Route::Source, "/source/{name}", "get"),
    (Route::Tile, "/tile/{level}/{index}", "get"),
    (Route::Verify, "/verify", "get"),
];

impl Route {
    /// How many there are.
    pub const COUNT: usize = 18;

    /// The route of a path. Costs a few comparisons.
    #[must_use]
    pub fn of(path: &str) -> Self {
        match path {
            "/add" => Self::Add,
            "/add-batch" => Self::AddBatch,
            "/checkpoint" => Self::Checkpoint,
            "/consistency" => Self::Consistency,
            "/healthz" => Self::Health,
            "/metrics" => Self::Metrics,
            "/openapi.json" => Self::OpenApi,
            "/readyz" => Self::Ready,
            "/" => Self::Root,
            "/search" => Self::Search,
            "/verify" => Self::Verify,
            path if path.starts_with("/tile/entries/") => Self::Bundle,
            path if path.starts_with("/tile/") => Self::Tile,
            path if path.starts_with("/proof/") => Self::Proof,
            path if path.starts_with("/lookup/") => Self::Lookup,
            path if path.starts_with("/entry/") => Self::Entry,
            path if path.starts_with("/source/") => Self::Source,
            _ => Self::Other,
        }
    }

    /// Its label in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::AddBatch => "add-batch",
            Self::Bundle => "bundle",
            Self::Checkpoint => "checkpoint",
            Self::Consistency => "consistency",
            Self::Entry => "entry",
            Self::Health => "healthz",
            Self::Lookup => "lookup",
            Self::Metrics => "metrics",
            Self::OpenApi => "openapi",
            Self::Other => "other",
            Self::Proof => "proof",
            Self::Ready => "readyz",
            Self::Root => "root",
            Self::Search => "search",
            Self::Source => "source",
            Self::Tile => "tile",
            Self::Verify => "verify",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_leads_to_its_route() {
        assert_eq!(ROUTES.len() + 1, Route::COUNT);
        assert_eq!(Route::Verify as usize + 1, Route::COUNT);
        for (route, pattern, _) in ROUTES {
            let path = pattern.replace("{level}", "0").replace("{index}", "000");
            assert_eq!(Route::of(&path), *route, "{pattern}");
        }
        assert_eq!(Route::of("/add/"), Route::Other);
        assert_eq!(Route::of("/tile"), Route::Other);
    }
}
