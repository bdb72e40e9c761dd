//! XML as a flat list of elements, each with its attributes and its own text.
//!
//! Bounded in depth and number, without recursion, without entities but the five of XML itself and
//! characters by number. A document type is refused: it is where an XML file names other files or
//! grows without bound, and no machine's report needs one.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// The most elements and attributes together.
const MAX_ITEMS: usize = 500_000;

/// The deepest nesting.
const MAX_DEPTH: usize = 64;

/// One element.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    /// All text directly inside, without the white space around it.
    text: String,
    children: Vec<usize>,
}

/// A whole file. Element 0 stands above the root.
#[derive(Debug)]
pub(super) struct Document {
    elements: Vec<Element>,
}

impl Document {
    /// Reads a whole text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        let mut building = Building { elements: vec![Element::default()], open: vec![0], items: 0 };
        loop {
            let at = reader.buffer_position();
            let event =
                reader.read_event().map_err(|error| format!("not XML at byte {at}: {error}"))?;
            if let Event::Eof = event {
                break;
            }
            building.take(&event).map_err(|why| format!("{why}, at byte {at}"))?;
        }
        let Building { elements, open, .. } = building;
        match elements[0].children.len() {
            _ if open.len() > 1 => Err("not XML: it ends inside an element".to_string()),
            1 => Ok(Self { elements }),
            count => Err(format!("not XML: {count} elements at the top")),
        }
    }

    /// The element that stands above the root.
    pub(super) const TOP: usize = 0;

    /// The children of an element that have this name; without a colon, whatever their prefix.
    pub(super) fn children(&self, of: usize, name: &str) -> impl Iterator<Item = usize> {
        let children = self.elements[of].children.iter().copied();
        children.filter(move |child| is_named(&self.elements[*child].name, name))
    }

    /// An attribute's value.
    pub(super) fn attribute(&self, of: usize, name: &str) -> Option<&str> {
        let attributes = self.elements[of].attributes.iter();
        attributes
            .into_iter()
            .find(|(have, _)| is_named(have, name))
            .map(|(_, value)| value.as_str())
    }

    /// The text directly inside an element.
    pub(super) fn text(&self, of: usize) -> &str {
        &self.elements[of].text
    }
}

fn is_named(have: &str, want: &str) -> bool {
    have == want || (!want.contains(':') && have.rsplit(':').next() == Some(want))
}

struct Building {
    elements: Vec<Element>,
    open: Vec<usize>,
    items: usize,
}

impl Building {
    fn take(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(start) => self.begin(start),
            Event::Empty(start) => {
                self.begin(start)?;
                self.end();
                Ok(())
            }
            Event::End(_) => {
                self.end();
                Ok(())
            }
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let written = format!("&{};", &**reference);
                self.text(&unescape(&written).map_err(|error| format!("not XML: {error}"))?)
            }
            Event::DocType(_) => Err("a document type is refused".to_string()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn count(&mut self) -> Result<(), String> {
        self.items += 1;
        let fits = self.items <= MAX_ITEMS;
        if fits { Ok(()) } else { Err(format!("more than {MAX_ITEMS} elements and attributes")) }
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        self.count()?;
        if self.open.len() > MAX_DEPTH {
            return Err(format!("elements more than {MAX_DEPTH} deep"));
        }
        let name = start.name().into_inner().to_string();
        let mut element = Element { name, ..Element::default() };
        for attribute in start.attributes() {
            // An attribute that is there twice would say two things, and is an error here.
            let attribute = attribute.map_err(|error| format!("not XML: {error}"))?;
            self.count()?;
            let value = unescape(&attribute.value).map_err(|error| format!("not XML: {error}"))?;
            let name = attribute.key.into_inner().to_string();
            element.attributes.push((name, value.into_owned()));
        }
        let at = self.elements.len();
        let parent = *self.open.last().expect("the top is always open");
        self.elements[parent].children.push(at);
        self.elements.push(element);
        self.open.push(at);
        Ok(())
    }

    fn end(&mut self) {
        // The reader has checked that this end has its beginning.
        if self.open.len() > 1 {
            let at = self.open.pop().expect("more than the top is open");
            let text = &mut self.elements[at].text;
            *text = text.trim_matches([' ', '\t', '\r', '\n']).to_string();
        }
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        let at = *self.open.last().expect("the top is always open");
        if at == Document::TOP && !text.trim_matches([' ', '\t', '\r', '\n', '\u{feff}']).is_empty()
        {
            return Err("not XML: text outside of the root".to_string());
        }
        self.elements[at].text.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_attributes_and_texts_are_found() {
        let text = "<?xml version=\"1.0\"?>\n<!-- x --><s:P id='1 &lt; 2'><C> a &amp; <![CDATA[<b>]]> </C>\
                    <C s:k=\"v\"/></s:P>\n";
        let document = Document::parse(text).unwrap();
        let root = document.children(Document::TOP, "P").next().unwrap();
        assert_eq!(document.attribute(root, "id"), Some("1 < 2"));
        let children: Vec<usize> = document.children(root, "C").collect();
        assert_eq!(document.text(children[0]), "a & <b>");
        assert_eq!(document.attribute(children[1], "k"), Some("v"));
        assert_eq!(document.children(root, "s:C").count(), 0);
        assert_eq!(document.attribute(root, "none"), None);
    }

    #[test]
    fn what_could_grow_or_lie_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(MAX_DEPTH + 1), "</a>".repeat(MAX_DEPTH + 1));
        let wide = format!("<a>{}</a>", "<b/>".repeat(MAX_ITEMS));
        for (text, why) in [
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "document type"),
            ("<a>&b;</a>", "not XML"),
            ("<a x='1' x='2'/>", "not XML"),
            ("<a><b></a></b>", "not XML"),
            ("<a>", "ends inside"),
            ("", "0 elements"),
            ("<a/><b/>", "2 elements"),
            ("a", "outside of the root"),
            ("<a>&#0;</a>", "not XML"),
            (&deep, "deep"),
            (&wide, "more than"),
        ] {
            let refused = Document::parse(text).unwrap_err();
            assert!(refused.contains(why), "{}: {refused}", &text[..text.len().min(60)]);
        }
    }
}
