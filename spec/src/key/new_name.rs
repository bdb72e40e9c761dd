//! Names for new logs and new witnesses: a URL without its scheme.
//!
//! Rule: C2SP tlog-checkpoint asks that an origin be a schema-less URL, without spaces, plus signs or
//! control characters, and C2SP signed-note the same of a key's name. It is asked, not demanded, so
//! what others chose is read as it is ([`super::KeyName`]); what is chosen here is chosen well,
//! because a name is for ever.

use alloc::string::{String, ToString};

use super::{KeyError, KeyName};

/// Why a name should not be given to anything new.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NewNameError {
    /// It cannot name a key at all.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It has a scheme, or slashes at an end.
    #[error(
        "the name is a URL without its scheme, and without a slash at its start or end: write {0:?}"
    )]
    Write(String),
    /// Without scheme and slashes nothing is left.
    #[error(
        "the name is a URL without its scheme, for example factory.example/evidence; nothing else is \
         left of this one"
    )]
    Nothing,
}

/// Checks a name that is chosen now. What is refused says what to write instead, if it can.
pub fn check_new_name(text: &str) -> Result<KeyName, NewNameError> {
    let instead = text.find("://").map_or(text, |at| &text[at + 3..]).trim_matches('/');
    if instead.is_empty() && !text.is_empty() {
        return Err(NewNameError::Nothing);
    }
    // What is proposed must be a name itself.
    let name = KeyName::parse(instead)?;
    if instead == text { Ok(name) } else { Err(NewNameError::Write(instead.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_its_scheme_is_a_name() {
        for name in
            ["factory.example/evidence", "log.example", "log.example:7070/a", "工厂.example"]
        {
            assert_eq!(check_new_name(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_is_refused_says_what_to_write_instead() {
        for (text, instead) in [
            ("https://factory.example/evidence", "factory.example/evidence"),
            ("http://factory.example/", "factory.example"),
            ("HTTPS://factory.example//", "factory.example"),
            ("factory.example/evidence/", "factory.example/evidence"),
            ("//factory.example/evidence", "factory.example/evidence"),
        ] {
            assert_eq!(check_new_name(text), Err(NewNameError::Write(instead.to_string())));
        }
        assert_eq!(check_new_name("https://"), Err(NewNameError::Nothing));
        assert_eq!(check_new_name("/"), Err(NewNameError::Nothing));
    }

    #[test]
    fn spaces_plus_signs_and_control_characters_name_nothing() {
        for text in ["", "two words", " a", "a\u{a0}b", "a+b", "a\nb", "a\u{7f}", "https://a b/"] {
            let refused = check_new_name(text);
            assert_eq!(refused, Err(NewNameError::Key(KeyError::Name)), "{text:?}");
        }
    }
}
