//! What may be typed behind each command.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::doctor::Language;
use crate::limits::ClientLimits;
use crate::serve::{Config, LogFormat};

#[derive(Args, Debug)]
pub(crate) struct DataArg {
    /// The witness's data folder
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_WITNESS_DATA")]
    pub(crate) data: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// The data folder to make; it must not exist, or be empty
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_WITNESS_DATA")]
    pub(crate) data: PathBuf,
    /// The witness's name for ever: a URL without the scheme, for example witness.example/w1
    #[arg(long)]
    pub(crate) name: String,
    /// The second record, on another disk if there is one and out of backups [default: DIR.high-water]
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_WITNESS_HIGH_WATER")]
    pub(crate) high_water: Option<PathBuf>,
    /// Make no ML-DSA-44 key: cosignatures are then not for after quantum computers
    #[arg(long)]
    pub(crate) no_ml_dsa: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) data: DataArg,
    /// Where to listen; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR",
        env = "FIDUCIAL_WITNESS_LISTEN",
        default_value = "127.0.0.1:7080"
    )]
    pub(crate) listen: SocketAddr,
    /// Certificate chain in PEM form
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        env = "FIDUCIAL_WITNESS_TLS_CERTIFICATE"
    )]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Private key of the certificate in PEM form
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_certificate",
        env = "FIDUCIAL_WITNESS_TLS_KEY"
    )]
    pub(crate) tls_key: Option<PathBuf>,
    /// Open connections of all clients together
    #[arg(
        long,
        value_name = "COUNT",
        env = "FIDUCIAL_WITNESS_CONNECTIONS",
        default_value_t = 4096
    )]
    pub(crate) connections: usize,
    /// Requests a second of one client address
    #[arg(
        long,
        value_name = "COUNT",
        env = "FIDUCIAL_WITNESS_REQUESTS_PER_SECOND",
        default_value = "1000"
    )]
    pub(crate) requests_per_second: NonZeroU32,
    /// Limit clients on this machine as well, for example a proxy
    #[arg(long, env = "FIDUCIAL_WITNESS_LIMIT_LOOPBACK")]
    pub(crate) limit_loopback: bool,
    /// The clock is right now: start although it is far from the latest cosignature
    #[arg(long)]
    pub(crate) clock_ok: bool,
    /// Which log lines, for example info or debug
    #[arg(long, value_name = "FILTER", env = "FIDUCIAL_WITNESS_LOG")]
    pub(crate) log: Option<String>,
    /// How log lines are written
    #[arg(long, value_enum, default_value_t, env = "FIDUCIAL_WITNESS_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
}

impl ServeArgs {
    pub(crate) fn into_config(self) -> Config {
        Config {
            data: self.data.data,
            listen: self.listen,
            tls: self.tls_certificate.zip(self.tls_key),
            clients: ClientLimits {
                connections: self.connections,
                rate: self.requests_per_second,
                limit_loopback: self.limit_loopback,
                ..ClientLimits::default()
            },
            clock_is_right: self.clock_ok,
            log: self.log,
            log_format: self.log_format,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KeyAlgorithm {
    Ed25519,
    #[value(name = "ml-dsa-44")]
    MlDsa44,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make another key; every cosignature from now on has a line by it too
    Add {
        #[command(flatten)]
        data: DataArg,
        /// Which kind
        #[arg(long, value_enum)]
        algorithm: KeyAlgorithm,
        /// Where logs reach this witness, for the printed policy
        #[arg(long)]
        url: Option<String>,
    },
    /// Show every key and whether it signs
    List {
        #[command(flatten)]
        data: DataArg,
    },
    /// Print the lines with which a policy names this witness
    Policy {
        #[command(flatten)]
        data: DataArg,
        /// Where logs reach this witness
        #[arg(long)]
        url: Option<String>,
    },
    /// Never sign with a key again
    Retire {
        /// The key's ID, 8 hex digits
        id: String,
        #[command(flatten)]
        data: DataArg,
    },
}

#[derive(Args, Debug)]
pub(crate) struct LogAddArgs {
    /// The log's verifier keys, files of them (one a line), or one list
    #[arg(value_name = "VKEY|FILE", required = true)]
    pub(crate) keys: Vec<String>,
    #[command(flatten)]
    pub(crate) data: DataArg,
    /// The log's origin [default: the name of its key]
    #[arg(long)]
    pub(crate) origin: Option<String>,
    /// The requests that it may make a day [default: no limit]
    #[arg(long)]
    pub(crate) qpd: Option<u32>,
    /// How to reach its operator
    #[arg(long)]
    pub(crate) contact: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Witness a log, give it another key, or take on a list of the format logs/v0
    Add(LogAddArgs),
    /// Sign nothing more for a log, or trust one of its keys no longer; what is remembered stays
    Disable {
        /// The log's origin
        origin: String,
        #[command(flatten)]
        data: DataArg,
        /// Only this key of it, by its ID
        #[arg(long, value_name = "ID")]
        key: Option<String>,
    },
    /// Show every log: state, origin, requests a day, keys, contact; separated by tabs
    List {
        #[command(flatten)]
        data: DataArg,
    },
}

#[derive(Args, Debug)]
pub(crate) struct SignArgs {
    #[command(flatten)]
    pub(crate) data: DataArg,
    /// The request
    #[arg(long = "in", value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Where the signature lines go
    #[arg(long = "out", value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Show the answer as QR codes too
    #[arg(long)]
    pub(crate) qr: bool,
    /// The clock is right now: sign although it is far from the latest cosignature
    #[arg(long)]
    pub(crate) clock_ok: bool,
}

#[derive(Args, Debug)]
pub(crate) struct QrArgs {
    /// A file, or the texts of codes, one a line
    #[arg(long = "in", value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Write the file that the codes hold, instead of showing codes
    #[arg(long = "out", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show the texts only, not the codes
    #[arg(long)]
    pub(crate) text: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) data: DataArg,
    /// The state was restored from a copy: retire all keys and make fresh ones
    #[arg(long)]
    pub(crate) restored: bool,
    /// The clock was looked at and is right
    #[arg(long)]
    pub(crate) clock_ok: bool,
    /// Where logs reach this witness, for the printed policy
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Language of the report [default: that of LC_ALL, LC_MESSAGES or LANG]
    #[arg(long = "lang", value_enum, env = "FIDUCIAL_LANG")]
    pub(crate) language: Option<Language>,
}
