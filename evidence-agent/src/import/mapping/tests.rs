//! Mapping files that are right, and what is said of those that are not.

use super::*;

/// A mapping with one part put in or exchanged.
fn with(rest: &str) -> Result<Declared, String> {
    Declared::parse(&format!("name = \"x\"\nkind = \"aoi-report\"\nformat = \"csv\"\n{rest}"))
}

#[test]
fn a_mapping_says_where_values_stand() {
    let declared = with(
        "require = \"panel\"\nencoding = [\"utf-8\", \"gbk\"]\nnot-a-value = \"N/A\"\n\
         [csv]\ndelimiter = \";\"\nheader = \"SN\"\nrecords = \"groups\"\ngroup = [\"SN\", 2]\n\
         [fields]\npanel = \"SN\"\nunits = { column = 3, list = true }\nlot = { key = \"Lot\" }\n\
         [times]\nformat = \"MM/dd/yyyy HH:mm\"\nstart = [\"D\", { column = \"T\" }]\nzone = \"+08:00\"\n\
         [links]\nboard = [\"panel\", \"units\"]\nsubject = \"file/name\"\n",
    )
    .unwrap();
    assert_eq!((declared.fields.len(), declared.encodings.len()), (3, 2));
    assert_eq!(
        (declared.require.as_slice(), declared.links.len()),
        (&["panel".to_string()][..], 2)
    );
    let times = declared.times.unwrap();
    assert_eq!((times.start.len(), times.zone.as_deref()), (2, Some("+08:00")));
    assert_eq!(times.start[0].take, Take::First);
}

/// What is wrong in the fourth line and below, and what must be said of it.
const WRONG: [(&str, &str); 44] = [
    ("knd = 1", "line 4: `knd` means nothing in a mapping; allowed: name, description, kind,"),
    ("name = \"y\"", "line 4: "),
    (
        "encoding = \"gb2312\"",
        "line 4: `gb2312` is no encoding; allowed: auto, utf-8, gbk, gb18030,",
    ),
    ("encoding = []", "line 4: `encoding` names none"),
    ("encoding = 1", "line 4: `encoding` is a text in quotes"),
    ("require = \"panel\"", "line 4: `panel` is no field of this mapping"),
    ("[json]", "line 4: [json] is for format = \"json\" only"),
    ("[lines]", "line 4: [lines] is for"),
    ("csv = 1", "line 4: `csv` is a table, [csv]"),
    ("[csv]\ndelimiter = \":\"", "line 5: `delimiter` is"),
    ("[csv]\nquote = \"x\"", "line 5: `quote` is"),
    ("[csv]\ntrim = 1", "line 5: `trim` is true or false"),
    ("[csv]\nheader = -1", "line 5: `header` is the number"),
    ("[csv]\nheader = \" \"", "line 5: `header` is the number"),
    ("[csv]\nrows-below = 1000", "line 5: `rows-below` is 0 to 100"),
    ("[csv]\nrecords = \"cells\"", "line 5: `records` is file, rows or groups"),
    ("[csv]\nrecords = \"groups\"", "line 5: records = \"groups\" needs `group`"),
    ("[csv]\nrecords = \"rows\"\ngroup = [\"a\"]", "line 6: `group` is for"),
    ("[csv]\ngroup = [\"a\"]", "line 5: `group` is for"),
    ("[csv]\nrecords = \"groups\"\ngroup = []", "line 6: `group` names no column"),
    ("[csv]\ndecimal = \";\"", "line 5: `decimal` is"),
    ("[csv]\nquote = \"none\"\ndecimal = \",\"", "line 6: a decimal comma and a delimiter comma"),
    ("[csv]\npreamble = \"\"", "line 5: `preamble` is what stands between"),
    ("[csv]\ntrace = 0", "line 5: a column is its name"),
    ("[fields]\nPanel = \"a\"", "line 5: `Panel`: a field name is"),
    ("[fields]\nkind = \"a\"", "line 5: `kind` is filled by the agent itself"),
    ("[fields]\n\"file/sha256\" = \"a\"", "line 5: `file/sha256` is filled by the agent"),
    ("[fields]\ntags = \"a\"", "line 5: `tags` is filled by the agent"),
    ("[fields]\n\"claimed/start\" = \"a\"", "times have a table of their own, [times]"),
    ("[fields]\npanel = 1", "line 5: `panel` is a text or a table"),
    ("[fields]\npanel = { }", "line 5: `panel` names exactly one place"),
    ("[fields]\npanel = { column = 1, key = \"a\" }", "line 5: `panel` names exactly one place"),
    (
        "[fields]\npanel = { path = \"a\" }",
        "line 5: `path` is not in this format; allowed: { column",
    ),
    ("[fields]\npanel = { column = 1, map = \"a\" }", "line 5: `map` means nothing in panel"),
    (
        "[fields]\npanel = { column = 1, take = \"any\" }",
        "line 5: `any`: `take` is only, first or last",
    ),
    ("[fields]\npanel = { column = 1, list = true, count = true }", "exclude each other"),
    ("[fields]\npanel = { name = 0 }", "line 5: `name` is \"whole\", \"stem\""),
    ("[times]\nstart = \"a\"", "line 4: times needs `format`"),
    ("[times]\nformat = \"MMM\"", "line 5: `format`: `MMM` is no part of a time; parts are"),
    (
        "[times]\nformat = \"iso\"\nstart = { column = 1, list = true }",
        "line 6: a time is one value",
    ),
    ("[times]\nformat = \"iso\"\nzone = \"CST\"", "line 6: `CST` is no zone; allowed: an offset"),
    ("[links]\nbord = \"a\"", "line 5: `bord` means nothing in links; allowed: board, lane,"),
    ("[links]\nboard = \"a\"", "line 5: `a` is no field of this mapping; its fields: file/name"),
    ("[fields", "line 4: "),
];

