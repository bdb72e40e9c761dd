//! Saki-like XML: boards with calls by reference designator. It has no positions; a program may.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Call, InspectedBoard, Inspection, Standing, name};

/// What was found, if the root is a panel. A DOCTYPE is refused: entities mean what it says.
pub(super) fn inspection(text: &str) -> Option<Inspection> {
    let mut reader = Reader::from_str(text);
    let mut found = Inspection::default();
    let (mut depth, mut is_panel) = (0_usize, false);
    let mut standing = Standing::Called;
    loop {
        let event = reader.read_event().ok()?;
        let (tag, opens) = match &event {
            Event::Start(tag) => (tag, true),
            Event::Empty(tag) => (tag, false),
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                continue;
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => continue,
        };
        match tag.name().as_ref() {
            "Panel" if depth == 0 => is_panel = true,
            "Image" => found.boards.push(board(tag)?),
            "FalseCalls" => standing = Standing::FalseCall,
            "Failed" => standing = Standing::Called,
            "Reference" => {
                let call = call(tag, standing)?;
                found.boards.last_mut()?.calls.push(call);
            }
            _ => {}
        }
        depth += usize::from(opens);
    }
    (is_panel && depth == 0).then_some(found)
}

fn board(tag: &BytesStart<'_>) -> Option<InspectedBoard> {
    Some(InspectedBoard {
        unit: attribute(tag, "barcode")?,
        position: attribute(tag, "id")?.parse().ok(),
        result: attribute(tag, "result")?,
        looked_at: None,
        calls: Vec::new(),
    })
}

fn call(tag: &BytesStart<'_>, standing: Standing) -> Option<Call> {
    let word = if standing == Standing::FalseCall { "FalseCalls" } else { "Failed" };
    Some(Call {
        designator: attribute(tag, "designator")?,
        defect: attribute(tag, "description")?,
        verification: word.to_string(),
        standing,
        confidence: None,
        place: None,
        paste: None,
    })
}

/// The value of an attribute, empty if there is none; `None` if it is malformed.
fn attribute(tag: &BytesStart<'_>, wanted: &str) -> Option<String> {
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        if attribute.key.as_ref() == wanted {
            return quick_xml::escape::unescape(&attribute.value).ok().map(|value| name(&value));
        }
    }
    Some(String::new())
}
