//! `fiducial-constant`: the log's own HTTP stack answering `POST /add` with a constant.
//!
//! The same listener, limits and timeouts as the log, and nothing behind them: what is left of a
//! figure when this one is subtracted is the price of durability and order.

use std::net::SocketAddr;

use clap::Parser;
use log_server::http::{ServeOptions, constant_router, runtime, serve};

/// Answers every entry with 0 and keeps none.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    // The log counts its requests, so what it is compared with does too.
    log_server::http::install_recorder().map_err(std::io::Error::other)?;
    runtime(None)?.block_on(async {
        let listener = tokio::net::TcpListener::bind(arguments.listen).await?;
        let stop = async {
            use tokio::signal::unix::{SignalKind, signal};
            match signal(SignalKind::terminate()) {
                Ok(mut told) => drop(told.recv().await),
                // Without a handler the signal itself ends the process.
                Err(_) => std::future::pending().await,
            }
        };
        serve(listener, constant_router(), ServeOptions::default(), stop).await
    })
}
