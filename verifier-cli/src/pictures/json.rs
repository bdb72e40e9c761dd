//! JSON that means one thing: no name twice in an object, no integer that a double rounds.
//!
//! `serde_json` keeps the last of two members of one name, so another reader could see the first.
//! How deep it goes is its own limit of 128.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Unread;

/// The largest integer below which a double holds every one.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Parses a whole file.
pub(super) fn parse(text: &str) -> Result<Value, Unread> {
    serde_json::from_str::<Strict>(text).map(|strict| strict.0).map_err(|_| Unread::Form)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && value.abs() > EXACT {
            return Err(E::custom("an integer that is rounded"));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no number"))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = access.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a name occurs twice"));
            }
        }
        Ok(Value::Object(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        assert_eq!(parse("{\"a\":[1,2.5,null,true,\"x\"]}").unwrap()["a"][1], 2.5);
        for text in [
            "{\"a\":1,\"a\":2}",
            "[{\"b\":{\"c\":1,\"c\":1}}]",
            "99999999999999999999999",
            "{} x",
            "{",
            "",
        ] {
            assert_eq!(parse(text), Err(Unread::Form), "{text}");
        }
        assert!(parse(&format!("{}1{}", "[".repeat(500), "]".repeat(500))).is_err());
    }
}
