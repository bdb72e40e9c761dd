#!/usr/bin/env python3
"""Writes the add-checkpoint matrix of tlog-witness: `spec/vectors/witness/`.

Keys, notes and trees are those of `generate.py`: the `cryptography` package, hashlib, and the
definitions of RFC 6962 read literally. Nothing of this project's Rust is used.

    python3 spec/vectors/generate/witness.py
    python3 spec/vectors/generate/witness.py --round 2 --into kit-2

Every case has an origin and a key of its own, made from its name, so that cases need no order and
know nothing of one another. A witness remembers, though: who wants to ask the same witness twice
makes another round, whose origins it has never seen.

ML-DSA-44 signatures are randomised by that package, so the two files that hold one change with
every run; all others come out the same.
"""

import argparse
import functools
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True

from generate import L, ROOT, Key, b64, entries, malleable, mth, note, proof, sha, split

# Statuses with which a malformed request may be refused as well: tlog-witness fixes none for it.
MALFORMED = "403 404 413 422"
# A request that is sound but larger than some witness may want to read.
LARGE = "400 413"
STRANGER = Key("stranger.example", 1, sha(b"stranger"))
TAGGED = []


class Log:
    """The log of one case: its origin, its keys, and the requests that it signs."""

    def __init__(self, case, kind=1, key_name=None):
        self.origin = f"{PREFIX}/{case}"
        self.key = Key(key_name or self.origin, kind, sha(b"fiducial kit 1 ", self.origin.encode()))
        self.second = Key(self.origin, 1, sha(b"fiducial kit 2 ", self.origin.encode()))

    def text(self, leaves, extensions="", root=None):
        root = mth(leaves) if root is None else root
        return f"{self.origin}\n{len(leaves)}\n{b64(root)}\n{extensions}"

    def line(self, text, key=None):
        key = key or self.key
        return key.line(key.cosign(text, 1_700_000_000) if key.kind == 6 else key.sign(text))

    def signed(self, text):
        return note(text, self.line(text))

    def ask(self, old, leaves, hashes=None, **more):
        """A request that is right unless told otherwise."""
        hashes = consistency(old, leaves) if hashes is None else hashes
        return request(old, hashes, self.signed(self.text(leaves, **more)))


def consistency(old, leaves):
    return proof(old, leaves) if 0 < old <= len(leaves) else []


def request(old, hashes, signed):
    return f"old {old}\n" + "".join(b64(h) + "\n" for h in hashes) + "\n" + signed


def fork(size, shared):
    """Another history behind the first `shared` entries."""
    return entries(shared) + [f"rewritten {i}".encode() for i in range(shared, size)]


def octets(data):
    return data.encode() if isinstance(data, str) else data


def case(name, expect, cites, body, comment, log=None, state=0, earlier=None, later=None, logs=None, **more):
    """One file. `state` is the size that an honest log has shown before; 0: it is never heard of."""
    log = log or Log(name)
    if earlier is None:
        earlier = [log.ask(0, entries(state))] if state else []
    if later is None:
        # After a refusal the witness must stand where it stood: the honest next step is taken.
        later = [] if expect == 200 else [log.ask(state, entries(state + 3))]
    logs = [log.key] if logs is None else logs
    head = [("expect", expect), ("comment", comment), ("cites", cites), ("origin", log.origin)]
    head += [("log", key.vkey()) for key in logs]
    if expect == 409:
        more.setdefault("answer", f"{state}\n")
        head.append(("content-type", "text/x.tlog.size"))
    if "answer" in more:
        more["answer"] = b64(more["answer"].encode())
    if "rival" in more:
        more["rival"] = b64(octets(more["rival"]))
    if expect != 200 and expect != "race" and not earlier:
        more.setdefault("monitor", "none")
    head += [(key.replace("_", "-"), value) for key, value in more.items() if value is not None]
    head += [("earlier", b64(octets(step))) for step in earlier]
    head += [("later", b64(octets(step))) for step in later]
    lines = "".join(f"{key}: {value}\n" for key, value in head)
    path = CASES / name
    assert not path.exists(), path
    path.write_bytes(lines.encode() + b"\n" + octets(body))
    TAGGED.append((more.get("needs"), log, logs))


# --- who may ask ---------------------------------------------------------------------------------


