//! JSON (RFC 8259) as a flat list of tokens over the text itself, read once.
//!
//! A record needs three things that readers of JSON hide: the exact bytes of one message in an
//! array, a number as it is written (2^53 + 1 is not rounded), and whether an object has a member
//! twice. Most readers keep one of two equal members in silence, and a report with
//! `"Result":"Failed"` and `"Result":"Passed"` would mean one thing here and another to the buyer.
//! So the text is walked once, without recursion, and every value keeps its place.
//!
//! ```text
//! {"a":[1,2]}   object 0..11 | "a" 1..4 | array 5..10 | 1 | 2
//!               each token knows which token comes after all that is inside of it
//! ```
//!
//! What it takes and refuses is compared with `serde_json` in the tests. One difference is on
//! purpose: several objects, each on lines of its own, are a text too (JSON Lines), since logs grow
//! that way.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// The most values that are looked at: 32 MB of tokens. The largest inspection reports have some
/// 100,000.
pub(super) const MAX_VALUES: usize = 2_000_000;

/// The deepest nesting.
const MAX_DEPTH: usize = 128;

/// From how many members on an object's names are compared by hash and not in pairs.
const MAX_PAIRED_MEMBERS: usize = 24;

/// Why a text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// Not JSON, or nested too deeply.
    #[error("not JSON")]
    NotJson,
    /// More than [`MAX_VALUES`].
    #[error("more than {MAX_VALUES} JSON values")]
    TooMany,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Array,
    /// `true`, `false` or a number: what is written is the value.
    Bare,
    Null,
    Object,
    Text,
}

#[derive(Clone, Copy, Debug)]
struct Token {
    start: u32,
    end: u32,
    /// The token behind all that is inside of this one.
    after: u32,
    form: Form,
    /// Whether a text holds a backslash.
    escaped: bool,
}

/// A text of one or more JSON values.
#[derive(Debug)]
pub(super) struct Document<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// For each object that has a member twice: its token, and that of the second name.
    repeated: Vec<(u32, u32)>,
}

/// One value of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'d> {
    document: &'d Document<'d>,
    at: u32,
}

impl<'t> Document<'t> {
    /// Reads a whole text of at most 4 GiB.
    pub(super) fn parse(text: &'t str) -> Result<Self, Refused> {
        if u32::try_from(text.len()).is_err() {
            return Err(Refused::TooMany);
        }
        let mut parser = Parser {
            text,
            bytes: text.as_bytes(),
            at: 0,
            tokens: Vec::with_capacity(text.len() / 16),
            open: Vec::new(),
            repeated: Vec::new(),
        };
        parser.values()?;
        Ok(Self { text, tokens: parser.tokens, repeated: parser.repeated })
    }

    /// The values at the top, at least one.
    pub(super) fn roots(&self) -> impl Iterator<Item = Value<'_>> {
        self.siblings(0, self.tokens.len())
    }

    /// The values from token `at` on, each behind the one before.
    fn siblings(&self, at: usize, end: usize) -> impl Iterator<Item = Value<'_>> {
        let mut at = at;
        std::iter::from_fn(move || {
            let next = (at < end).then_some(Value { document: self, at: at as u32 })?;
            at = self.tokens[at].after as usize;
            Some(next)
        })
    }

    fn is_named(&self, at: usize, name: &str) -> bool {
        let token = self.tokens[at];
        let (start, end) = (token.start as usize + 1, token.end as usize - 1);
        if token.escaped {
            return self.decoded(at) == name;
        }
        end - start == name.len() && self.text.as_bytes()[start..end] == *name.as_bytes()
    }

    fn decoded(&self, at: usize) -> Cow<'_, str> {
        let token = self.tokens[at];
        let raw = &self.text[token.start as usize..token.end as usize];
        if token.escaped {
            // The escapes were checked when the text was read.
            serde_json::from_str::<String>(raw).map_or(Cow::Borrowed(raw), Cow::Owned)
        } else {
            Cow::Borrowed(&raw[1..raw.len() - 1])
        }
    }
}

impl<'d> Value<'d> {
    fn token(self) -> Token {
        self.document.tokens[self.at as usize]
    }

    /// Where it stands in the text.
    pub(super) fn range(self) -> Range<usize> {
        self.token().start as usize..self.token().end as usize
    }

    /// Whether it is an object.
    pub(super) fn is_object(self) -> bool {
        self.token().form == Form::Object
    }

