#!/usr/bin/env python3
"""Writes the vectors of key, note, checkpoint, tree, tile, cosignature, policy and proof.

Nothing of this project's Rust is used: signatures come from the `cryptography` package (48 or
newer, for ML-DSA), hashes from hashlib, trees from the recursive definitions of RFC 6962 read
literally. So the vectors judge the code and not the code itself.

    python3 spec/vectors/generate/generate.py

ML-DSA-44 signatures are randomised by that package, so the files that hold one change with every
run; all others come out the same.
"""

import base64
import hashlib
import pathlib
import shutil

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROOT = pathlib.Path(__file__).resolve().parent.parent
GROUPS = ["key", "note", "checkpoint", "tree", "tile", "cosignature", "policy", "proof"]
L = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19
ORIGIN = "log.example/vectors"


def b64(data):
    return base64.b64encode(data).decode()


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def write(group, name, head, body=b""):
    """One case: `key: value` lines, an empty line, the bytes under test."""
    if isinstance(body, str):
        body = body.encode()
    lines = "".join(f"{key}: {value}\n" for key, value in head)
    path = ROOT / group / name
    assert not path.exists(), path
    path.write_bytes(lines.encode() + b"\n" + body)


# --- keys and signatures -------------------------------------------------------------------------


class Key:
    """A key of one of the three types, from a seed of 32 bytes, or of one byte 32 times."""

    def __init__(self, name, kind, seed):
        self.name, self.kind = name, kind
        self.seed = seed if isinstance(seed, bytes) else bytes([seed]) * 32
        if kind == 6:
            self.private = MLDSA44PrivateKey.from_seed_bytes(self.seed)
        else:
            self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = sha(name.encode(), b"\n", bytes([kind]), self.public)[:4]

    def vkey(self):
        return f"{self.name}+{self.id.hex()}+{b64(bytes([self.kind]) + self.public)}"

    def line(self, signature):
        return f"\u2014 {self.name} {b64(self.id + signature)}\n"

    def sign(self, text):
        return self.private.sign(text.encode())

    def cosign(self, text, time, stamp=None):
        """The bytes behind the key ID; `stamp` lies about the time in front of the signature."""
        if self.kind == 4:
            message = f"cosignature/v1\ntime {time}\n{text}".encode()
        else:
            origin, size, root = text.split("\n")[:3]
            name, origin = self.name.encode(), origin.encode()
            message = b"subtree/v1\n\0" + bytes([len(name)]) + name + time.to_bytes(8, "big")
            message += bytes([len(origin)]) + origin + bytes(8) + int(size).to_bytes(8, "big")
            message += base64.b64decode(root)
        stamp = time if stamp is None else stamp
        return stamp.to_bytes(8, "big") + self.private.sign(message)

    def scalar(self):
        digest = bytearray(hashlib.sha512(self.seed).digest()[:32])
        digest[0] &= 248
        digest[31] = digest[31] & 127 | 64
        return int.from_bytes(digest, "little")


def raw_vkey(name, kind, public, id=None):
    id = sha(name.encode(), b"\n", bytes([kind]), public)[:4] if id is None else id
    return f"{name}+{id.hex()}+{b64(bytes([kind]) + public)}"


def malleable(signature):
    """The same signature with L added to its scalar: accepted by careless verifiers."""
    s = int.from_bytes(signature[32:], "little") + L
    return signature[:32] + s.to_bytes(32, "little")


def small_order_r(key, message):
    """A signature whose R is the identity: accepted where only s*B = R + k*A is checked."""
    r = (1).to_bytes(32, "little")
    k = int.from_bytes(hashlib.sha512(r + key.public + message).digest(), "little") % L
    return r + (k * key.scalar() % L).to_bytes(32, "little")


def note(text, *lines):
    return text + "\n" + "".join(lines)


LOG = Key(ORIGIN, 1, 1)
LOG_PQ = Key(ORIGIN, 6, 2)
W = {n: Key(f"w{n}.example", 4, 10 + n) for n in range(1, 7)}
W1_PQ = Key("w1.example", 6, 30)
W2_PQ = Key("w2.example", 6, 31)
STRANGER = Key("stranger.example", 1, 99)

# --- trees: RFC 6962, section 2.1, as it is written ----------------------------------------------


def leaf(data):
    return sha(b"\0", data)


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d):
    if not d:
        return sha(b"")
    if len(d) == 1:
        return leaf(d[0])
    k = split(len(d))
    return sha(b"\1", mth(d[:k]), mth(d[k:]))


def path(m, d):
    if len(d) == 1:
        return []
    k = split(len(d))
    if m < k:
        return path(m, d[:k]) + [mth(d[k:])]
    return path(m - k, d[k:]) + [mth(d[:k])]


def proof(m, d):
    return subproof(m, d, True)


def subproof(m, d, whole):
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return subproof(m, d[:k], whole) + [mth(d[k:])]
    return subproof(m - k, d[k:], False) + [mth(d[:k])]


def entries(n):
    return [f"entry {i}".encode() for i in range(n)]


def checkpoint(size, origin=ORIGIN, extensions=""):
    return f"{origin}\n{size}\n{b64(mth(entries(size)))}\n{extensions}"


# --- the groups ----------------------------------------------------------------------------------