#[test]
fn what_is_wrong_is_said_with_its_line_and_what_is_allowed() {
    for (rest, want) in WRONG {
        let error = with(rest).expect_err(rest);
        assert!(error.contains(want), "{rest}\n  says: {error}\n  want: {want}");
        assert!(error.starts_with("line "), "{error}");
    }
}

#[test]
fn the_head_of_a_mapping_is_checked_too() {
    for (text, want) in [
        ("", "line 1: a mapping needs `name`"),
        ("name = \"X\"", "line 1: `name` is 1 to 40 lower-case letters"),
        ("name = \"x\"", "line 1: a mapping needs `format`"),
        ("name = \"x\"\nformat = \"pdf\"", "line 2: `pdf` is no format; allowed: cfx, csv, json,"),
        ("name = \"x\"\nformat = \"xml\"", "line 1: a mapping needs `kind`"),
        (
            "name = \"x\"\nformat = \"xml\"\nkind = \"batch\"",
            "line 3: `batch` is no kind of evidence",
        ),
        ("name = \"x\"\nformat = \"xml\"\nkind = 3", "line 3: `kind` is one kind, or a table"),
        ("name = \"x\"\nformat = \"cfx\"\nkind = \"review\"", "line 3: `kind` means nothing"),
        (
            "name = \"x\"\nformat = \"raw\"\nkind = \"program\"\nfields.lot = \"a\"",
            "a raw file has no",
        ),
        (
            "name = \"x\"\nformat = \"xml\"\nkind = \"program\"\nfields.lot = \"@a\"",
            "`@a` is no path",
        ),
        (
            "name = \"x\"\nformat = \"json\"\nkind = \"program\"\njson.records = \"a.\"",
            "is no path",
        ),
        (
            "name = \"x\"\nformat = \"json\"\nkind = { from = \"a\", words = { I = \"aoi\" } }",
            "line 3: `aoi` is no kind of evidence; allowed: aoi-report, attachment, oven-data,",
        ),
        (
            "name = \"x\"\nformat = \"csv\"\nencoding = \"gbk\"\nkind = \"program\"\ncsv.delimiter = \"|\"",
            "line 5: with encoding gbk the delimiter",
        ),
    ] {
        let error = Declared::parse(text).expect_err(text);
        assert!(error.contains(want), "{text}\n  says: {error}\n  want: {want}");
    }
    assert!(Declared::parse(&"#".repeat(MAX_SIZE + 1)).is_err());
}

#[test]
fn every_shipped_mapping_is_right_and_bears_its_name() {
    for name in crate::import::shipped::names() {
        let text = crate::import::shipped::text(name).unwrap();
        let declared = Declared::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(declared.name, name);
    }
}
