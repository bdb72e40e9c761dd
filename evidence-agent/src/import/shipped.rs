//! The mapping files that come with the agent, as they lie in `evidence-agent/mappings/`.

/// One mapping file by its name.
macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../mappings/", $name, ".toml")))),*]
    };
}

const SHIPPED: &[(&str, &str)] = shipped![
    "attachment",
    "cfx",
    "datapaq-like",
    "defect-table-like",
    "domestic-like",
    "kic-like",
    "koh-young-like",
    "omron-like-machine",
    "omron-like-operator",
    "program-file",
    "saki-like",
    "t-962-like",
    "t-962-like-certificate",
    "viscom-like-codes",
    "yestech-dat-like",
    "yestech-like",
];

/// Their names, in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The file of this name.
pub(super) fn text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(have, _)| *have == name).map(|(_, text)| *text)
}