def keys():
    def case(name, expect, vkey, comment):
        write("key", name, [("expect", expect), ("comment", comment), ("vkey", vkey)])

    example = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    case("specification-example", "ok", example, "the key of C2SP signed-note")
    case("cosignature-ed25519", "ok", W[1].vkey(), "type 0x04")
    case("cosignature-ml-dsa-44", "ok", W1_PQ.vkey(), "type 0x06")
    case("id-upper-case", "Malformed", example.replace("530d903a", "530D903A"), "one spelling of hexadecimal")
    case("id-of-other-key", "Id", example.replace("530d903a", "530d903b"), "the ID must follow from name and key")
    case("id-short", "Malformed", example.replace("530d903a", "530d90"), "eight digits")
    case("base64-url-alphabet", "Base64", example.replace("AekyeRrm", "Aeky-Rrm"), "a foreign alphabet")
    case("base64-trailing-bits", "Base64", raw_vkey("a", 1, LOG.public)[:-1] + "=", "padding where none belongs")
    case("key-empty", "Malformed", "a+00000000+", "not even a type")
    case("type-ecdsa", "Type", raw_vkey("a", 2, LOG.public), "a type of other projects")
    case("type-unassigned", "Type", raw_vkey("a", 0xFA, LOG.public), "reserved")
    case("ed25519-31-bytes", "Length", raw_vkey("a", 1, LOG.public[:31]), "one byte short")
    case("ed25519-33-bytes", "Length", raw_vkey("a", 1, LOG.public + b"\0"), "one byte too many")
    case("ml-dsa-1311-bytes", "Length", raw_vkey("a", 6, W1_PQ.public[:-1]), "one byte short")
    case("name-empty", "Name", raw_vkey("", 1, LOG.public), "no name")
    case("name-with-space", "Name", raw_vkey("a b", 1, LOG.public), "no place in a signature line")
    case("name-with-no-break-space", "Name", raw_vkey("a\u00a0b", 1, LOG.public), "a Unicode space")
    case("name-256-bytes", "Name", raw_vkey("n" * 256, 1, LOG.public), "longer than what 0x06 can sign")
    case("name-255-bytes", "ok", raw_vkey("n" * 255, 1, LOG.public), "as long as it may be")
    for label, point in {
        "small-order-identity": (1).to_bytes(32, "little"),
        "small-order-2": (P - 1).to_bytes(32, "little"),
        "small-order-4": bytes(32),
        "small-order-8": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        "non-canonical-zero": (P).to_bytes(32, "little"),
        "non-canonical-identity": (P + 1).to_bytes(32, "little"),
        "identity-with-sign": ((1 << 255) + 1).to_bytes(32, "little"),
        "not-on-the-curve": (2).to_bytes(32, "little"),
    }.items():
        case(f"ed25519-{label}", "Point", raw_vkey("a", 1, point), "signatures by it can be made up")


def notes():
    def case(name, expect, body, comment, key=LOG):
        write("note", name, [("expect", expect), ("comment", comment), ("key", key.vkey())], body)

    text = "first line\n\nthird line, after an empty one\n"
    good = LOG.line(LOG.sign(text))
    other = STRANGER.line(STRANGER.sign("something else\n"))
    case("sound", "ok", note(text, good), "a text that holds an empty line")
    case("beside-unknown-key", "ok", note(text, other, good, other), "lines of unknown keys are ignored")
    case("twice-the-same-line", "ok", note(text, good, good), "both verify")
    case("64-lines", "ok", note(text, good, other * 63), "as many as are read")
    case("65-lines", "TooManySignatures", note(text, good, other * 64), "one more")
    case("only-unknown-key", "Missing", note(text, other), "nobody known has signed")
    case("same-name-other-id", "Missing", note(text, Key(ORIGIN, 1, 98).line(bytes(64))), "name and ID must both match")
    case("bad-line-beside-good", "Invalid", note(text, good, LOG.line(bytes(64))), "every line of a known key must verify")
    case("text-changed", "Invalid", note(text.replace("first", "First"), good), "one letter")
    case("signature-63-bytes", "Invalid", note(text, LOG.line(LOG.sign(text)[:63])), "one byte short")
    case("signature-65-bytes", "Invalid", note(text, LOG.line(LOG.sign(text) + b"\0")), "one byte too many")
    case("scalar-plus-l", "Invalid", note(text, LOG.line(malleable(LOG.sign(text)))), "a second signature that the key never made")
    case("r-of-small-order", "Invalid", note(text, LOG.line(small_order_r(LOG, text.encode()))), "accepted without the strict check")
    case("no-signatures", "NoSignatures", text.split("\n\n")[0] + "\n", "a text alone")
    case("empty-block", "NoSignatures", "a\n\n", "an empty line and nothing behind it")
    case("no-final-line-break", "NoSignatures", note(text, good)[:-1], "the last line is cut")
    case("text-behind-signatures", "SignatureLine", note(text, good, "more\n"), "only signature lines may follow")
    case("hyphen-for-dash", "SignatureLine", note(text, good.replace("\u2014", "-")), "an em dash is asked for")
    case("two-spaces", "SignatureLine", note(text, good.replace("\u2014 ", "\u2014  ")), "one space")
    case("signature-without-padding", "SignatureLine", note(text, good.replace("=", "")), "one spelling of base64")
    case("signature-trailing-bits", "SignatureLine", note(text, f"\u2014 a AAAAAAAB\n".replace("AAAAAAAB", "AAAAAAA/")[:-2] + "B=\n"), "bits that decode to nothing")
    case("signature-of-4-bytes", "SignatureLine", note(text, LOG.line(b"")), "an ID and no signature")
    case("name-with-plus", "SignatureLine", note(text, good.replace(ORIGIN, "a+b")), "no key can have that name")
    case("carriage-return", "ControlCharacter", note(text, good).replace("\n", "\r\n"), "line breaks are newlines")
    case("tab", "ControlCharacter", note("a\tb\n", good), "no control characters")
    case("nul", "ControlCharacter", note("a\0b\n", good), "no control characters")
    case("not-utf-8", "Utf8", b"\xff\n\n" + good.encode(), "notes are UTF-8")
    case("surrogate", "Utf8", b"\xed\xa0\x80\n\n" + good.encode(), "half of a pair is no UTF-8")
    case("too-large", "TooLarge", "a" * (256 * 1024) + "\n", "one byte beyond the limit")


