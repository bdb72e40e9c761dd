//! The explorer: the log's pages for people, in Chinese and English.
//!
//! Pages are made here from values that were read before; `read` looks into the log, `http/explore`
//! takes requests. Nothing is decided and nothing is kept, but for the growth that a server has
//! seen ([`growth`]) and the verifier's page that it hands out ([`verify`]).
//!
//! Invariant: no script, no cookie, no request to anywhere else: the content security policy allows
//! one style sheet, by its hash, and forms to this log.
//!
//! Invariant: a page shows what entries and checkpoints hold and nothing that is known elsewhere: no
//! addresses of witnesses, no notes on sources. Entries of a log that takes any bytes are digits.
//!
//! Invariant: no page reads more than a bounded number of tiles and bundles, whatever the log's size.

mod chart;
mod entry;
mod fault;
pub mod growth;
mod home;
mod html;
mod ladder;
pub(crate) mod language;
pub(crate) mod link;
mod number;
mod page;
pub(crate) mod read;
mod source;
mod steps;
pub mod verify;
mod words;

use std::sync::Arc;

pub(crate) use entry::entry_page;
pub(crate) use fault::{Fault, fault_page};
pub(crate) use home::{Over, home_page};
pub(crate) use page::{Page, content_security_policy};
pub(crate) use source::source_page;

use growth::Growth;
use verify::VerifyPage;

/// What the explorer has that is not the log's.
#[derive(Clone, Debug, Default)]
pub struct Explorer {
    /// How the log grew while it was served.
    pub growth: Growth,
    /// The verifier in a browser, if it is served.
    pub verify: Option<Arc<VerifyPage>>,
}
