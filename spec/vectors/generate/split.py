#!/usr/bin/env python3
"""Writes the vectors of splits: `spec/vectors/split/`.

Keys, notes and trees are those of `generate.py`: the `cryptography` package, hashlib, and the
definitions of RFC 6962 read literally. The hashes of a split are SUBPROOF(m, D[n], false) of RFC
6962, section 2.1.2. Nothing of this project's Rust is used.

    python3 spec/vectors/generate/split.py

ML-DSA-44 signatures are randomised by that package, so the files that hold one change with every
run; all others come out the same.
"""

import shutil
import sys

sys.dont_write_bytecode = True

from generate import LOG, LOG_PQ, ORIGIN, ROOT, STRANGER, W, Key, b64, entries, mth, note, subproof, write

TIME = 1_700_000_000
OTHER = Key("other.example", 1, 50)


def fork(size, shared):
    """Another history behind the first `shared` entries."""
    return entries(shared) + [f"rewritten {i}".encode() for i in range(shared, size)]


def text(leaves, origin=ORIGIN, extensions=""):
    return f"{origin}\n{len(leaves)}\n{b64(mth(leaves))}\n{extensions}"


def signed(leaves, *more, key=LOG, **other):
    said = text(leaves, **other)
    line = key.line(key.cosign(said, TIME) if key.kind == 6 else key.sign(said))
    return note(said, line, *(who.line(who.cosign(said, TIME)) for who in more))


def file(hashes, older, newer, head="fiducial/split/v1"):
    return f"{head}\n" + "".join(b64(h) + "\n" for h in hashes) + f"\n{older}\n{newer}"


def beginning(m, leaves):
    return subproof(m, leaves, False)


def case(name, expect, body, comment, keys=(LOG,)):
    head = [("expect", expect), ("comment", comment)]
    write("split", name, head + [("key", key.vkey()) for key in keys], body)


def proven():
    for m, n, shared in [(1, 2, 0), (2, 3, 1), (3, 7, 2), (4, 7, 3), (4, 8, 0), (6, 7, 5), (255, 257, 100), (256, 600, 255), (300, 600, 299)]:
        body = file(beginning(m, fork(n, shared)), signed(entries(m)), signed(fork(n, shared)))
        case(f"sizes-{m}-and-{n}", "ok", body, f"forked behind {shared} entries")
    same = file([], signed(entries(5)), signed(fork(5, 2)))
    case("same-size", "ok", same, "two roots of one size contradict each other by themselves")
    hashes = beginning(5, fork(7, 3))
    body = file(hashes, signed(entries(5), W[1], W[2]), signed(fork(7, 3), W[2]))
    case("with-cosignatures", "ok", body, "lines of witnesses are carried and not needed")
    body = file(hashes, signed(entries(5)), signed(fork(7, 3), key=LOG_PQ))
    case("two-keys-of-the-log", "ok", body, "one checkpoint by each of the log's keys", keys=(LOG, LOG_PQ))
    body = file(hashes, signed(entries(5), extensions="one\n"), signed(fork(7, 3), extensions="two\n"))
    case("extension-lines", "ok", body, "extension lines are signed and change nothing")