    /// Whether it is an array.
    pub(super) fn is_array(self) -> bool {
        self.token().form == Form::Array
    }

    /// The member of this name, unless it is `null`: makers write out what they do not know.
    pub(super) fn member(self, name: &str) -> Option<Self> {
        let (document, token) = (self.document, self.token());
        let end = if token.form == Form::Object { token.after } else { 0 };
        let mut at = self.at + 1;
        while at < end {
            let value = Self { document, at: at + 1 };
            if document.is_named(at as usize, name) {
                return value.present();
            }
            at = value.token().after;
        }
        None
    }

    /// The items of an array; nothing else has any.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let token = self.token();
        let end = if token.form == Form::Array { token.after as usize } else { 0 };
        self.document.siblings(self.at as usize + 1, end)
    }

    /// Itself, unless it is `null`.
    pub(super) fn present(self) -> Option<Self> {
        (self.token().form != Form::Null).then_some(self)
    }

    /// A text without its quotes and escapes; a number or truth value as it is written.
    pub(super) fn text(self) -> Option<Cow<'d, str>> {
        match self.token().form {
            Form::Array | Form::Null | Form::Object => None,
            Form::Bare => Some(Cow::Borrowed(&self.document.text[self.range()])),
            Form::Text => Some(self.document.decoded(self.at as usize)),
        }
    }

    /// A member that some object in this value has twice.
    pub(super) fn repeated(self) -> Option<Cow<'d, str>> {
        let inside = self.at..self.token().after;
        let repeated = &self.document.repeated;
        // Objects are noted as they end, so those of earlier values at the same level come first;
        // the others need not be walked for each of many values.
        let first = repeated.partition_point(|(object, _)| *object < self.at);
        let found = repeated[first..].iter().find(|(object, _)| inside.contains(object))?;
        Some(self.document.decoded(found.1 as usize))
    }
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    tokens: Vec<Token>,
    /// The arrays and objects that are not closed yet.
    open: Vec<u32>,
    repeated: Vec<(u32, u32)>,
}