def checkpoints():
    def case(name, expect, body, comment):
        write("checkpoint", name, [("expect", expect), ("comment", comment)], body)

    root, empty = b64(mth(entries(7))), b64(sha(b""))
    case("specification-example", "ok", "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "C2SP tlog-checkpoint")
    case("empty-tree", "ok", f"a\n0\n{empty}\n", "size 0 with its one root")
    case("empty-tree-other-root", "Root", f"a\n0\n{root}\n", "size 0 has no other root")
    case("largest-size", "ok", f"a\n{2**64 - 1}\n{root}\n", "64 bits")
    case("size-too-large", "Size", f"a\n{2**64}\n{root}\n", "65 bits")
    case("extension-lines", "ok", f"a\n7\n{root}\none\ntwo\n", "kept, never interpreted")
    case("16-extension-lines", "ok", f"a\n7\n{root}\n" + "x\n" * 16, "as many as are kept")
    case("17-extension-lines", "Extension", f"a\n7\n{root}\n" + "x\n" * 17, "one more")
    case("empty-extension-line", "Extension", f"a\n7\n{root}\n\n", "lines are not empty")
    case("origin-empty", "Origin", f"\n7\n{root}\n", "a log has a name")
    case("origin-with-spaces", "ok", f"Go sum database\n7\n{root}\n", "allowed, though no key can have this name")
    case("origin-256-bytes", "Origin", f"{'o' * 256}\n7\n{root}\n", "longer than what 0x06 can sign")
    case("origin-with-delete", "Origin", f"a\x7f\n7\n{root}\n", "a control character")
    case("size-leading-zero", "Size", f"a\n07\n{root}\n", "one spelling")
    case("size-plus", "Size", f"a\n+7\n{root}\n", "one spelling")
    case("size-space", "Size", f"a\n 7\n{root}\n", "one spelling")
    case("size-arabic-digit", "Size", f"a\n\u0667\n{root}\n", "ASCII digits")
    case("size-empty", "Size", f"a\n\n{root}\n", "no number")
    case("root-short", "Root", f"a\n7\n{b64(bytes(31))}\n", "31 bytes")
    case("root-long", "Root", f"a\n7\n{b64(bytes(33))}\n", "33 bytes")
    case("root-hexadecimal", "Root", f"a\n7\n{mth(entries(7)).hex()}\n", "base64 is asked for")
    case("root-trailing-bits", "Root", f"a\n7\n{root[:-2]}{chr(ord(root[-2]) + 1)}=\n", "bits that decode to nothing")
    case("two-lines", "Lines", "a\n7\n", "three lines at least")
    case("no-final-line-break", "Lines", f"a\n7\n{root}", "the last line is cut")


def trees():
    def inclusion(name, expect, size, root, index, leaf_hash, hashes, comment):
        head = [("expect", expect), ("comment", comment), ("size", size), ("root", b64(root))]
        head += [("index", index), ("leaf", b64(leaf_hash))] + [("hash", b64(h)) for h in hashes]
        write("tree", f"inclusion-{name}", head)

    def consistency(name, expect, old, old_root, new, new_root, hashes, comment):
        head = [("expect", expect), ("comment", comment), ("old", old), ("old-root", b64(old_root))]
        head += [("new", new), ("new-root", b64(new_root))] + [("hash", b64(h)) for h in hashes]
        write("tree", f"consistency-{name}", head)

    for size in [0, 1, 2, 3, 7, 8, 255, 256, 257, 600]:
        write("tree", f"root-of-{size}", [("expect", "ok"), ("comment", "leaves `entry 0`, `entry 1` ..."), ("size", size), ("root", b64(mth(entries(size))))])
    for index, size in [(0, 1), (0, 2), (1, 2), (2, 3), (0, 7), (3, 7), (6, 7), (5, 8), (256, 257), (255, 257), (300, 600)]:
        d = entries(size)
        inclusion(f"{index}-of-{size}", "ok", size, mth(d), index, leaf(d[index]), path(index, d), "by the recursive definition")
    d = entries(7)
    root, p, own = mth(d), path(3, d), leaf(d[3])
    inclusion("hash-changed", "RootMismatch", 7, root, 3, own, [p[0], bytes(32), p[2]], "one hash is another")
    inclusion("hashes-swapped", "RootMismatch", 7, root, 3, own, [p[1], p[0], p[2]], "the order counts")
    inclusion("too-short", "ProofLength", 7, root, 3, own, p[:-1], "a hash is missing")
    inclusion("too-long", "ProofLength", 7, root, 3, own, p + [bytes(32)], "a hash too many")
    inclusion("65-hashes", "ProofLength", 7, root, 3, own, [bytes(32)] * 65, "longer than any tree needs")
    inclusion("of-other-index", "RootMismatch", 7, root, 2, own, p, "the same hashes, another place")
    inclusion("index-at-size", "IndexBeyondTree", 7, root, 7, own, p, "the first index that is not there")
    inclusion("index-beyond", "IndexBeyondTree", 7, root, 2**64 - 1, own, p, "far beyond")
    inclusion("empty-tree", "IndexBeyondTree", 0, sha(b""), 0, own, [], "nothing is in it")
    inclusion("wrong-leaf", "RootMismatch", 7, root, 3, leaf(b"forged"), p, "an entry that is not there")
    inclusion("node-as-leaf", "ProofLength", 7, root, 1, sha(b"\1", leaf(d[2]), own), p[1:], "a node passed off as a leaf")
    inclusion("other-size-same-length", "RootMismatch", 5, mth(entries(8)), 4, leaf(entries(8)[4]), path(4, entries(8))[2:], "a path of a larger tree")
    for old, new in [(0, 5), (1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (6, 7), (4, 8), (7, 8), (255, 257), (256, 600), (300, 600)]:
        d = entries(new)
        hashes = proof(old, d) if old else []
        consistency(f"{old}-to-{new}", "ok", old, mth(d[:old]), new, mth(d), hashes, "by the recursive definition")
    d = entries(7)
    o, n, c = mth(d[:3]), mth(d), proof(3, d)
    consistency("hash-changed", "OldRootMismatch", 3, o, 7, n, [bytes(32)] + c[1:], "one hash is another")
    consistency("last-hash-changed", "NewRootMismatch", 3, o, 7, n, c[:-1] + [bytes(32)], "what was appended is another")
    consistency("too-short", "ProofLength", 3, o, 7, n, c[:-1], "a hash is missing")
    consistency("too-long", "ProofLength", 3, o, 7, n, c + [bytes(32)], "a hash too many")
    consistency("66-hashes", "ProofLength", 3, o, 7, n, [bytes(32)] * 66, "longer than any tree needs")
    consistency("history-rewritten", "OldRootMismatch", 3, mth([b"x"] + d[1:3]), 7, n, c, "the old root was of another history")
    consistency("new-root-other", "NewRootMismatch", 3, o, 7, mth(entries(8)), c, "the new root is of another tree")
    consistency("same-size-other-root", "SameSizeOtherRoot", 7, mth(entries(8)), 7, n, [], "two histories")
    consistency("same-size-with-proof", "ProofLength", 7, n, 7, n, [bytes(32)], "equal trees need nothing")
    consistency("from-empty-with-proof", "ProofLength", 0, sha(b""), 7, n, [bytes(32)], "anything continues nothing")
    consistency("shrank", "Shrank", 7, n, 3, o, c, "the newer tree is smaller")
    consistency("old-of-power-of-two-with-own-root", "ProofLength", 4, mth(d[:4]), 7, n, [mth(d[:4])] + proof(4, d), "a root that the verifier has is not sent")


def tiles():
    def case(name, expect, text, comment, more=()):
        write("tile", name, [("expect", expect), ("comment", comment), ("path", text), *more])

    def is_tile(name, text, level, index, width, comment):
        case(name, "ok", text, comment, [("level", level), ("index", index), ("width", width)])

    is_tile("full", "tile/0/x001/x234/067", 0, 1234067, 256, "groups of three, x before all but the last")
    is_tile("first", "tile/0/000", 0, 0, 256, "three digits at least")
    is_tile("partial", "tile/1/000.p/1", 1, 0, 1, "one hash")
    is_tile("partial-255", "tile/7/999.p/255", 7, 999, 255, "all but one")
    is_tile("thousand", "tile/0/x001/000", 0, 1000, 256, "two groups")
    is_tile("entries", "tile/entries/x001/234", "entries", 1234, 256, "a bundle")
    is_tile("entries-partial", "tile/entries/000.p/8", "entries", 0, 8, "a bundle that is not full")
    is_tile("level-63", "tile/63/000", 63, 0, 256, "the highest level that has a name")
    for name, text, comment in [
        ("level-64", "tile/64/000", "no tree is so high"),
        ("level-leading-zero", "tile/00/000", "one spelling"),
        ("level-negative", "tile/-1/000", "tiles of data of other projects"),
        ("level-missing", "tile/000", "a level is asked for"),
        ("index-two-digits", "tile/0/67", "three digits"),
        ("index-four-digits", "tile/0/1234", "groups of three"),
        ("index-leading-group", "tile/0/x000/067", "no group of nothing in front"),
        ("index-without-x", "tile/0/001/234", "x marks what goes on"),
        ("index-x-at-end", "tile/0/x001", "the last group has no x"),
        ("index-too-large", "tile/0/x018/x446/x744/x073/x709/x551/616", "beyond 64 bits"),
        ("width-0", "tile/0/000.p/0", "an empty tile is not there"),
        ("width-256", "tile/0/000.p/256", "that is the full tile"),
        ("width-leading-zero", "tile/0/000.p/08", "one spelling"),
        ("width-missing", "tile/0/000.p/", "no number"),
        ("trailing-slash", "tile/0/000/", "nothing follows"),
        ("leading-slash", "/tile/0/000", "a path below the log's prefix"),
        ("parent-folder", "tile/0/../../000", "never out of the folder"),
        ("data-of-other-projects", "tile/data/000", "static-ct-api, not tlog-tiles"),
        ("upper-case", "TILE/0/000", "one spelling"),
    ]:
        case(name, "refused", text, comment)

    def bundle(name, expect, path_text, data, comment, found=()):
        more = [("bundle", b64(data))] + [("entry", b64(e)) for e in found]
        case(f"bundle-{name}", expect, path_text, comment, more)

    one, two = b"\0\3abc", b"\0\0"
    bundle("two-entries", "ok", "tile/entries/000.p/2", one + two, "the second is empty", [b"abc", b""])
    bundle("largest-entry", "ok", "tile/entries/000.p/1", b"\xff\xff" + bytes(65535), "u16", [bytes(65535)])
    bundle("too-few", "refused", "tile/entries/000.p/2", one, "one entry where two are named")
    bundle("too-many", "refused", "tile/entries/000.p/1", one + two, "bytes behind the last")
    bundle("cut-in-length", "refused", "tile/entries/000.p/2", one + b"\0", "half a length")
    bundle("cut-in-entry", "refused", "tile/entries/000.p/1", one[:-1], "an entry is cut")
    bundle("empty", "refused", "tile/entries/000.p/1", b"", "nothing at all")


def cosignatures():
    def case(name, expect, text, lines, key, comment, time=None):
        head = [("expect", expect), ("comment", comment), ("key", key.vkey())]
        head += [("time", time)] if time is not None else []
        write("cosignature", name, head, note(text, *lines))

    text, extended = checkpoint(7), checkpoint(7, extensions="extension\n")
    ed, pq, at = W[1], W1_PQ, 1_700_000_000
    good, good_pq = ed.line(ed.cosign(text, at)), pq.line(pq.cosign(text, at))
    case("ed25519", "ok", text, [good], ed, "type 0x04", at)
    case("ml-dsa-44", "ok", text, [good_pq], pq, "type 0x06", at)
    case("log-itself-ml-dsa-44", "ok", text, [LOG_PQ.line(LOG_PQ.cosign(text, at))], LOG_PQ, "the log as its own cosigner", at)
    case("both-in-one-note", "ok", text, [good, good_pq], pq, "each is checked by itself", at)
    case("ed25519-covers-extensions", "ok", extended, [ed.line(ed.cosign(extended, at))], ed, "the whole text is signed", at)
    case("ed25519-extension-added", "Invalid", extended, [good], ed, "a line that was not signed")
    case("ml-dsa-extension-added", "ok", extended, [good_pq], pq, "danger: not signed, and so never to be read", at)
    case("two-times", "ok", text, [ed.line(ed.cosign(text, at + 9)), good], ed, "the earliest counts", at)
    case("ed25519-time-changed", "Invalid", text, [ed.line(ed.cosign(text, at, at + 1))], ed, "the time is signed")
    case("ml-dsa-time-changed", "Invalid", text, [pq.line(pq.cosign(text, at, at + 1))], pq, "the time is signed")
    case("ed25519-time-zero", "Timestamp Zero", text, [ed.line(ed.cosign(text, 0))], ed, "says nothing of when")
    case("ml-dsa-time-zero", "Timestamp Zero", text, [pq.line(pq.cosign(text, 0))], pq, "says nothing of when")
    case("time-zero-beside-another", "ok", text, [pq.line(pq.cosign(text, 0)), good_pq], pq, "the other one counts", at)
    case("time-zero-forged", "Invalid", text, [pq.line(bytes(8 + 2420))], pq, "not even a signature")
    case("time-63-bits", "ok", text, [ed.line(ed.cosign(text, 2**63 - 1))], ed, "the latest second there is", 2**63 - 1)
    case("ed25519-time-64-bits", "Timestamp Beyond", text, [ed.line(ed.cosign(text, 2**63))], ed, "beyond 2^63 - 1")
    case("ml-dsa-time-64-bits", "Timestamp Beyond", text, [pq.line(pq.cosign(text, 2**63))], pq, "beyond 2^63 - 1")
    case("missing", "Missing", text, [good], pq, "another key has signed")
    case("note-signature-with-time", "Invalid", text, [ed.line(at.to_bytes(8, "big") + ed.sign(text))], ed, "the bare text was signed")
    case("note-key", "WrongType", text, [LOG.line(LOG.sign(text))], LOG, "type 0x01 signs no time")
    case("bad-line-beside-good", "Invalid", text, [good, ed.line(bytes(72))], ed, "every line of a known key must verify")
    case("ed25519-other-size", "Invalid", checkpoint(8), [good], ed, "another tree")
    case("ml-dsa-other-size", "Invalid", checkpoint(8), [good_pq], pq, "another tree")
    case("ml-dsa-other-origin", "Invalid", checkpoint(7, "other.example"), [good_pq], pq, "another log")
    renamed = Key("w9.example", 6, 30)
    case("ml-dsa-name-is-signed", "Invalid", text, [renamed.line(pq.cosign(text, at))], renamed, "the same key under another name")
    renamed = Key("w9.example", 4, 11)
    case("ed25519-name-is-not-signed", "ok", text, [renamed.line(ed.cosign(text, at))], renamed, "danger: the same key under another name; policies compare keys", at)
    case("ed25519-71-bytes", "Invalid", text, [ed.line(ed.cosign(text, at)[:-1])], ed, "one byte short")
    case("ml-dsa-2427-bytes", "Invalid", text, [pq.line(pq.cosign(text, at)[:-1])], pq, "one byte short")
    case("ml-dsa-2429-bytes", "Invalid", text, [pq.line(pq.cosign(text, at) + b"\0")], pq, "one byte too many")
    case("only-a-time", "Invalid", text, [ed.line(at.to_bytes(8, "big"))], ed, "no signature behind it")
    case("half-a-time", "Invalid", text, [ed.line(b"\0\0\0\0")], ed, "four bytes")
    signed = ed.cosign(text, at)
    case("scalar-plus-l", "Invalid", text, [ed.line(signed[:8] + malleable(signed[8:]))], ed, "a second signature that the key never made")
    message = f"cosignature/v1\ntime {at}\n{text}".encode()
    case("r-of-small-order", "Invalid", text, [ed.line(signed[:8] + small_order_r(ed, message))], ed, "accepted without the strict check")


def policies():
    def refused(name, expect, line, body, comment):
        write("policy", name, [("expect", expect), ("comment", comment), ("line", line)], body)

    def parsed(name, body, comment):
        write("policy", name, [("expect", "ok"), ("comment", comment)], body)

    def judged(name, expect, body, signed, comment, more=()):
        head = [("expect", expect), ("comment", comment), ("note", b64(signed.encode())), *more]
        write("policy", f"judge-{name}", head, body)

    log = f"log {LOG.vkey()}\n"
    w = [f"witness w{n} {W[n].vkey()}\n" for n in range(1, 7)]
    head = log + "".join(w)
    example = head + "group X 2 w1 w2 w3\ngroup Y any w4 w5 w6\ngroup X-and-Y all X Y\nquorum X-and-Y\n"
    parsed("specification-example", example, "two levels of groups")
    parsed("quorum-none", log + "quorum none\n", "the log alone")
    parsed("no-log", "quorum none\n", "the log is known from elsewhere")
    parsed("single-witness", head + "quorum w3\n", "no group is needed")
    parsed("white-space", f"\t log \t{LOG.vkey()} \t https://log.example/\t\n\n \t\n# comment\n\t# another\nquorum\tnone \n", "spaces and tabs, in any number")
    parsed("octets", head.encode() + b"# \xff\xfe\nquorum none\n", "comments are octets")
    parsed("names-are-octets", f"witness K {W[1].vkey()}\nwitness \u212a {W[2].vkey()}\ngroup \u00e9 all K \u212a\nquorum \u00e9\n", "the Kelvin sign is another name than K")
    parsed("name-not-utf-8", b"witness \xff " + W[1].vkey().encode() + b"\nquorum \xff\n", "names are octets")
    parsed("keywords-as-names", f"witness all {W[1].vkey()}\nwitness quorum {W[2].vkey()}\ngroup group all all quorum\nquorum group\n", "a name is only a name")
    parsed("quorum-before-more", f"witness w1 {W[1].vkey()}\nquorum w1\nwitness w2 {W[2].vkey()}\n", "lines may follow")
    parsed("witness-with-two-keys", log + w[0] + f"witness w1-pq {W1_PQ.vkey()}\ngroup one any w1 w1-pq\nquorum one\n", "one witness, either key")
    refused("empty", "NoQuorum", 1, "", "nothing at all")
    refused("no-quorum", "NoQuorum", 1, log, "exactly one quorum line")
    refused("two-quorums", "SecondQuorum", 3, log + "quorum none\nquorum none\n", "exactly one quorum line")
    refused("quorum-unknown", "UnknownName", 2, log + "quorum w1\n", "never defined")
    refused("quorum-later", "UnknownName", 1, "quorum w1\n" + w[0], "defined on preceding lines")
    refused("quorum-two-names", "Items", 3, w[0] + w[1] + "quorum w1 w2\n", "one name")
    refused("keyword-unknown", "Keyword", 1, "mirror a\nquorum none\n", "none of the four")
    refused("keyword-upper-case", "Keyword", 1, "Quorum none\n", "octets are compared")
    refused("comment-behind-line", "Items", 1, "quorum none # all\n", "a comment is a line of its own")
    refused("carriage-return", "Character", 1, "quorum none\r\n", "a line ends in a newline alone")
    refused("nul", "Character", 1, "# \0\nquorum none\n", "also in comments")
    refused("delete", "Character", 1, "# \x7f\nquorum none\n", "also in comments")
    refused("vertical-tab", "Character", 1, "quorum\x0bnone\n", "white space is space and tab")
    refused("no-break-space", "Keyword", 1, "quorum\u00a0none\n", "white space is space and tab")
    refused("no-final-line-break", "NoLineBreak", 2, log + "quorum none", "every line ends in a newline")
    refused("log-without-key", "Items", 1, "log\nquorum none\n", "a key is asked for")
    refused("log-four-items", "Items", 1, log[:-1] + " a b\nquorum none\n", "a key and a URL at most")
    refused("log-key-malformed", "Key Malformed", 1, "log nonsense\nquorum none\n", "not a verifier key")
    refused("log-key-small-order", "Key Point", 1, f"log {raw_vkey('a', 1, bytes(32))}\nquorum none\n", "signatures by it can be made up")
    refused("log-key-of-witness-type", "KeyType", 1, f"log {W[1].vkey()}\nquorum none\n", "0x04 is for witnesses")
    refused("witness-key-of-log-type", "KeyType", 1, f"witness a {LOG.vkey()}\nquorum none\n", "0x01 is for logs")
    refused("witness-key-name-not-utf-8", "Key Name", 1, b"witness a \xff+00000000+AAAA\nquorum none\n", "no signature line could have it")
    refused("log-twice", "DuplicateKey", 2, log + log + "quorum none\n", "the same line")
    renamed = Key("other.example", 1, 1)
    refused("log-key-under-other-name", "DuplicateKey", 2, log + f"log {renamed.vkey()}\nquorum none\n", "the same key under another label")
    renamed = Key("other.example", 4, 11)
    refused("witness-key-under-other-name", "DuplicateKey", 3, log + w[0] + f"witness w9 {renamed.vkey()}\nquorum none\n", "the same key under another label")
    refused("witness-has-key-of-log", "LogAsWitness", 2, log + f"witness a {Key('a', 4, 1).vkey()}\nquorum none\n", "a log is not its own witness")
    refused("witness-has-name-of-log", "LogAsWitness", 2, log + f"witness a {Key(ORIGIN, 4, 50).vkey()}\nquorum none\n", "a log is not its own witness")
    refused("witness-name-twice", "DuplicateName", 3, log + w[0] + w[1].replace("w2 ", "w1 ") + "quorum none\n", "one name space")
    refused("witness-named-none", "DuplicateName", 2, log + w[0].replace("w1 ", "none ") + "quorum none\n", "predefined")
    refused("group-named-as-witness", "DuplicateName", 2, w[0] + "group w1 any w1\nquorum w1\n", "one name space")
    refused("group-of-itself", "UnknownName", 1, "group g any g\nquorum g\n", "preceding lines only")
    refused("group-of-none", "UnknownName", 1, "group g any none\nquorum g\n", "invalid as a member")
    refused("group-without-members", "Items", 1, "group g any\nquorum g\n", "at least one")
    refused("group-member-twice", "MemberTwice", 2, w[0] + "group g any w1 w1\nquorum g\n", "each name at most once")
    refused("group-member-of-two-groups", "MemberTwice", 4, w[0] + w[1] + "group g any w1\ngroup h any w1 w2\nquorum h\n", "each name at most once, in the whole file")
    for label, k in {"zero": "0", "above-members": "3", "leading-zero": "01", "negative": "-1", "plus": "+1", "upper-case": "ALL", "overflow": str(2**64)}.items():
        refused(f"threshold-{label}", "Threshold", 3, w[0] + w[1] + f"group g {k} w1 w2\nquorum g\n", "any, all, or 1 to 2")
    pq = f"witness w1-pq {W1_PQ.vkey()}\n"
    refused("one-name-counts-twice", "DoubleCounted", 4, log + w[0] + pq + "group g all w1 w1-pq\nquorum g\n", "two keys of one witness are not two witnesses")
    refused("one-name-counts-twice-among-three", "DoubleCounted", 5, log + w[0] + pq + w[1] + "group g 2 w1 w2 w1-pq\nquorum g\n", "two keys of one witness are not two witnesses")
    refused("one-name-counts-twice-below", "DoubleCounted", 6, log + w[0] + pq + w[1] + "group a any w1 w2\ngroup g all a w1-pq\nquorum g\n", "also through another group")
    refused("too-many-groups", "TooMany", 258, w[0] + "group g0 any w1\n" + "".join(f"group g{n} any g{n - 1}\n" for n in range(1, 257)) + "quorum none\n", "257 groups")

    text, at = checkpoint(7), 1_700_000_000
    own, own_pq = LOG.line(LOG.sign(text)), LOG_PQ.line(LOG_PQ.cosign(text, at))
    c = {n: W[n].line(W[n].cosign(text, at + n)) for n in W}
    times = lambda a, b: [("times", f"{at + a} {at + b}")]
    classic = [("post-quantum", "LogSignature")]
    judged("example-met", "ok", example, note(text, own, c[1], c[3], c[5]), "two of X and one of Y", times(1, 5) + classic)
    judged("example-short", "Quorum", example, note(text, own, c[1], c[5]), "one of X is not two", [("missing", "w2"), ("missing", "w3")])
    judged("all-of-one-side", "Quorum", example, note(text, own, c[1], c[2], c[3]), "none of Y", [("missing", "w4"), ("missing", "w5"), ("missing", "w6")])
    judged("quorum-none", "ok", log + "quorum none\n", note(text, own), "no times without witnesses", [("times", "none")] + classic)
    two_of_three = head + "group g 2 w1 w2 w3\nquorum g\n"
    late = W[3].line(W[3].cosign(text, at * 3))
    judged("late-witness-does-not-move-the-time", "ok", two_of_three, note(text, own, c[1], c[2], late), "the two earliest are enough", times(1, 2) + classic)
    judged("bad-line-of-unneeded-witness", "BadSignatures", log + w[0] + "quorum none\n", note(text, own, W[1].line(bytes(72))), "every line of a known key must verify")
    judged("bad-log-line", "BadSignatures", log + "quorum none\n", note(text, LOG.line(bytes(64))), "every line of a known key must verify")
    judged("bad-line-of-unknown-witness", "ok", log + "quorum none\n", note(text, own, W[1].line(bytes(72))), "unknown keys are ignored", [("times", "none")] + classic)
    judged("log-has-not-signed", "LogSignature", log + w[0] + "quorum w1\n", note(text, c[1]), "witnesses alone do not make a checkpoint")
    foreign = checkpoint(7, "other.example")
    judged("key-of-another-log", "UnknownLog", log + "quorum none\n", note(foreign, LOG.line(LOG.sign(foreign))), "the key name is the origin")
    judged("no-log-listed", "UnknownLog", "quorum none\n", note(text, own), "nothing can be accepted")
    judged("not-a-checkpoint", "Checkpoint Lines", log + "quorum none\n", note("hello\n", LOG.line(LOG.sign("hello\n"))), "signed, and something else")
    w1_pq = W1_PQ.line(W1_PQ.cosign(text, at + 20))
    w2_pq = W2_PQ.line(W2_PQ.cosign(text, at + 21))
    logs = log + f"log {LOG_PQ.vkey()}\n"
    pair = w[0] + pq + w[1] + f"witness w2-pq {W2_PQ.vkey()}\n"
    rules = "group one any w1 w1-pq\ngroup two any w2 w2-pq\ngroup both all one two\nquorum both\n"
    judged("two-keys-of-one-witness-count-once", "Quorum", logs + pair + rules, note(text, own, own_pq, c[1], w1_pq), "one is one", [("missing", "w2"), ("missing", "w2-pq")])
    judged("post-quantum-met", "ok", logs + pair + rules, note(text, own, own_pq, c[1], w1_pq, c[2], w2_pq), "both counts", times(1, 2) + [("post-quantum", "Accepted")])
    judged("post-quantum-short", "ok", logs + pair + rules, note(text, own, own_pq, c[1], w1_pq, c[2]), "the second count lacks w2", times(1, 2) + [("post-quantum", "Quorum")])
    judged("post-quantum-log-missing", "ok", logs + pair + rules, note(text, own, c[1], w1_pq, c[2], w2_pq), "the log signed with Ed25519 alone", times(1, 2) + classic)
    judged("time-zero-never-counts", "Quorum", logs + pq + "quorum w1-pq\n", note(text, own, W1_PQ.line(W1_PQ.cosign(text, 0))), "it says nothing of when", [("missing", "w1-pq")])
    judged("log-time-zero-never-counts", "LogSignature", f"log {LOG_PQ.vkey()}\nquorum none\n", note(text, LOG_PQ.line(LOG_PQ.cosign(text, 0))), "it says nothing of when")
    judged("log-ml-dsa-alone", "ok", f"log {LOG_PQ.vkey()}\nquorum none\n", note(text, own_pq), "one of the log's keys is enough", [("times", "none"), ("post-quantum", "Accepted")])


def proofs():
    def case(name, expect, body, comment, leaf_hash=None, policy=None):
        head = [("expect", expect), ("comment", comment), ("leaf", b64(leaf_hash or own))]
        head += [("policy", b64((policy or trusting).encode()))]
        write("proof", name, head, body)

    trusting = f"log {LOG.vkey()}\nquorum none\n"
    d = entries(7)
    own, text = leaf(d[3]), checkpoint(7)
    signed = note(text, LOG.line(LOG.sign(text)))
    hashes = [b64(h) + "\n" for h in path(3, d)]

    def make(extra="", index="index 3\n", path_lines=None, end=None):
        lines = "".join(hashes if path_lines is None else path_lines)
        return f"c2sp.org/tlog-proof@v1\n{extra}{index}{lines}\n{signed if end is None else end}"

    good = make()
    extra = f"extra {b64(d[3])}\n"
    case("sound", "ok", good, "without extra data")
    case("with-extra", "ok", make(extra), "extra data is opaque")
    alone = checkpoint(1)
    case("single-entry", "ok", make("", "index 0\n", [], note(alone, LOG.line(LOG.sign(alone)))), "no hash is needed", leaf(d[0]))
    case("extra-is-not-authenticated", "ok", make("extra Zm9yZ2Vk\n"), "danger: anyone can write this line")
    case("extra-empty", "Extra", make("extra \n"), "then the line is left out")
    case("extra-not-canonical", "Extra", make(extra.replace("M=", "N=").replace("z\n", "z=\n")) if "M=" in extra else make("extra AB==\n"), "one spelling of base64")
    case("extra-too-large", "Extra", make(f"extra {b64(bytes(65536))}\n"), "one byte beyond the limit")
    case("extra-largest", "ok", make(f"extra {b64(bytes(65535))}\n"), "as large as an entry")
    case("extra-twice", "Index", make(extra * 2), "once")
    case("extra-behind-index", "Hash", make("", "index 3\n" + extra), "the order is fixed")
    case("header-v2", "Header", good.replace("@v1", "@v2"), "another version")
    case("header-missing", "Header", good.split("\n", 1)[1], "the first line")
    case("byte-order-mark", "Header", "\ufeff" + good, "bytes in front")
    case("carriage-returns", "NoCheckpoint", good.replace("\n", "\r\n"), "line breaks are newlines")
    case("index-leading-zero", "Index", make("", "index 03\n"), "one spelling")
    case("index-negative", "Index", make("", "index -3\n"), "one spelling")
    case("index-two-spaces", "Index", make("", "index  3\n"), "one space")
    case("index-overflow", "Index", make("", f"index {2**64}\n"), "beyond 64 bits")
    case("index-missing", "Index", make("", ""), "always there")
    case("hash-short", "Hash", make("", path_lines=[b64(bytes(31)) + "\n"] + hashes[1:]), "31 bytes")
    case("hash-hexadecimal", "Hash", make("", path_lines=[bytes(32).hex() + "\n"] + hashes[1:]), "base64 is asked for")
    case("hash-with-space", "Hash", make("", path_lines=[" " + hashes[0]] + hashes[1:]), "nothing around it")
    case("65-hashes", "TooManyHashes", make("", path_lines=hashes[:1] * 65), "longer than any tree needs")
    case("64-hashes", "Inclusion ProofLength", make("", path_lines=hashes[:1] * 64), "read, and then of the wrong length")
    case("path-too-short", "Inclusion ProofLength", make("", path_lines=hashes[:-1]), "a hash is missing")
    case("path-too-long", "Inclusion ProofLength", make("", path_lines=hashes + hashes[:1]), "a hash too many")
    case("path-of-other-index", "Inclusion RootMismatch", make("", "index 2\n"), "another place")
    case("index-beyond", "Inclusion IndexBeyondTree", make("", "index 7\n"), "not in the tree")
    case("wrong-leaf", "Inclusion RootMismatch", good, "an entry that is not there", leaf(b"forged"))
    case("no-checkpoint", "NoCheckpoint", good.split("\n\n")[0] + "\n", "cut before it")
    case("two-empty-lines", "Note NoSignatures", make("", end="\n" + text), "the note begins at once, and has signatures")
    case("note-without-signature", "Note NoSignatures", make("", end=text), "a bare tree head")
    case("note-is-no-checkpoint", "Checkpoint Lines", make("", end=note("hello\n", LOG.line(LOG.sign("hello\n")))), "signed, and something else")
    case("bytes-behind", "Note SignatureLine", good + "more\n", "nothing follows")
    case("other-log", "Policy UnknownLog", good, "not in the policy", policy=f"log {STRANGER.vkey()}\nquorum none\n")
    case("without-quorum", "Policy Quorum", good, "no witness has cosigned", policy=f"log {LOG.vkey()}\nwitness w1 {W[1].vkey()}\nquorum w1\n")
    cosigned = note(text, LOG.line(LOG.sign(text)), W[1].line(W[1].cosign(text, 1_700_000_000)))
    case("with-quorum", "ok", make("", end=cosigned), "one witness has cosigned", policy=f"log {LOG.vkey()}\nwitness w1 {W[1].vkey()}\nquorum w1\n")
    case("signature-forged", "Policy BadSignatures", make("", end=note(text, LOG.line(bytes(64)))), "not by the log")
    case("not-utf-8", "Utf8", b"\xff" + good.encode(), "proofs are UTF-8")
    case("too-large", "TooLarge", good + "x" * (512 * 1024), "beyond the limit")


def main():
    for group in GROUPS:
        shutil.rmtree(ROOT / group, ignore_errors=True)
        (ROOT / group).mkdir()
    for make in (keys, notes, checkpoints, trees, tiles, cosignatures, policies, proofs):
        make()


if __name__ == "__main__":
    main()
