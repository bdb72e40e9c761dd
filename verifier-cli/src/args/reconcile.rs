//! What can be typed behind `fiducial reconcile`.

use std::path::PathBuf;

use clap::Args;

use super::PolicyArgs;

#[derive(Args)]
#[command(
    after_help = "Policy and pins: two files that you hold from before, not from this bundle.

Examples:
  fiducial reconcile --units shipped.csv --bundle lot-7.zip --policy policy --pins pins \\
      --lot-key lot-7.key
  fiducial reconcile --units shipped.csv --bundle aoi.zip --bundle oven.zip --policy policy \\
      --pins pins --lot-key lot-7.key --accept found-override --csv findings.csv
  fiducial reconcile --units shipped.csv --bundle lot-7.zip --policy policy --pins pins \\
      --lot-key lot-7.key --report lot-7.html --lang zh
Exit codes: 0 no unit is red, 1 a unit is red or the evidence is rejected, 2 could not tell."
)]
pub(crate) struct Reconcile {
    /// The units that were shipped: one a line, or CSV with a header
    #[arg(long, value_name = "FILE")]
    pub(crate) units: PathBuf,

    /// What the maker has opened: a bundle or a folder; can be repeated
    #[arg(long = "bundle", value_name = "BUNDLE|FOLDER", required = true)]
    pub(crate) bundles: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// Your own pins, a file that you hold from before: what you knew of the sources
    #[arg(long, value_name = "FILE")]
    pub(crate) pins: Option<PathBuf>,

    /// A source's verifier key that you had before, or a file of them; can be repeated
    #[arg(long = "source-key", value_name = "VKEY|FILE")]
    pub(crate) source_keys: Vec<String>,

    /// A file with the key of a lot of yours: 64 hexadecimal digits; can be repeated
    #[arg(long = "lot-key", value_name = "FILE")]
    pub(crate) lot_keys: Vec<PathBuf>,

    /// The log, every entry of which is read: no source has said two things at one place
    #[arg(long, value_name = "URL_OR_FOLDER")]
    pub(crate) log: Option<String>,

    /// List every unit, also those that need no attention
    #[arg(long)]
    pub(crate) all: bool,

    /// Write all findings as a table as well: CSV in UTF-8
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,

    /// Write the verdict and all findings as a page for people, to read and to print (HTML)
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// An amber finding that is agreed to be normal: told, and no longer amber; can be repeated
    #[arg(long, value_name = "FINDING")]
    pub(crate) accept: Vec<String>,

    /// Take amber for red
    #[arg(long)]
    pub(crate) strict: bool,

    /// A word that a machine writes for what is good, besides the usual ones; can be repeated
    #[arg(long, value_name = "WORD")]
    pub(crate) good: Vec<String>,

    /// A word that a machine writes for what is bad, besides the usual ones; can be repeated
    #[arg(long, value_name = "WORD")]
    pub(crate) bad: Vec<String>,
}
