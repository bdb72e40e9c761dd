//! RFC 6962 read literally: slow, recursive, and without a line in common with the engine.
//!
//! Also the few formats an auditor needs: tile paths and entry bundles of C2SP tlog-tiles.

use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// Section 2.1: `MTH({d(0)}) = SHA-256(0x00 || d(0))`.
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// Section 2.1: for n > 1, k being the largest power of two smaller than n,
/// `MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))`; the hash of an empty list is
/// that of an empty string.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        _ => {
            let mut k = 1;
            while 2 * k < leaves.len() {
                k *= 2;
            }
            let (left, right) = (root(&leaves[..k]), root(&leaves[k..]));
            Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
        }
    }
}

/// The tile at a level of a tree, as wide as the tree fills it; its hashes one after the other.
#[must_use]
pub fn tile(leaves: &[Hash], level: u32, index: usize) -> Vec<u8> {
    let width = 1_usize << (8 * level);
    let nodes = leaves.chunks_exact(width).skip(256 * index).take(256);
    nodes.flat_map(root).collect()
}

/// The path of a tile: `kind` is a level or `entries`, `width` 256 or fewer for a partial one.
#[must_use]
pub fn path(kind: &str, index: usize, width: usize) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.insert(0, format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    let partial = if width == 256 { String::new() } else { format!(".p/{width}") };
    format!("tile/{kind}/{}{partial}", groups.join("/"))
}

/// The entries of a bundle: each a big-endian u16 length and so many bytes.
#[must_use]
pub fn entries(bundle: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let (entry, behind) = behind.split_at_checked(u16::from_be_bytes(*length).into())?;
        entries.push(entry.to_vec());
        rest = behind;
    }
    rest.is_empty().then_some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Hash as Parsed;

    /// The tree of Google's reference implementation, whose roots everyone has checked.
    #[test]
    fn the_literal_tree_has_the_published_roots() {
        let entries: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf(entry)).collect();
        let hex = |size: usize| Parsed::from_bytes(root(&leaves[..size])).to_hex();
        assert_eq!(hex(0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(1), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(hex(2), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
        assert_eq!(hex(8), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(path("0", 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path("entries", 0, 8), "tile/entries/000.p/8");
    }
}
