//! JSON whose members keep their order, as the CFX SDK writes them: nulls written out, doubles
//! with a point.

/// An object from its members; the values are JSON already.
pub(crate) fn object<const N: usize>(members: [(&str, String); N]) -> String {
    let members = members.map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", members.join(","))
}

/// An array; the items are JSON already.
pub(crate) fn array(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

/// A string.
pub(crate) fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// A double: 90 is written `90.0`.
pub(crate) fn double(value: f64) -> String {
    format!("{value:?}")
}

/// `null`.
pub(crate) fn null() -> String {
    String::from("null")
}

/// Compresses as the CFX SDK does before it sends; no name and no time in the header.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes every byte")
}