impl Parser<'_> {
    /// The whole text: one value, or objects on lines of their own.
    fn values(&mut self) -> Result<(), Refused> {
        self.space();
        loop {
            let root = self.tokens.len();
            self.value()?;
            let end = self.at;
            self.space();
            if self.at == self.bytes.len() {
                return Ok(());
            }
            let is_line = self.bytes[end..self.at].contains(&b'\n');
            if !is_line || self.tokens[root].form != Form::Object || self.peek() != Some(b'{') {
                return Err(Refused::NotJson);
            }
        }
    }

    /// One value with all that is inside.
    fn value(&mut self) -> Result<(), Refused> {
        loop {
            self.space();
            let begun = match self.peek() {
                Some(b'{') => self.begin(Form::Object, b'}')?,
                Some(b'[') => self.begin(Form::Array, b']')?,
                Some(b'"') => self.string().map(|()| false)?,
                Some(b'-' | b'0'..=b'9') => self.number().map(|()| false)?,
                _ => self.literal().map(|()| false)?,
            };
            if !begun && self.end_all()? {
                return Ok(());
            }
        }
    }

    /// Begins an array or object; whether there is something inside that is to be read next.
    fn begin(&mut self, form: Form, end: u8) -> Result<bool, Refused> {
        if self.open.len() == MAX_DEPTH {
            return Err(Refused::NotJson);
        }
        self.open.push(self.tokens.len() as u32);
        self.push(form, self.at, false)?;
        self.at += 1;
        self.space();
        if self.peek() == Some(end) {
            self.at += 1;
            self.close();
            return Ok(false);
        }
        if form == Form::Object {
            self.name()?;
        }
        Ok(true)
    }

    /// After a value: closes whatever ends here. True if nothing is open any more.
    fn end_all(&mut self) -> Result<bool, Refused> {
        while let Some(open) = self.open.last() {
            let form = self.tokens[*open as usize].form;
            self.space();
            let next = self.peek().ok_or(Refused::NotJson)?;
            self.at += 1;
            match (next, form) {
                (b',', Form::Object) => {
                    self.space();
                    return self.name().map(|()| false);
                }
                (b',', _) => return Ok(false),
                (b'}', Form::Object) | (b']', Form::Array) => self.close(),
                _ => return Err(Refused::NotJson),
            }
        }
        Ok(true)
    }

    fn name(&mut self) -> Result<(), Refused> {
        self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(Refused::NotJson);
        }
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) {
        let open = self.open.pop().expect("only what is open is closed");
        let after = self.tokens.len() as u32;
        let token = &mut self.tokens[open as usize];
        (token.end, token.after) = (self.at as u32, after);
        if token.form == Form::Object {
            let second = self.second_name(open as usize);
            self.repeated.extend(second.map(|name| (open, name)));
        }
    }

    /// The first name in an object that was there before.
    fn second_name(&self, object: usize) -> Option<u32> {
        let (mut names, mut at) = ([(0_u32, 0_u32, 0_u32); MAX_PAIRED_MEMBERS], object + 1);
        let mut count = 0;
        while at < self.tokens.len() {
            let token = self.tokens[at];
            if token.escaped || count == MAX_PAIRED_MEMBERS {
                return self.second_of_many(object);
            }
            names[count] = (token.end - token.start, token.start, at as u32);
            count += 1;
            at = self.tokens[at + 1].after as usize;
        }
        let names = &names[..count];
        let bytes = |name: &(u32, u32, u32)| &self.bytes[name.1 as usize..][..name.0 as usize];
        for (at, name) in names.iter().enumerate() {
            let same = |other: &&(u32, u32, u32)| name.0 == other.0 && bytes(name) == bytes(other);
            if names[..at].iter().any(|other| same(&other)) {
                return Some(name.2);
            }
        }
        None
    }

    fn second_of_many(&self, object: usize) -> Option<u32> {
        let (mut seen, mut at) = (HashSet::new(), object + 1);
        while at < self.tokens.len() {
            let token = self.tokens[at];
            let raw = &self.text[token.start as usize..token.end as usize];
            let name = if token.escaped {
                Cow::Owned(serde_json::from_str::<String>(raw).unwrap_or_default())
            } else {
                Cow::Borrowed(&raw[1..raw.len() - 1])
            };
            if !seen.insert(name) {
                return Some(at as u32);
            }
            at = self.tokens[at + 1].after as usize;
        }
        None
    }

    fn push(&mut self, form: Form, start: usize, escaped: bool) -> Result<(), Refused> {
        if self.tokens.len() == MAX_VALUES {
            return Err(Refused::TooMany);
        }
        let after = self.tokens.len() as u32 + 1;
        self.tokens.push(Token { start: start as u32, end: self.at as u32, after, form, escaped });
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Result<(), Refused> {
        let (start, mut escaped) = (self.at, false);
        if self.peek() != Some(b'"') {
            return Err(Refused::NotJson);
        }
        self.at += 1;
        loop {
            let plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
            self.at += self.bytes[self.at..].iter().take_while(|byte| plain(byte)).count();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => escaped = true,
                _ => return Err(Refused::NotJson),
            }
            self.escape()?;
        }
        self.at += 1;
        self.push(Form::Text, start, escaped)
    }

    fn escape(&mut self) -> Result<(), Refused> {
        let letter = self.bytes.get(self.at + 1);
        self.at += 2;
        match letter {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => match self.four_digits()? {
                // Halves of a pair mean nothing alone, and there is no text to give for them.
                0xd800..=0xdbff => {
                    let pair = self.bytes[self.at..].starts_with(b"\\u");
                    self.at += 2;
                    let low = pair && matches!(self.four_digits()?, 0xdc00..=0xdfff);
                    low.then_some(()).ok_or(Refused::NotJson)
                }
                0xdc00..=0xdfff => Err(Refused::NotJson),
                _ => Ok(()),
            },
            _ => Err(Refused::NotJson),
        }
    }

    fn four_digits(&mut self) -> Result<u32, Refused> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(Refused::NotJson)?;
        self.at += 4;
        digits.iter().try_fold(0, |number, digit| {
            let digit = char::from(*digit).to_digit(16).ok_or(Refused::NotJson)?;
            Ok(number * 16 + digit)
        })
    }

    fn number(&mut self) -> Result<(), Refused> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        self.push(Form::Bare, start, false)
    }

    /// At least one.
    fn digits(&mut self) -> Result<(), Refused> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Refused::NotJson) }
    }

    fn literal(&mut self) -> Result<(), Refused> {
        let start = self.at;
        let rest = &self.bytes[start..];
        for (word, form) in [("null", Form::Null), ("true", Form::Bare), ("false", Form::Bare)] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return self.push(form, start, false);
            }
        }
        Err(Refused::NotJson)
    }
}

#[cfg(test)]
mod tests;
