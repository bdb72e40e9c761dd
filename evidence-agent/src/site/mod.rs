//! The agent as a service: its configuration, its turn, and what it shows.

pub(crate) mod config;
pub(crate) mod page;
pub(crate) mod qr;
pub(crate) mod status;
pub(crate) mod words;
