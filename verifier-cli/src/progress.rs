//! How far a long piece of work is, on a terminal only.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error; nothing at all where that is a file or a pipe, or under `--json`.
pub(crate) fn bar(total: u64, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{elapsed_precise} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}",
    );
    ProgressBar::new(total).with_style(style.expect("the template is well-formed"))
}
