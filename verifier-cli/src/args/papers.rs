//! What can be typed of timestamps and templates.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(crate) enum TimestampCommand {
    /// Write a request for a token over a checkpoint, to be sent to an authority
    #[command(after_help = "Examples:
  fiducial timestamp request report.tlog-proof --out report.tsq
  curl -H 'Content-Type: application/timestamp-query' --data-binary @report.tsq \\
      https://tsa.example/ -o report.tsr")]
    Request(TimestampRequest),
    /// Check a token: of this checkpoint, signed, and by an authority that you trust
    #[command(after_help = "Example:
  fiducial timestamp verify report.tsr --for report.tlog-proof --request report.tsq --ca tsa.pem")]
    Verify(TimestampVerify),
}

#[derive(Args)]
pub(crate) struct TimestampRequest {
    /// The checkpoint, or a receipt that holds it
    #[arg(value_name = "CHECKPOINT|RECEIPT")]
    pub(crate) checkpoint: PathBuf,

    /// Where the request goes
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Args)]
pub(crate) struct TimestampVerify {
    /// The authority's response, as it came
    pub(crate) token: PathBuf,

    /// The checkpoint that it must date, or a receipt that holds it
    #[arg(long = "for", value_name = "CHECKPOINT|RECEIPT")]
    pub(crate) checkpoint: PathBuf,

    /// The request that it must answer
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,

    /// Authorities that you trust to state times (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum TemplateCommand {
    /// List the templates
    List,
    /// Show a template with all its blanks
    Show(TemplateShow),
    /// Fill in what a bundle proves, and leave everything else blank
    #[command(after_help = "Example:
  fiducial template fill fre-902-14 --bundle dispute.zip --policy policy --pins pins \\
      --parties parties.toml --out certificate.txt")]
    Fill(TemplateFill),
}

#[derive(Args)]
pub(crate) struct TemplateShow {
    /// The template's name, as the list has it
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct TemplateFill {
    /// The template's name, as the list has it
    pub(crate) name: String,

    /// The bundle that is verified first
    #[arg(long, value_name = "BUNDLE|FOLDER")]
    pub(crate) bundle: PathBuf,

    /// Whose word on a checkpoint is enough (C2SP tlog-policy): a file that you hold from before
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,

    /// Your own pins, a file that you hold from before: what you knew of the sources
    #[arg(long, value_name = "FILE")]
    pub(crate) pins: Option<PathBuf>,

    /// A source's verifier key that you had before, or a file of them; can be repeated
    #[arg(long = "source-key", value_name = "VKEY|FILE")]
    pub(crate) source_keys: Vec<String>,

    /// Your own list of which party runs which witnesses (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) parties: Option<PathBuf>,

    /// Authorities that you trust to state times (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) tsa_ca: Option<PathBuf>,

    /// Where the text goes; without it, standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
