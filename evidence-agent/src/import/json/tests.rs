//! What is JSON and what is not, compared with another reader.

use super::*;
use proptest::prelude::*;
use serde::de::IgnoredAny;

fn repeated(text: &str) -> Option<String> {
    let document = Document::parse(text).unwrap();
    document.roots().find_map(Value::repeated).map(Cow::into_owned)
}

#[test]
fn a_repeated_member_is_found_at_any_depth() {
    assert_eq!(repeated(r#"{"a":1,"a":2}"#).as_deref(), Some("a"));
    assert_eq!(repeated(r#"{"x":[{"y":{"b":1,"c":2,"b":null}}]}"#).as_deref(), Some("b"));
    assert_eq!(repeated(r#"{"a":1,"\u0061":2}"#).as_deref(), Some("a"), "one name, two spellings");
    assert_eq!(repeated(r#"{"a":{"a":[{"a":1},{"a":-2.5e3}]},"b":"a","c":true}"#), None);
    let many: Vec<String> = (0..100).map(|at| format!("\"m{at}\":[{at}]")).collect();
    assert_eq!(repeated(&format!("{{{}}}", many.join(","))), None);
    assert_eq!(repeated(&format!("{{{},\"m7\":0}}", many.join(","))).as_deref(), Some("m7"));
}

#[test]
fn numbers_stay_as_they_are_written_and_values_know_their_place() {
    let text = " [ {\"n\": 9007199254740993, \"m\": 1.50e+2}, null ] ";
    let document = Document::parse(text).unwrap();
    let root = document.roots().next().unwrap();
    let first = root.items().next().unwrap();
    assert_eq!(&text[first.range()], "{\"n\": 9007199254740993, \"m\": 1.50e+2}");
    assert_eq!(first.member("n").and_then(Value::text).as_deref(), Some("9007199254740993"));
    assert_eq!(first.member("m").and_then(Value::text).as_deref(), Some("1.50e+2"));
    assert_eq!((root.items().count(), first.items().count()), (2, 0));
    assert!(root.member("n").is_none() && first.member("x").is_none());
}

#[test]
fn objects_on_lines_of_their_own_are_a_text_and_nothing_else_in_a_row_is() {
    let count = |text| Document::parse(text).map(|document| document.roots().count());
    assert_eq!(count("{}\n{\"a\":1}\r\n\n{}\n"), Ok(3));
    for text in ["{}{}", "{} {}", "1\n2", "{}\n1", "[]\n[]", "[1,2]\n{}"] {
        assert_eq!(count(text), Err(Refused::NotJson), "{text:?}");
    }
}

#[test]
fn what_is_not_json_is_said_to_be_none() {
    for text in ["", " ", "{", "[1,]", "no", "{\"a\":1,}", "\u{feff}{}", "01", "1.", "-", "\"\t\""]
    {
        assert_eq!(Document::parse(text).err(), Some(Refused::NotJson), "{text:?}");
    }
    for text in [r#""\ud800""#, r#""\udc00x""#, r#""\ud800\u0041""#, r#""\u12g4""#, r#""\x""#] {
        assert_eq!(Document::parse(text).err(), Some(Refused::NotJson), "{text:?}");
    }
    assert_eq!(Document::parse(&"[".repeat(1000)).err(), Some(Refused::NotJson));
    let deep = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(Document::parse(&deep).is_ok());
    let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
    assert_eq!(Document::parse(&many).err(), Some(Refused::TooMany));
}

fn one_root(text: &str) -> bool {
    Document::parse(text).is_ok_and(|document| document.roots().count() == 1)
}

/// Between `serde_json`'s two ways: building values (which refuses numbers that no float holds)
/// and skipping them (which takes halves of surrogate pairs).
fn agrees(text: &str) {
    if serde_json::from_str::<serde_json::Value>(text).is_ok() {
        assert!(one_root(text), "refused: {text:?}");
    }
    if one_root(text) {
        assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "taken: {text:?}");
    }
}

proptest! {
    #[test]
    fn it_takes_what_another_reader_takes(text in r#"[\[\]{},:"\\ntruefalse0-9eE.+ u-]{0,24}"#) {
        agrees(&text);
    }

    #[test]
    fn a_changed_text_is_judged_as_by_another_reader(
        at in any::<proptest::sample::Index>(),
        letter in r#"[\[\]{},:"\\n0 \n]"#,
    ) {
        let text = r#"{"a":[1,-2.5e3,"x\u00e9\\",{"b":null,"c":[true,false]}],"d":{}}"#;
        let at = at.index(text.len());
        agrees(&format!("{}{letter}{}", &text[..at], &text[at + 1..]));
        agrees(&format!("{}{letter}{}", &text[..at], &text[at..]));
    }
}
