//! How far `run --once` has come, at a terminal: nothing is drawn where nobody looks.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::words::Captured;
use crate::cli::Language;
use crate::number;

/// How often the sign of life moves.
const BEAT: Duration = Duration::from_millis(100);

/// The line that moves. How many items there are is known only once all were looked at, and how many
/// statements once they are sealed.
pub(super) struct Meter {
    bar: ProgressBar,
    language: Language,
}

impl Meter {
    pub(super) fn new(language: Language) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(BEAT);
        Self { bar, language }
    }

    /// Says something between two states of the line.
    pub(super) fn aside(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }

    /// What is durable in the vault so far.
    pub(super) fn captured(&self, done: &Captured) {
        let Captured { items, records, .. } = done;
        self.bar.set_message(match self.language {
            Language::En => {
                let items = number::of(*items, "item", "items");
                format!("{items} captured, {}", number::of(*records, "record", "records"))
            }
            Language::Zh => format!("已采集 {items} 项，{records} 条记录"),
        });
    }

    /// From here on receipts are waited for: so many.
    pub(super) fn sealed(&self, statements: u64) {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}, {eta} left");
        self.bar.set_style(style.expect("the template is well formed"));
        self.bar.set_message(match self.language {
            Language::En => "statements anchored",
            Language::Zh => "条声明已锚定",
        });
        self.bar.set_length(statements);
    }

    /// So many still wait.
    pub(super) fn waits(&self, waiting: u64) {
        let all = self.bar.length().unwrap_or_default().max(waiting);
        self.bar.set_length(all);
        self.bar.set_position(all - waiting);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
