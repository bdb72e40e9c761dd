//! Walks a JSON text once and refuses any object that has the same member twice, at any depth.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// What the error of a repeated member starts with; no message of the parser does.
const REPEATED: &str = "\u{1}repeated\u{1}";

/// Why a text is not interpreted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not JSON, or nested too deeply.
    NotJson,
    /// The member is there twice in one object.
    Repeated(String),
}

/// Checks a whole text. Nesting is limited to 128 levels by the parser.
pub(super) fn check(json: &[u8]) -> Result<(), Refused> {
    match serde_json::from_slice::<Unique>(json) {
        Ok(Unique) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            let member = text.strip_prefix(REPEATED).and_then(|rest| rest.split_once('\u{1}'));
            Err(member.map_or(Refused::NotJson, |(name, _)| Refused::Repeated(name.to_string())))
        }
    }
}

struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        while items.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if seen.contains(&name) {
                return Err(A::Error::custom(format_args!("{REPEATED}{name}\u{1}")));
            }
            seen.insert(name);
            members.next_value::<Unique>()?;
        }
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_member_is_found_at_any_depth() {
        let repeated = |name: &str| Err(Refused::Repeated(name.to_string()));
        assert_eq!(check(br#"{"a":1,"a":2}"#), repeated("a"));
        assert_eq!(check(br#"{"x":[{"y":{"b":1,"c":2,"b":null}}]}"#), repeated("b"));
        assert_eq!(check(br#"{"a":1,"\u0061":2}"#), repeated("a"), "escapes spell the same name");
        assert_eq!(check(br#"{"a":{"a":[{"a":1},{"a":-2.5e3}]},"b":"a","c":true}"#), Ok(()));
    }

    #[test]
    fn what_is_not_json_is_said_to_be_none() {
        for text in ["", "{", "{}{}", "[1,]", "no", "{\"a\":1,}", "\u{feff}{}"] {
            assert_eq!(check(text.as_bytes()), Err(Refused::NotJson), "{text:?}");
        }
        assert_eq!(check("[".repeat(1000).as_bytes()), Err(Refused::NotJson));
    }
}
