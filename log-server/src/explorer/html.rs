//! HTML that cannot be broken out of.
//!
//! [`Html`] is made of elements and of text, and of nothing else: names of elements and attributes
//! are part of the program, and whatever comes from elsewhere is escaped on its way in. There is no
//! function that takes markup as text, so nothing has to be remembered where it is called.
//!
//! Letters that do not show, or that turn a line around, are shown by their number: a name must not
//! look like another, nor like the page's own words.
//!
//! Why not a library: `maud` and `askama` escape as well, and both have a way around it for the
//! one who is in a hurry. This is smaller than either's macros.

use std::fmt::{self, Display, Write};

/// Attributes of an element: their names, and values that are escaped.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

/// A document, or part of one.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Begins a document.
    pub(super) fn document() -> Self {
        Self("<!doctype html>\n".to_owned())
    }

    /// An element with others inside. `tag` is a word of this program.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(tag, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// An element with text inside.
    pub(super) fn leaf(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        text: impl Display,
    ) {
        self.element(tag, attributes, |html| html.text(text));
    }

    /// An element that has no end, such as `<meta>`, or one of SVG with nothing inside.
    pub(super) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.open(tag, attributes);
        if is_of_svg(tag) {
            self.0.truncate(self.0.len() - 1);
            self.0.push_str("/>");
        }
    }

    /// Text, in which nothing is markup.
    pub(super) fn text(&mut self, text: impl Display) {
        write!(Escaped(&mut self.0), "{text}").expect("writing to memory does not fail");
    }

    /// Lines of text as they are, for a `<pre>`.
    pub(super) fn lines(&mut self, text: &str) {
        for line in text.split_inclusive('\n') {
            self.text(line.strip_suffix('\n').unwrap_or(line));
            if line.ends_with('\n') {
                self.0.push('\n');
            }
        }
    }

    /// The style sheet, which is part of the program. It must not end the element that it stands in.
    pub(super) fn style(&mut self, sheet: &'static str) {
        assert!(!sheet.contains("</"), "a style sheet of ours holds no markup");
        self.0.push_str("<style>");
        self.0.push_str(sheet);
        self.0.push_str("</style>");
    }

    /// The bytes.
    pub(super) fn into_string(self) -> String {
        self.0
    }

    fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }
}

fn is_of_svg(tag: &str) -> bool {
    matches!(tag, "line" | "path" | "rect" | "circle")
}

/// What is written here stands for itself.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                letter if is_unseen(letter) => self.0.extend(letter.escape_unicode()),
                letter => self.0.push(letter),
            }
        }
        Ok(())
    }
}

/// Whether a letter does something rather than being seen: control characters, those without width,
/// and those that set the direction of a line.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_elsewhere_is_never_markup() {
        let mut html = Html::default();
        let hostile = "\"><script>alert('x')</script>&amp;";
        html.leaf("p", &[("title", &hostile)], hostile);
        let text = html.into_string();
        assert_eq!(text.matches('<').count(), 2, "{text}");
        assert_eq!(text.matches('"').count(), 2, "{text}");
        assert!(text.contains("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)"), "{text}");
        assert!(text.contains("&amp;amp;"), "{text}");
    }

    #[test]
    fn letters_that_are_not_seen_are_shown() {
        let mut html = Html::default();
        html.text("a\u{202e}b\u{1b}[2Jc\u{200b}d\ne");
        assert_eq!(html.into_string(), "a\\u{202e}b\\u{1b}[2Jc\\u{200b}d\\u{a}e");
        let mut html = Html::default();
        html.text("产线 4 — é");
        assert_eq!(html.into_string(), "产线 4 — é");
    }

    #[test]
    fn lines_keep_their_breaks_and_nothing_else() {
        let mut html = Html::default();
        html.lines("one\r\n<two>\n\nlast");
        assert_eq!(html.into_string(), "one\\u{d}\n&lt;two&gt;\n\nlast");
    }

    #[test]
    fn elements_of_svg_end_themselves() {
        let mut html = Html::default();
        html.void("line", &[("x1", &3)]);
        html.void("br", &[]);
        assert_eq!(html.into_string(), "<line x1=\"3\"/><br>");
    }
}
