//! Checkpoints: which log, how many entries, which root.
//!
//! Rule: C2SP tlog-checkpoint. A checkpoint is the text of a signed note:
//!
//! ```text
//! example.com/behind-the-sofa
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! ```
//!
//! Extension lines of other logs are kept, since their signatures cover them; this project's own
//! log writes none.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::encoding::{decode_hash, parse_decimal};
use crate::tree::Tree;

/// The longest origin accepted, in bytes: what ML-DSA's signed message can hold.
pub const MAX_ORIGIN_SIZE: usize = 255;

/// The most extension lines kept from a foreign checkpoint.
pub const MAX_EXTENSIONS: usize = 16;

/// Why a text is not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// An empty extension line, or more than [`MAX_EXTENSIONS`].
    #[error("an extension line is empty, or there are more than {MAX_EXTENSIONS}")]
    Extension,
    /// Fewer than three lines, or no final line break.
    #[error("a checkpoint has at least three lines, each with its line break")]
    Lines,
    /// The origin is empty, too long, or holds a control character.
    #[error(
        "the origin is empty, longer than {MAX_ORIGIN_SIZE} bytes or holds a control character"
    )]
    Origin,
    /// The root is not the canonical base64 of 32 bytes, or not the empty root at size 0.
    #[error("the root hash is malformed, or not the empty tree's at size 0")]
    Root,
    /// The size is not a canonical decimal.
    #[error("the tree size is not a canonical decimal")]
    Size,
}

/// The unique name of a log: the first line of its checkpoints.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// Checks an origin line.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let refused =
            text.is_empty() || text.len() > MAX_ORIGIN_SIZE || text.chars().any(char::is_control);
        if refused { Err(CheckpointError::Origin) } else { Ok(Self(text.to_string())) }
    }

    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Origin({})", self.0)
    }
}

/// The head of one log: its origin and its tree. Says nothing of who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    origin: Origin,
    /// Size and root.
    tree: Tree,
    /// Lines beyond the third, opaque.
    extensions: Vec<String>,
}

impl Checkpoint {
    /// Makes a checkpoint without extension lines.
    #[must_use]
    pub const fn new(origin: Origin, tree: Tree) -> Self {
        Self { origin, tree, extensions: Vec::new() }
    }

    /// Parses the text of a note, with its final line break.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?;
        let mut lines = lines.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        let origin = Origin::parse(origin)?;
        let size = parse_decimal(size).map_err(|_| CheckpointError::Size)?;
        let root = decode_hash(root).map_err(|_| CheckpointError::Root)?;
        let tree = Tree::new(size, root).ok_or(CheckpointError::Root)?;
        let extensions: Vec<String> = lines.map(ToString::to_string).collect();
        if extensions.len() > MAX_EXTENSIONS || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Extension);
        }
        Ok(Self { origin, tree, extensions })
    }

    /// Which log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Size and root.
    #[must_use]
    pub const fn tree(&self) -> Tree {
        self.tree
    }

    /// The extension lines, which this project neither writes nor interprets.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

/// Writes the text that is signed, with its final line break.
impl fmt::Display for Checkpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}\n{}\n{}", self.origin, self.tree.size(), self.tree.root())?;
        for line in &self.extensions {
            writeln!(formatter, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_parses_and_prints() {
        let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
        assert_eq!(checkpoint.origin().as_str(), "example.com/behind-the-sofa");
        assert_eq!(checkpoint.tree().size(), 20_852_163);
        assert_eq!(checkpoint.to_string(), EXAMPLE);
    }

    #[test]
    fn extension_lines_are_kept() {
        let text = alloc::format!("{EXAMPLE}one\ntwo\n");
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!(checkpoint.extensions(), ["one", "two"]);
        assert_eq!(checkpoint.to_string(), text);
    }

    #[test]
    fn malformed_checkpoints_are_refused_by_name() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let cases = [
            ("a\n1\n".to_string(), CheckpointError::Lines),
            (alloc::format!("a\n1\n{root}"), CheckpointError::Lines),
            (alloc::format!("\n1\n{root}\n"), CheckpointError::Origin),
            (alloc::format!("a\n01\n{root}\n"), CheckpointError::Size),
            (alloc::format!("a\n-1\n{root}\n"), CheckpointError::Size),
            (alloc::format!("a\n18446744073709551616\n{root}\n"), CheckpointError::Size),
            (alloc::format!("a\n1\n{}\n", &root[..43]), CheckpointError::Root),
            (alloc::format!("a\n1\n{root}=\n"), CheckpointError::Root),
            (alloc::format!("a\n0\n{root}\n"), CheckpointError::Root),
            (alloc::format!("a\n1\n{root}\n\n"), CheckpointError::Extension),
        ];
        for (text, want) in cases {
            assert_eq!(Checkpoint::parse(&text), Err(want), "{text:?}");
        }
        assert!(Checkpoint::parse(&alloc::format!("a\n0\n{empty}\n")).is_ok());
    }
}