def origins():
    trusted = "trusted-signature"
    log = Log("origin-unknown")
    case("origin-unknown", 404, "unknown-origin", log.ask(0, entries(3)), "no list names this log", logs=[], later=[])
    known, near = Log("origin-known-but-for-a-slash"), Log("origin-known-but-for-a-slash/")
    near.key = known.key
    case("origin-known-but-for-a-slash", 404, "unknown-origin", near.ask(0, entries(3)), "an origin is compared as a whole; the signature is by the key of a known one", log=known)
    other = Log("key-of-another-origin-1")
    case("key-of-another-origin-1", 200, trusted, other.ask(0, entries(3)), "its own checkpoint is cosigned")
    log = Log("key-of-another-origin-2")
    text = log.text(entries(3))
    case("key-of-another-origin-2", 403, f"{trusted} no-trusted-signature", request(0, [], note(text, log.line(text, other.key))), "a key is trusted for its own log only", log=log)


def signatures():
    missing, bad, ignored = "no-trusted-signature", "bad-trusted-signature trusted-signature", "unknown-keys-ignored"

    def signed_by(name, expect, cites, lines, comment, **more):
        log = Log(name)
        text = log.text(entries(5))
        case(name, expect, cites, request(0, [], note(text, *lines(log, text, log.line(text)))), comment, **more)

    stray = STRANGER.line(STRANGER.sign("something else\n"))
    own_name = lambda log: Key(log.origin, 1, sha(b"another key"))
    borrowed = lambda log: f"\u2014 stranger.example {b64(log.key.id + bytes(64))}\n"
    flipped = lambda log, text: log.key.line(bytes([log.key.sign(text)[0] ^ 1]) + log.key.sign(text)[1:])
    signed_by("signature-by-unknown-key-only", 403, missing, lambda log, text, own: [stray], "nobody known has signed")
    signed_by("signature-none", 403, missing, lambda log, text, own: [], "a checkpoint without a signature line; such a note is malformed as well", left_open="400")
    signed_by("signature-same-name-other-id", 403, f"{missing} {ignored}", lambda log, text, own: [own_name(log).line(own_name(log).sign(text))], "name and ID must both match; this key is unknown")
    signed_by("signature-same-id-other-name", 403, f"{missing} {ignored}", lambda log, text, own: [borrowed(log)], "name and ID must both match; this key is unknown")
    signed_by("signature-bad", 403, bad, lambda log, text, own: [flipped(log, text)], "one bit of the signature is another")
    signed_by("signature-of-other-text", 403, bad, lambda log, text, own: [log.line(log.text(entries(6)))], "it signed another tree")
    signed_by("signature-63-bytes", 403, bad, lambda log, text, own: [log.key.line(log.key.sign(text)[:63])], "one byte short", left_open="400")
    signed_by("signature-65-bytes", 403, bad, lambda log, text, own: [log.key.line(log.key.sign(text) + b"\0")], "one byte too many", left_open="400")
    signed_by("signature-scalar-plus-l", 403, bad, lambda log, text, own: [log.key.line(malleable(log.key.sign(text)))], "a second encoding, which RFC 8032 refuses")
    signed_by("signature-bad-behind-good", 403, "bad-trusted-signature", lambda log, text, own: [own, flipped(log, text)], "every line of a trusted key must verify")
    signed_by("signature-bad-before-good", 403, "bad-trusted-signature", lambda log, text, own: [flipped(log, text), own], "every line of a trusted key must verify")
    signed_by("signature-twice", 200, "several-signatures", lambda log, text, own: [own, own], "both verify")
    signed_by("signature-beside-unknown", 200, f"{ignored} several-signatures", lambda log, text, own: [stray, own, stray], "lines of unknown keys are ignored")
    signed_by("signature-beside-same-name", 200, ignored, lambda log, text, own: [own_name(log).line(bytes(64)), own], "a bad line of an unknown key of the same name")
    signed_by("signature-beside-same-id", 200, ignored, lambda log, text, own: [borrowed(log), own], "a bad line of the same ID under another name")
    junk = lambda size: STRANGER.line(sha(b"junk") * (size // 32) + bytes(size % 32))
    signed_by("signature-16-lines", 200, "sixteen-signatures", lambda log, text, own: [stray] * 15 + [own], "as many as everyone must read")
    signed_by("signature-16-lines-of-ml-dsa-size", 200, "sixteen-signatures", lambda log, text, own: [junk(2428)] * 15 + [own], "49 kB of signatures by unknown keys", left_open=LARGE)
    signed_by("signature-65-lines", 400, "open", lambda log, text, own: [stray] * 64 + [own], "more than a careful reader wants", left_open="200 403 413", monitor=None)
    signed_by("signature-behind-the-65536th-byte", 413, "open", lambda log, text, own: [junk(4900)] * 12 + [own], "76 kB; no limit is named", left_open="200 400 403 closed", monitor=None)
    signed_by("request-of-256-kb", 413, "open", lambda log, text, own: [junk(49000)] * 4 + [own], "no limit is named", left_open="200 400 403 closed", monitor=None)

    log = Log("request-of-65536-bytes")
    text = log.text(entries(5))
    body = request(0, [], note(text, log.line(text), *[junk(4800)] * 9))
    room = 65536 - len(body.encode())
    filler = next(line for line in (junk(size) for size in range(room)) if len(line.encode()) >= room - 3)
    body += filler.replace("stranger.example", "stranger.example" + "x" * (room - len(filler.encode())))
    assert len(body.encode()) == 65536
    case("request-of-65536-bytes", 200, "several-signatures", body, "as large as this project takes", left_open=LARGE)


# --- what is malformed ---------------------------------------------------------------------------


def malformed():
    def old_line(name, line, comment, **more):
        log = Log(f"old-{name}")
        body = octets(line) + log.ask(0, entries(5)).encode()[len("old 0\n"):]
        more.setdefault("left_open", MALFORMED)
        case(f"old-{name}", 400, "old-line request-form", body, comment, **more)

    old_line("missing", "", "the first line is empty")
    old_line("number-alone", "0\n", "no `old`")
    old_line("without-number", "old\n", "no size")
    old_line("with-empty-number", "old \n", "no size")
    old_line("upper-case", "OLD 0\n", "four letters, as they are")
    old_line("other-word", "size 0\n", "another word")
    old_line("two-spaces", "old  0\n", "one space")
    old_line("tab", "old\t0\n", "one space")
    old_line("space-in-front", " old 0\n", "nothing in front")
    old_line("space-behind", "old 0 \n", "nothing behind")
    old_line("hexadecimal", "old 0x0\n", "a decimal")
    old_line("plus", "old +0\n", "digits only")
    old_line("minus-zero", "old -0\n", "digits only")
    old_line("double-zero", "old 00\n", "zero is `0`")
    old_line("arabic-digit", "old \u0660\n", "ASCII digits")
    old_line("65-bits", f"old {2**64}\n", "larger than any tree")
    old_line("wraps-to-zero-at-128-bits", f"old {2**128}\n", "larger than any tree")
    old_line("carriage-return", "old 0\r\n", "a line ends in a newline alone")
    old_line("not-utf-8", b"old 0\xff\n", "not even text")
    old_line("byte-order-mark", "\ufeffold 0\n", "bytes in front")
    old_line("twice", "old 0\nold 0\n", "then it is no proof line")

    # The witness stands at 7: read carelessly, the number is right.
    for label, text, comment in [("007", "007", "no leading zeroes"), ("plus-7", "+7", "digits only"), ("minus-7", "-7", "a size is not negative"), ("7-point-0", "7.0", "a decimal of digits"), ("7e0", "7e0", "a decimal of digits"), ("7-with-underscore", "0_7", "digits only")]:
        log = Log(f"old-{label}")
        body = log.ask(7, entries(9)).replace("old 7\n", f"old {text}\n")
        case(f"old-{label}", 400, "old-line", body, comment, state=7, left_open=MALFORMED)

    def hash_line(name, change, comment, cites="proof-line request-form", **more):
        log = Log(f"proof-{name}")
        sound = log.ask(3, entries(7))
        lines = sound.split("\n")
        body = "\n".join(lines[:1] + change(lines[1:1 + len(proof(3, entries(7)))]) + lines[1 + len(proof(3, entries(7))):])
        more.setdefault("left_open", MALFORMED)
        case(f"proof-{name}", 400, cites, body, comment, state=3, **more)

    first = lambda change: lambda lines: [change(lines[0])] + lines[1:]
    hash_line("not-base64", first(lambda h: "?" + h[1:]), "a character that is none of the 64")
    hash_line("url-alphabet", first(lambda h: "-_" + h[2:]), "a foreign alphabet")
    hash_line("without-padding", first(lambda h: h[:-1]), "RFC 4648, section 4, pads")
    hash_line("hexadecimal", lambda lines: [proof(3, entries(7))[0].hex()] + lines[1:], "base64 is asked for")
    hash_line("31-bytes", lambda lines: [b64(proof(3, entries(7))[0][:31])] + lines[1:], "a hash has 32 bytes")
    hash_line("33-bytes", lambda lines: [b64(proof(3, entries(7))[0] + b"\0")] + lines[1:], "a hash has 32 bytes")
    hash_line("space-in-front", first(lambda h: " " + h), "nothing around it")
    hash_line("space-behind", first(lambda h: h + " "), "nothing around it")
    hash_line("carriage-return", first(lambda h: h + "\r"), "a line ends in a newline alone; some base64 readers skip the other", left_open="200 " + MALFORMED)
    hash_line("trailing-bits", first(lambda h: h[:-2] + chr(ord(h[-2]) + 1) + "="), "bits that decode to nothing: RFC 4648, section 3.5, lets readers accept them", left_open="200 " + MALFORMED)
    hash_line("two-hashes-in-a-line", lambda lines: [" ".join(lines[:2])] + lines[2:], "one hash a line")
    hash_line("64-lines", lambda lines: lines + lines[:1] * (64 - len(lines)), "63 are the most", cites="proof-63-lines")
    hash_line("1000-lines", lambda lines: lines + lines[:1] * (1000 - len(lines)), "63 are the most", cites="proof-63-lines")

    def whole(name, change, comment, cites="request-form", **more):
        log = Log(f"request-{name}")
        more.setdefault("left_open", MALFORMED)
        case(f"request-{name}", 400, cites, change(log, log.ask(0, entries(5))), comment, **more)

    whole("empty", lambda log, ask: "", "no byte at all")
    whole("of-one-newline", lambda log, ask: "\n", "an empty line")
    whole("old-line-alone", lambda log, ask: "old 0\n", "nothing follows")
    whole("old-line-cut", lambda log, ask: "old 0", "not even a newline", cites="request-form line-ends")
    whole("without-empty-line", lambda log, ask: ask.replace("\n\n", "\n", 1), "the checkpoint follows at once")
    whole("two-empty-lines", lambda log, ask: ask.replace("\n\n", "\n\n\n", 1), "the checkpoint begins with an empty line")
    whole("without-checkpoint", lambda log, ask: "old 0\n\n", "nothing behind the empty line")
    whole("carriage-returns", lambda log, ask: ask.replace("\n", "\r\n"), "a line ends in a newline alone", cites="line-ends")
    whole("of-nul-bytes", lambda log, ask: bytes(200), "not a line")
    whole("of-json", lambda log, ask: '{"old":0,"proof":[]}\n', "another protocol")

    def checkpoint(name, change, comment, size=5, **more):
        log = Log(f"checkpoint-{name}")
        more.setdefault("left_open", MALFORMED)
        text = change(log.text(entries(size)))
        case(f"checkpoint-{name}", 400, "request-form", request(0, [], log.signed(text)), comment, **more)

    root = lambda t: t.split("\n")[2]
    checkpoint("size-leading-zero", lambda t: t.replace("\n5\n", "\n05\n"), "signed, and yet no checkpoint")
    checkpoint("size-plus", lambda t: t.replace("\n5\n", "\n+5\n"), "digits only")
    checkpoint("size-empty", lambda t: t.replace("\n5\n", "\n\n"), "no number")
    checkpoint("size-negative", lambda t: t.replace("\n5\n", "\n-5\n"), "a size is not negative")
    checkpoint("size-65-bits", lambda t: t.replace("\n5\n", f"\n{2**64}\n"), "larger than any tree")
    checkpoint("root-31-bytes", lambda t: t.replace(root(t), b64(bytes(31))), "a hash has 32 bytes")
    checkpoint("root-hexadecimal", lambda t: t.replace(root(t), mth(entries(5)).hex()), "base64 is asked for")
    checkpoint("root-trailing-bits", lambda t: t.replace(root(t), root(t)[:-2] + chr(ord(root(t)[-2]) + 1) + "="), "bits that decode to nothing: RFC 4648, section 3.5, lets readers accept them", left_open="200 " + MALFORMED, monitor=None)
    checkpoint("of-two-lines", lambda t: "".join(line + "\n" for line in t.split("\n")[:2]), "three lines at least")
    checkpoint("extension-empty", lambda t: t + "\nmore\n", "extension lines are not empty")

    def tail(name, change, comment, **more):
        log = Log(f"note-{name}")
        more.setdefault("left_open", MALFORMED)
        case(f"note-{name}", 400, "request-form", change(log.ask(0, entries(5)).encode()), comment, **more)

    tail("text-behind-signatures", lambda ask: ask + b"more\n", "only signature lines may follow")
    tail("empty-line-behind-signatures", lambda ask: ask + b"\n", "then there are no signatures")
    tail("without-final-newline", lambda ask: ask[:-1], "the last line is cut")
    tail("hyphen-for-dash", lambda ask: ask.replace("\u2014".encode(), b"-"), "an em dash is asked for")
    tail("signature-not-base64", lambda ask: ask[:-10] + b"?" + ask[-9:], "no signature line")
    tail("with-tab", lambda ask: ask.replace("\u2014 ".encode(), "\u2014\t".encode()), "no control characters")
    tail("not-utf-8", lambda ask: ask.replace(f"{PREFIX}/note".encode(), f"{PREFIX}/\xff".encode("latin-1"), 1), "notes are UTF-8")


# --- sizes and trees -----------------------------------------------------------------------------


def conflicts():
    stale = "old-size-stored conflict-status conflict-body conflict-type"

    def against(name, old, size, state, comment, **more):
        log = Log(name)
        case(name, 409, stale, log.ask(old, entries(size)), comment, state=state, **more)

    against("conflict-first-contact", 5, 9, 0, "nothing is stored, which is size 0")
    against("conflict-first-contact-same-size", 5, 5, 0, "nothing is stored, which is size 0")
    against("conflict-stale", 3, 9, 7, "the witness knows more")
    against("conflict-stale-by-one", 6, 7, 7, "the witness knows this very tree, and says so")
    against("conflict-from-nothing", 0, 9, 7, "asked so by a log that has forgotten")
    against("conflict-ahead", 8, 9, 7, "the witness knows less")
    against("conflict-stale-and-smaller", 3, 5, 7, "a tree that it has seen before, shown again")
    against("conflict-empty-tree-after-7", 0, 0, 7, "back to nothing")
    against("conflict-of-two-digits", 3, 20, 15, "the size is a decimal", answer="15\n")
    log = Log("conflict-of-16-digits")
    large = 2**53 + 1
    case("conflict-of-16-digits", 409, stale, huge(log, 3, large + 1), "a size that no double holds", earlier=[huge(log, 0, large)], answer=f"{large}\n", later=[huge(log, large, large + 1)])
    log = Log("conflict-at-64-bits")
    body = request(2**64 - 1, [], log.signed(f"{log.origin}\n{2**64 - 1}\n{b64(sha(b'root'))}\n"))
    case("conflict-at-64-bits", 409, stale, body, "the largest size that 64 bits hold; a reader of 63 bits calls it malformed", left_open="400")

    larger = "old-not-larger"
    log = Log("old-larger-than-checkpoint")
    case("old-larger-than-checkpoint", 400, larger, log.ask(7, entries(5)), "a log does not shrink; the old size is the stored one", state=7)
    log = Log("old-larger-than-checkpoint-with-proof")
    case("old-larger-than-checkpoint-with-proof", 400, larger, log.ask(7, entries(5), proof(5, entries(7))), "the proof of the way back", state=7)
    log = Log("old-larger-than-empty-checkpoint")
    case("old-larger-than-empty-checkpoint", 400, larger, log.ask(7, []), "the shrunk tree is the empty one", state=7)


def proofs():
    wrong = "proof-verifies"

    def grown(name, hashes, comment, old=5, size=9, cites=wrong, leaves=None, **more):
        log = Log(f"proof-{name}")
        leaves = leaves or entries(size)
        case(f"proof-{name}", 422, cites, log.ask(old, leaves, hashes(proof(old, leaves) if old else [])), comment, state=old, **more)

    grown("missing", lambda p: [], "no line at all")
    grown("cut-at-its-end", lambda p: p[:-1], "the last hash is missing")
    grown("cut-at-its-start", lambda p: p[1:], "the first hash is missing")
    grown("with-a-hash-behind", lambda p: p + [bytes(32)], "one hash too many")
    grown("with-its-last-hash-twice", lambda p: p + p[-1:], "one hash too many")
    grown("with-a-hash-in-front", lambda p: [bytes(32)] + p, "one hash too many")
    grown("swapped", lambda p: [p[1], p[0]] + p[2:], "the order counts")
    grown("reversed", lambda p: p[::-1], "the order counts")
    grown("first-hash-changed", lambda p: [bytes(32)] + p[1:], "one hash is another")
    grown("last-hash-changed", lambda p: p[:-1] + [bytes(32)], "one hash is another")
    grown("one-bit-changed", lambda p: [bytes([p[0][0] ^ 128]) + p[0][1:]] + p[1:], "one bit is another")
    grown("of-other-sizes", lambda p: proof(4, entries(9)), "from 4 to 9, not from 5")
    grown("with-old-root-of-power-of-two", lambda p: [mth(entries(4))] + p, "a root that the witness has is not sent", old=4, size=7)
    grown("of-63-wrong-hashes", lambda p: p + [bytes(32)] * (63 - len(p)), "as many lines as may be sent")
    grown("of-rewritten-history", lambda p: p, "the new tree holds another history", leaves=fork(9, 2))
    grown("of-rewritten-last-entry", lambda p: p, "the last entry that was cosigned is another", leaves=fork(9, 4))
    grown("of-rewritten-power-of-two", lambda p: p, "from 4 to 8, on another history", old=4, leaves=fork(8, 3))
    log = Log("proof-with-other-root")
    case("proof-with-other-root", 422, wrong, log.ask(5, entries(9), root=mth(fork(9, 5))), "a sound proof, and the root of another continuation", state=5)
    log = Log("proof-of-other-new-size")
    leaves = entries(9)
    text = log.text(leaves).replace("\n9\n", "\n17\n")
    case("proof-of-other-new-size", 422, wrong, request(5, proof(5, leaves), log.signed(text)), "the size is of a taller tree than the root and the proof", state=5)

    empty = "empty-old-empty-proof proof-not-empty"
    for name, size, hashes, comment in [("old-0", 5, [sha(b"")], "everything continues nothing, without proof"), ("old-0-to-1", 1, [mth(entries(1))], "everything continues nothing, without proof"), ("old-0-with-own-root", 5, [mth(entries(5))], "everything continues nothing, without proof")]:
        log = Log(f"proof-at-{name}")
        case(f"proof-at-{name}", 422, empty, log.ask(0, entries(size), hashes), comment)
    log = Log("proof-at-size-0")
    case("proof-at-size-0", 422, empty, log.ask(0, [], [sha(b"")]), "from nothing to nothing, with a proof")

    log = Log("same-size-with-proof")
    case("same-size-with-proof", 422, wrong, log.ask(5, entries(5), [mth(entries(5))]), "the proof from a tree to itself is empty", state=5)
    log = Log("same-size-other-root")
    case("same-size-other-root", 422, "same-size-same-root must-not-cosign", log.ask(5, fork(5, 4)), "a fork", state=5)
    log = Log("same-size-other-root-with-proof")
    case("same-size-other-root-with-proof", 422, "same-size-same-root must-not-cosign", log.ask(5, fork(5, 4), proof(4, entries(5))), "a fork, and hashes beside it", state=5)
    log = Log("same-size-1-other-root")
    case("same-size-1-other-root", 422, "same-size-same-root", log.ask(1, fork(1, 0)), "the smallest fork", state=1)

    log = Log("size-0-other-root")
    case("size-0-other-root", 422, "empty-tree-root", log.ask(0, [], root=mth(entries(1))), "the empty tree has one root")
    log = Log("size-0-root-of-zeroes")
    case("size-0-root-of-zeroes", 422, "empty-tree-root", log.ask(0, [], root=bytes(32)), "the empty tree has one root, and it is not zero")
    log = Log("size-0-other-root-after-size-0")
    case("size-0-other-root-after-size-0", 422, "empty-tree-root", log.ask(0, [], root=bytes(32)), "also when an empty tree was cosigned", earlier=[log.ask(0, [])], monitor="0")


# --- what is cosigned ----------------------------------------------------------------------------


@functools.cache
def same(size):
    """The root over `size` equal entries: trees of any size in no time."""
    if size <= 1:
        return mth([b"same"] * size)
    return sha(b"\1", same(split(size)), same(size - split(size)))


def same_proof(old, size, whole=True):
    if old == size:
        return [] if whole else [same(size)]
    k = split(size)
    if old <= k:
        return same_proof(old, k, whole) + [same(size - k)]
    return same_proof(old - k, size - k, False) + [same(k)]


def huge(log, old, size):
    """A request of a log whose entries are all equal."""
    text = f"{log.origin}\n{size}\n{b64(same(size))}\n"
    return request(old, same_proof(old, size) if old else [], log.signed(text))


def walks(last):
    """Ways from 0 to `last` that together take every step from every size to every larger one."""
    left = {(a, b) for b in range(1, last + 1) for a in range(b)}
    while left:
        # The way with the most steps that were not taken yet, from the end backwards.
        best = {last: (0, (last,))}
        for a in range(last - 1, -1, -1):
            best[a] = max((best[b][0] + ((a, b) in left), (a,) + best[b][1]) for b in range(a + 1, last + 1))
        way = best[0][1]
        left -= set(zip(way, way[1:]))
        yield way


def cosigned():
    good = "all-well-200 answer-lines cosignatures time-not-omitted whole-tree"
    for name, size in [("first-contact-of-1", 1), ("first-contact-of-7", 7), ("first-contact-of-256", 256)]:
        log = Log(name)
        case(name, 200, f"{good} empty-old-empty-proof monitor-is-get monitor-body monitor-lines", log.ask(0, entries(size)), "the first checkpoint of a log, of any size", monitor=size)
    log = Log("size-0")
    case("size-0", 200, f"{good} empty-tree-root", log.ask(0, []), "an empty log, before its first entry", monitor=0)
    log = Log("size-0-twice")
    case("size-0-twice", 200, f"{good} same-size-same-root", log.ask(0, []), "an empty log that is still empty", earlier=[log.ask(0, [])], monitor=0)
    log = Log("size-0-then-7")
    case("size-0-then-7", 200, good, log.ask(0, entries(7)), "the first entries of a log that was empty", earlier=[log.ask(0, [])], monitor=7)
    log = Log("same-size-again")
    case("same-size-again", 200, f"{good} same-size-same-root", log.ask(7, entries(7)), "the same tree, cosigned afresh", state=7, monitor=7, fresh_time="yes")
    log = Log("growth-in-large-steps")
    sizes = [0, 1, 31, 32, 33, 64, 100, 128, 255, 256, 257, 511, 600]
    steps = [log.ask(old, entries(new)) for old, new in zip(sizes, sizes[1:])]
    case("growth-in-large-steps", 200, f"{good} proof-verifies", steps[-1], "across tiles and powers of two", earlier=steps[:-1], monitor=600)
    for way in walks(17):
        name = "growth-" + "-".join(map(str, way))
        log = Log(name)
        steps = [log.ask(old, entries(new)) for old, new in zip(way, way[1:])]
        case(name, 200, f"{good} proof-verifies", steps[-1], "every step between small sizes is taken by one of these", earlier=steps[:-1], monitor=17)
    log = Log("growth-with-63-hashes")
    assert len(same_proof(3, 2**62)) == 63
    case("growth-with-63-hashes", 200, f"{good} proof-verifies proof-63-lines", huge(log, 3, 2**62), "the longest proof that may be sent", earlier=[huge(log, 0, 3)], monitor=2**62)
    log = Log("growth-beyond-53-bits")
    case("growth-beyond-53-bits", 200, f"{good} proof-verifies", huge(log, 2**53, 2**53 + 1), "sizes that no double tells apart", earlier=[huge(log, 0, 2**53)], monitor=2**53 + 1)
    log = Log("growth-to-63-bits")
    case("growth-to-63-bits", 200, good, huge(log, 0, 2**63 - 1), "the largest size of C2SP tlog-tiles", monitor=2**63 - 1)

    for name, extensions in [("one", "one extension line\n"), ("three", "one\ntwo words\n\u2014 three\n")]:
        log = Log(f"extension-lines-{name}")
        body = log.ask(0, entries(5), extensions=extensions)
        case(f"extension-lines-{name}", 200, good, body, "they are part of what 0x04 signs, and of what is served", monitor=5)
    log = Log("extension-lines-changed")
    case("extension-lines-changed", 200, good, log.ask(5, entries(5), extensions="new\n"), "the same tree, with another line", earlier=[log.ask(0, entries(5), extensions="old\n")], monitor=5)


def races():
    cites = "atomic old-size-stored conflict-status"
    for turn in range(1, 5):
        for name, old, one, two in [
            ("race-of-two-forks", 5, entries(9), fork(9, 5)),
            ("race-of-two-sizes", 5, entries(7), entries(9)),
            ("race-at-first-contact", 0, entries(4), fork(6, 0)),
        ]:
            log = Log(f"{name}-{turn}")
            case(f"{name}-{turn}", "race", cites, log.ask(old, one), "two at once, both sound: one is cosigned, the other is told its size", state=old, rival=log.ask(old, two), later=[])


def http():
    log = Log("method-get")
    case("method-get", 405, "request-is-post", "", "add-checkpoint is a POST", method="GET", left_open="400 404 501")
    log = Log("method-put")
    case("method-put", 405, "request-is-post", log.ask(0, entries(5)), "add-checkpoint is a POST", method="PUT", left_open="400 404 501")
    log = Log("monitor-never-cosigned")
    case("monitor-never-cosigned", 404, "monitor-never monitor-is-get", "", "a known log that has never asked", method="GET", path="monitor")
    log = Log("monitor-unknown-origin")
    case("monitor-unknown-origin", 404, "monitor-never", "", "a log that nobody knows", method="GET", path="monitor", logs=[], later=[])
    log = Log("monitor-after-refusal")
    case("monitor-after-refusal", 422, "monitor-never must-not-cosign", log.ask(0, entries(5), [bytes(32)]), "what was refused is not served")
    log = Log("monitor-after-fork")
    case("monitor-after-fork", 422, "monitor-lines must-not-cosign", log.ask(7, fork(7, 3)), "what was cosigned before is served on", state=7, monitor=7)


def options():
    """What a witness may offer, and need not: kept apart, in a list of their own."""
    need = "several-keys"

    def two_keys(name, expect, cites, lines, comment, **more):
        log = Log(name)
        text = log.text(entries(5))
        case(name, expect, cites, request(0, [], note(text, *lines(log, text))), comment, logs=[log.key, log.second], needs=need, **more)

    two_keys("keys-two-first-alone", 200, "trusted-signature", lambda log, text: [log.line(text)], "either key of a log will do")
    two_keys("keys-two-second-alone", 200, "trusted-signature", lambda log, text: [log.line(text, log.second)], "either key of a log will do")
    two_keys("keys-two-both", 200, "trusted-signature several-signatures", lambda log, text: [log.line(text), log.line(text, log.second)], "both keys of a log")
    two_keys("keys-two-one-bad", 403, "bad-trusted-signature", lambda log, text: [log.line(text), log.second.line(bytes(64))], "every line of a trusted key must verify")
    log = Log("keys-rotated")
    text = log.text(entries(9))
    case("keys-rotated", 200, "trusted-signature", request(5, proof(5, entries(9)), note(text, log.line(text, log.second))), "a log that changed its key is the same log", state=5, logs=[log.key, log.second], needs=need, monitor=9)

    log = Log("key-ml-dsa-44", kind=6)
    case("key-ml-dsa-44", 200, "trusted-signature", log.ask(0, entries(5)), "a log that signs with 0x06", log=log, needs="ml-dsa-logs", monitor=5)
    log = Log("key-ml-dsa-44-bad", kind=6)
    text = log.text(entries(5))
    case("key-ml-dsa-44-bad", 403, "bad-trusted-signature", request(0, [], note(text, log.key.line(bytes(2428)))), "a line of 0x06 that does not verify", log=log, needs="ml-dsa-logs", later=[])
    log = Log("key-of-other-name", key_name="other-name.example")
    case("key-of-other-name", 200, "trusted-signature", log.ask(0, entries(5)), "the key's name is not the origin", log=log, needs="other-key-names", monitor=5)


def lists():
    """The logs to configure, in the list format of the witness network: `logs/v0`."""
    for file, wanted, title in [
        ("logs", lambda needs: needs is None, "every log of the cases that any witness can have"),
        ("logs-options", lambda needs: needs is not None, "logs with several keys, with ML-DSA-44 keys, with keys of another name"),
    ]:
        lines = ["#", f"# The conformance kit: {title}.", "# Made by spec/vectors/generate/witness.py; these keys are public, use them for nothing else.", "#", "logs/v0"]
        seen = set()
        for needs, log, logs in TAGGED:
            for key in logs if wanted(needs) else []:
                if key.vkey() in seen:
                    continue
                seen.add(key.vkey())
                lines += ["", f"vkey {key.vkey()}"]
                lines += [f"origin {log.origin}"] if key.name != log.origin else []
                lines += ["qpd 1000000", "contact conformance kit, answered by nobody"]
        (INTO / file).write_text("\n".join(lines) + "\n")


def main():
    shutil.rmtree(CASES, ignore_errors=True)
    CASES.mkdir(parents=True)
    for make in (origins, signatures, malformed, conflicts, proofs, cosigned, races, http, options, lists):
        make()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="writes the add-checkpoint matrix")
    parser.add_argument("--round", help="a word that sets these origins apart from those of other rounds")
    parser.add_argument("--into", type=pathlib.Path, default=ROOT / "witness", help="the folder to write")
    chosen = parser.parse_args()
    PREFIX = "fiducial.example/kit" + (f"/{chosen.round}" if chosen.round else "")
    INTO, CASES = chosen.into, chosen.into / "add-checkpoint"
    main()
