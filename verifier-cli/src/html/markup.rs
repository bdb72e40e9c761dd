//! Markup that cannot be forged: the one way by which text gets into the report.
//!
//! Tags and names of attributes are words of this program (`&'static str`); everything else goes
//! through [`Html::text`] or an [`Attribute`], which escape it, make control and direction characters visible
//! and cut it. There is no method that takes markup from elsewhere.

use crate::report::printable;

/// The most characters of one text. A field may have 65,536 bytes; a sentence of ours with its
/// values fits.
pub(super) const MAX_TEXT: usize = 2000;

/// The most characters of one value in a table.
pub(super) const MAX_VALUE: usize = 160;

/// The most lines of one text.
const MAX_LINES: usize = 60;

/// A piece of the page.
#[derive(Debug, Default)]
pub(super) struct Html(String);

/// What an attribute is set to.
pub(super) enum Attribute<'a> {
    /// A word of this program.
    Fixed(&'static str),
    /// A length or a place, in the drawing's units.
    Number(f64),
    /// Dots, as a path that a round pen draws.
    Dots(&'a [(f64, f64)]),
    /// Corners of a line or an area.
    Points(&'a [(f64, f64)]),
    /// Anything else.
    Text(&'a str),
}

/// The attributes of a tag.
pub(super) type Attributes<'a> = &'a [(&'static str, Attribute<'a>)];

/// The attribute that the style sheet knows a tag by.
pub(super) const fn class(name: &'static str) -> (&'static str, Attribute<'static>) {
    ("class", Attribute::Fixed(name))
}

impl Html {
    /// Adds markup of this program.
    pub(super) fn markup(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Adds a text.
    pub(super) fn text(&mut self, text: &str) {
        escape(&mut self.0, text, MAX_TEXT);
    }

    /// Adds a text of several lines.
    pub(super) fn lines(&mut self, text: &str) {
        let mut lines = text.split('\n');
        for (at, line) in lines.by_ref().take(MAX_LINES).enumerate() {
            if at > 0 {
                self.0.push_str("<br>");
            }
            self.text(line);
        }
        let left = lines.count();
        if left > 0 {
            self.0 += &format!("<br>… (+{left})");
        }
    }

    /// How long the page is so far.
    pub(super) const fn size(&self) -> usize {
        self.0.len()
    }

    /// Adds a value from outside, cut shorter than a sentence.
    pub(super) fn value(&mut self, value: &str) {
        escape(&mut self.0, value, MAX_VALUE);
    }

    /// Adds a value from outside that may be a list: a line ends behind its commas, and within none of its numbers.
    pub(super) fn listed(&mut self, value: &str) {
        let from = self.0.len();
        self.value(value);
        // No word that stands for a letter has a comma in it.
        let shown = self.0.split_off(from).replace(',', ",<wbr>");
        self.0.push_str(&shown);
    }

    /// Adds a tag with what is in it.
    pub(super) fn tag(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        inner: impl FnOnce(&mut Self),
    ) {
        self.open(name, attributes);
        inner(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        if BLOCKS.contains(&name) {
            self.0.push('\n');
        }
    }

    /// Adds a tag with a text in it.
    pub(super) fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.tag(name, attributes, |html| html.text(text));
    }

    /// Adds a tag with a value from outside in it.
    pub(super) fn cell(&mut self, name: &'static str, attributes: Attributes<'_>, value: &str) {
        self.tag(name, attributes, |html| html.value(value));
    }

    /// Adds a tag that has no end.
    pub(super) fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.open(name, attributes);
        self.0.push('\n');
    }

    fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            match value {
                Attribute::Fixed(word) => self.0.push_str(word),
                Attribute::Number(number) => self.0.push_str(&decimal(*number)),
                Attribute::Dots(dots) => {
                    for (x, y) in *dots {
                        self.0 += &format!("M{} {}h0", decimal(*x), decimal(*y));
                    }
                }
                Attribute::Points(points) => {
                    for (at, (x, y)) in points.iter().enumerate() {
                        let space = if at == 0 { "" } else { " " };
                        self.0 += &format!("{space}{},{}", decimal(*x), decimal(*y));
                    }
                }
                Attribute::Text(text) => escape(&mut self.0, text, MAX_TEXT),
            }
            self.0.push('"');
        }
        self.0.push('>');
    }

    /// The finished markup.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// Behind these a line ends, so that the file can be read and compared.
const BLOCKS: [&str; 17] = [
    "body", "dd", "div", "footer", "h1", "h2", "h3", "head", "header", "li", "p", "section",
    "style", "svg", "table", "title", "tr",
];

/// Adds at most `most` characters, and says how many were left out.
fn escape(to: &mut String, text: &str, most: usize) {
    // What is printable is at most ten times as long, so a field is made so only as far as shown.
    let kept: String = text.chars().take(most).collect();
    let left = text[kept.len()..].chars().count();
    for letter in printable(&kept).chars() {
        match letter {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            // Letters that nobody sees, and those that break Unicode's own rules.
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => {
                to.extend(letter.escape_unicode());
            }
            _ => to.push(letter),
        }
    }
    if left > 0 {
        to.push_str(&format!(" … (+{left})"));
    }
}

/// A number with at most two digits behind the point; always the same text for the same number.
pub(super) fn decimal(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" | "NaN" | "inf" | "-inf" => "0".to_string(),
        _ => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut html = Html::default();
        html.text(text);
        html.into_string()
    }

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(
            shown("<script>alert('x')</script>&amp;\""),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;&quot;"
        );
        let mut html = Html::default();
        html.tag("td", &[("title", Attribute::Text("\" onload=\"x"))], |_| {});
        assert_eq!(html.into_string(), "<td title=\"&quot; onload=&quot;x\"></td>");
    }

    #[test]
    fn direction_and_hidden_characters_are_seen() {
        assert_eq!(shown("a\u{202e}b\u{200b}c\u{7}"), "a\\u{202e}b\\u{200b}c\\u{7}");
        assert_eq!(shown("产线 4"), "产线 4");
    }

    #[test]
    fn a_long_field_is_cut_and_says_by_how_much() {
        let long = "<".repeat(65_536);
        let cut = shown(&long);
        assert_eq!(cut.matches("&lt;").count(), MAX_TEXT);
        assert!(cut.ends_with(" … (+63536)"), "{}", &cut[cut.len() - 40..]);
        let mut html = Html::default();
        html.value(&"é".repeat(200));
        assert!(html.into_string().ends_with("é … (+40)"));
    }

    #[test]
    fn a_list_of_numbers_ends_its_lines_behind_commas() {
        let mut html = Html::default();
        html.text("before, ");
        html.listed("165.0,175.0,<b>");
        assert_eq!(html.into_string(), "before, 165.0,<wbr>175.0,<wbr>&lt;b&gt;");
    }

    #[test]
    fn numbers_have_one_form() {
        for (number, text) in [
            (1.0, "1"),
            (-0.001, "0"),
            (12.345, "12.35"),
            (f64::NAN, "0"),
            (100.0, "100"),
            (0.5, "0.5"),
        ] {
            assert_eq!(decimal(number), text);
        }
    }
}