def nothing():
    older, newer, hashes = signed(entries(5)), signed(fork(7, 3)), beginning(5, fork(7, 3))
    other = [bytes(32), *hashes[1:]]
    agree = file(beginning(5, entries(7)), older, signed(entries(7)))
    case("continued", "Agree", agree, "the newer log continues the older one")
    case("power-of-two-continued", "Agree", file(beginning(4, entries(7)), signed(entries(4)), signed(entries(7))), "the same where the older tree is one of the hashes")
    case("same-checkpoint-twice", "Agree", file([], older, older), "one tree, twice")
    case("empty-tree", "Agree", file([], signed([]), newer), "every log continues the empty one")
    case("empty-tree-with-hash", "Agree", file(hashes[:1], signed([]), newer), "nothing can contradict the empty tree")
    case("without-hashes", "NoHashes", file([], older, newer), "two sizes and nothing that ties them: both may be true")
    case("hash-too-many", "Beginning Length", file([*hashes, bytes(32)], older, newer), "sizes fix the number of hashes")
    case("hash-too-few", "Beginning Length", file(hashes[:-1], older, newer), "sizes fix the number of hashes")
    case("consistency-proof-of-power-of-two", "Beginning Length", file(subproof(4, fork(7, 3), True), signed(entries(4)), newer), "RFC 6962 leaves the older tree out; a split may not")
    case("same-size-with-hash", "Beginning Length", file(hashes[:1], older, signed(fork(5, 2))), "roots of one size need no hashes")
    case("hash-changed", "Beginning AnotherTree", file(other, older, newer), "the hashes lead to a root that nobody signed")
    case("hashes-of-another-tree", "Beginning AnotherTree", file(beginning(5, fork(7, 4)), older, newer), "a tree that the log has not signed")
    case("hashes-swapped", "Beginning AnotherTree", file(hashes[::-1], older, newer), "the order is fixed")
    case("older-by-a-stranger", "Older NotSigned", file(hashes, signed(entries(5), key=STRANGER), newer), "only the log's word counts")
    case("newer-by-a-stranger", "Newer NotSigned", file(hashes, older, signed(fork(7, 3), key=STRANGER)), "only the log's word counts")
    case("signature-of-another-size", "Older BadSignature", file(hashes, older.replace("\n5\n", "\n6\n"), newer), "a size that was not signed")
    case("signature-moved", "Newer BadSignature", file(hashes, older, note(text(fork(7, 3)), LOG.line(LOG.sign(text(entries(5)))))), "the signature is of the other checkpoint")
    case("witness-is-not-the-log", "Older NotSigned", file(hashes, signed(entries(5), key=W[1]), newer), "a witness's word is not the log's", keys=(LOG, W[1]))
    case("time-zero-never-counts", "Older NotSigned", file(hashes, timeless(entries(5)), newer), "a signature without a time is none", keys=(LOG, LOG_PQ))
    case("unknown-log", "Older UnknownLog", file(hashes, older, newer), "no key of this log is known", keys=(OTHER,))
    two = file(hashes, older, signed(fork(7, 3), origin="other.example", key=OTHER))
    case("two-logs", "TwoLogs", two, "two logs may differ", keys=(LOG, OTHER))


def timeless(leaves):
    said = text(leaves)
    return note(said, LOG_PQ.line(LOG_PQ.cosign(said, 0)))


def malformed():
    older, newer, hashes = signed(entries(5)), signed(fork(7, 3)), beginning(5, fork(7, 3))
    good = file(hashes, older, newer)
    case("header-missing", "Header", good.split("\n", 1)[1], "the first line names the format")
    case("header-v2", "Header", file(hashes, older, newer, head="fiducial/split/v2"), "another version")
    case("empty", "Header", "", "an empty file")
    case("order", "Order", file(hashes, newer, older), "the smaller tree comes first")
    case("one-checkpoint", "Parts", file(hashes, older, "")[:-2], "one checkpoint alone")
    case("cut", "Note NoSignatures", good[:-1], "the last line break is missing")
    case("empty-line-behind", "Note NoSignatures", good + "\n", "an empty line more")
    case("hash-short", "Hash", good.replace(b64(hashes[0]), b64(hashes[0][:31])), "31 bytes")
    case("hash-with-space", "Hash", good.replace(b64(hashes[0]), " " + b64(hashes[0])), "one spelling")
    case("67-hashes", "TooManyHashes", file([bytes(32)] * 67, older, newer), "no tree needs so many")
    case("size-leading-zero", "Checkpoint Size", good.replace("\n5\n", "\n05\n"), "one spelling of a size")
    case("carriage-returns", "Header", good.replace("\n", "\r\n"), "lines end in a newline alone")
    case("not-utf-8", "Utf8", b"\xff" + good.encode(), "splits are UTF-8")
    case("too-large", "TooLarge", good + "x" * (600 * 1024), "beyond the limit")


def main():
    shutil.rmtree(ROOT / "split", ignore_errors=True)
    (ROOT / "split").mkdir()
    for make in (proven, nothing, malformed):
        make()


if __name__ == "__main__":
    main()
