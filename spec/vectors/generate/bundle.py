#!/usr/bin/env python3
"""Writes the vectors of bundles and of pins: `spec/vectors/bundle/` and `spec/vectors/pins/`.

The zip is laid out byte by byte from the page; a sound one is read back with Python's own zipfile, a
reader by other hands. Statements and disclosures are those of `spec/vectors/evidence/`. Nothing of this
project's Rust is used, and no key.

    python3 spec/vectors/generate/bundle.py
"""

import hashlib
import io
import pathlib
import shutil
import struct
import zipfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIRST = b"bundle.json"


def body_of(path):
    data = (ROOT / "evidence" / path).read_bytes()
    return data[data.index(b"\n\n") + 2 :]


STATEMENT = body_of("statement/later")  # sequence 7
FIRST_STATEMENT = body_of("statement/first")  # sequence 0
DISCLOSURE = body_of("disclosure/some")
SOURCE = STATEMENT.split(b"\n")[2].split(b" ")[1].decode()
LOG = STATEMENT.split(b"\n")[1].split(b" ")[1].decode()
EVIDENCE = b"a report\n"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def relabelled(sequence):
    """A statement of another sequence; its signature is of the first one, which nobody checks here."""
    return STATEMENT.replace(b"\nsequence 7\n", b"\nsequence %d\n" % sequence)


# --- the lists -----------------------------------------------------------------------------------


def sums(parts):
    return "".join(f"{sha(parts[path])}  {path}\n" for path in sorted(parts)).encode()


def manifest(parts, claims):
    listed = dict(parts)
    listed["SHA256SUMS"] = sums(parts)
    rows = ",\n    ".join(
        f'{{"path": "{path}", "size": {len(listed[path])}, "sha256": "{sha(listed[path])}"}}'
        for path in sorted(listed)
    )
    return (
        f'{{\n  "format": "fiducial/bundle/v1",\n  "log": "{LOG}",\n  "sources": [\n    "{SOURCE}"\n  ],\n'
        f'  "claims": [\n    {claims}\n  ],\n  "parts": [\n    {rows}\n  ]\n}}\n'
    ).encode()


RECORDS = f'{{"claim": "records", "source": "{SOURCE}", "statements": 1}}'
RANGE = f'{{"claim": "range", "source": "{SOURCE}", "first": "7", "last": "8"}}'


# --- the zip -------------------------------------------------------------------------------------

FIXED = bytes([0, 0, 0, 0, 0, 0, 0x21, 0])


def common(path, data, fixed=FIXED, crc=None, extra=0):
    crc = zlib.crc32(data) if crc is None else crc
    return fixed + struct.pack("<IIIHH", crc, len(data), len(data), len(path), extra)


def zipped(files, local=None, entry=None, between=b"", comment=b"", version=b"\x0a\x00"):
    """`local` and `entry` may change what is said of the second file in one of both places."""
    out, directory = b"", b""
    for at, (path, data) in enumerate(files):
        facts = {"path": path, "data": data}
        here = local(facts) if local and at == 1 else common(path, data)
        there = entry(facts) if entry and at == 1 else common(path, data)
        directory += b"PK\x01\x02" + version + version + there + bytes(10) + struct.pack("<I", len(out)) + path
        out += b"PK\x03\x04" + version + here + path + data
        if at == 1:
            out += between
    end = struct.pack("<HHIIH", len(files), len(files), len(directory), len(out), len(comment))
    return out + directory + b"PK\x05\x06" + bytes(4) + end + comment


def files(parts, claims=RECORDS, own_sums=None, own_manifest=None):
    found = {path.encode(): data for path, data in parts.items()}
    found[b"SHA256SUMS"] = sums(parts) if own_sums is None else own_sums
    first = manifest(parts, claims) if own_manifest is None else own_manifest
    return [(FIRST, first)] + sorted(found.items())


# --- the cases -----------------------------------------------------------------------------------


def records():
    return {
        "HOW-TO-VERIFY.txt": b"by hand\n",
        f"evidence/{sha(EVIDENCE)}": EVIDENCE,
        "notes/who.txt": "谁运行日志\n".encode(),
        "records/0/7.disclosure.json": DISCLOSURE,
        "records/0/7.statement": STATEMENT,
        "records/0/7.tlog-proof": b"a receipt, which a bundle does not read\n",
    }


def ranged():
    parts = {"HOW-TO-VERIFY.txt": b"by hand\n", "range/0/8.tlog-proof": b"a receipt\n"}
    for sequence in (7, 8):
        parts[f"range/0/{sequence}.disclosure.json"] = DISCLOSURE
        parts[f"range/0/{sequence}.statement"] = relabelled(sequence)
    return parts


def case(name, expect, body, comment):
    path = ROOT / "bundle" / name
    assert not path.exists(), path
    head = f"expect: {expect}\ncomment: {comment}\n\n"
    path.write_bytes(head.encode() + body)


def sound():
    for name, parts, claims in (("records", records(), RECORDS), ("range", ranged(), RANGE)):
        body = zipped(files(parts, claims))
        with zipfile.ZipFile(io.BytesIO(body)) as other:
            assert other.testzip() is None
            assert {i.filename: other.read(i) for i in other.infolist()} == {
                path.decode(): data for path, data in files(parts, claims)
            }
        case(name, "ok", body, "read by Python's zipfile as well")


def zips():
    good = files(records())
    sound = zipped(good)
    flagged = FIXED[:1] + b"\x08" + FIXED[2:]
    deflated = FIXED[:2] + b"\x08" + FIXED[3:]
    dated = FIXED[:6] + b"\x22\x00"

    def said(**change):
        return lambda facts: common(facts["path"], facts["data"], **change)

    case("zip-empty", "Zip End", b"", "no bytes")
    case("zip-byte-before", "Zip", b"\0" + sound, "nothing lies before")
    case("zip-byte-behind", "Zip End", sound + b"\0", "nothing lies behind")
    case("zip-comment", "Zip End", zipped(good, comment=b"hello"), "no comment")
    case("zip-byte-between", "Zip", zipped(good, between=b"\0"), "nothing lies between two parts")
    case("zip-time", "Zip Header", zipped(good, said(fixed=dated), said(fixed=dated)), "one date for all")
    case("zip-flags", "Zip Header", zipped(good, said(fixed=flagged), said(fixed=flagged)), "no flags, not even UTF-8")
    case("zip-deflated", "Zip Header", zipped(good, said(fixed=deflated), said(fixed=deflated)), "stored only")
    case("zip-version", "Zip Header", zipped(good, version=b"\x14\x00"), "version 1.0")
    case("zip-checksum", "Zip Checksum", zipped(good, said(crc=7), said(crc=7)), "both headers say the same, and it is wrong")
    case("zip-checksum-of-one", "Zip Header", zipped(good, local=said(crc=7)), "the two headers differ")
    other = lambda facts: common(facts["path"], facts["data"] + b"x")
    case("zip-size-of-one", "Zip", zipped(good, entry=other), "the directory says another size")
    truncated = sound[: len(sound) // 2]
    case("zip-truncated", "Zip End", truncated, "half of it")
    empty = zipped([])
    case("zip-without-parts", "Missing", empty, "a zip of nothing")


def paths():
    good = files(records())
    for name, path in (
        ("path-parent", b"../escape"),
        ("path-parent-inside", b"notes/../policy"),
        ("path-absolute", b"/policy"),
        ("path-backslash", b"notes\\x"),
        ("path-capital", b"Policy"),
        ("path-unknown", b"AUTHORS"),
        ("path-folder", b"notes/"),
        ("path-hidden", b"notes/.x"),
        ("path-not-utf-8", b"notes/\xff"),
        ("path-leading-zero", b"records/00/7.after"),
        ("path-source-256", b"records/256/7.after"),
        ("path-timestamp-request", b"records/0/7.tsq"),
    ):
        body = zipped([good[0]] + sorted(good[1:] + [(path, b"x")]))
        case(name, "Path", body, "no part may be called so")
    twice = [good[0]] + sorted(good[1:] + [(b"notes/who.txt", b"other\n")])
    case("path-twice", "Path", zipped(twice), "one name, two parts")
    case("path-order", "Path", zipped([good[0], good[2], good[1]] + good[3:]), "not ascending")
    case("path-list-not-first", "Path", zipped([good[1], good[0]] + good[2:]), "bundle.json comes first")
    case("path-list-twice", "Path", zipped(good + [good[0]]), "bundle.json once")


def lists():
    parts = records()
    other = sums(parts).replace(b"  notes/who.txt", b"  notes/whx.txt")
    case("sums-other-path", "List", zipped(files(parts, own_sums=other)), "SHA256SUMS names a part that is not there")
    upper = sums(parts)[:64].upper() + sums(parts)[64:]
    case("sums-capitals", "List", zipped(files(parts, own_sums=upper)), "lower-case hexadecimal")
    made = manifest(parts, RECORDS)
    for name, changed, comment in (
        ("list-spaced", made.replace(b'"size": ', b'"size":  ', 1), "another spelling of the same JSON"),
        ("list-claims-more", manifest(parts, RECORDS.replace("1}", "2}")), "claims what is not there"),
        ("list-claims-nothing", made.replace(RECORDS.encode(), b""), "claims less than is there"),
        ("list-other-log", made.replace(LOG.encode(), b"log.example/other"), "another log than the statements'"),
        ("list-other-size", made.replace(b'"size": 8,', b'"size": 9,', 1), "another size"),
        ("list-carriage-returns", made.replace(b"\n", b"\r\n"), "line feeds only"),
    ):
        assert changed != made, name
        case(name, "List", zipped(files(parts, own_manifest=changed)), comment)
    changed = dict(parts)
    changed["notes/who.txt"] = b"somebody else\n"
    body = zipped(files(changed, own_sums=sums(parts), own_manifest=made))
    case("part-exchanged", "List", body, "a part is another than the lists say")


def contents():
    def without(path, parts=None, claims=RECORDS):
        parts = dict(parts or records())
        del parts[path]
        return zipped(files(parts, claims))

    case("how-to-missing", "Missing", without("HOW-TO-VERIFY.txt"), "it is required")
    case("disclosure-missing", "Missing", without("records/0/7.disclosure.json"), "each statement has one")
    case("receipt-missing", "Missing", without("records/0/7.tlog-proof"), "each statement under records/ has one")
    case("receipt-of-range-missing", "Missing", without("range/0/8.tlog-proof", ranged(), RANGE), "the last of a range has one")
    last = 2**64 - 1
    alone = {"HOW-TO-VERIFY.txt": b"by hand\n", f"range/0/{last}.disclosure.json": DISCLOSURE}
    alone[f"range/0/{last}.statement"] = relabelled(last)
    claim = RANGE.replace('"7"', f'"{last}"').replace('"8"', f'"{last}"')
    case("receipt-of-last-sequence-missing", "Missing", zipped(files(alone, claim)), "nothing can come behind it, so it is the last of its range")
    case("statement-missing", "Missing", without("records/0/7.statement"), "nothing without its statement")

    def with_(name, expect, comment, more, parts=None, claims=RECORDS):
        parts = dict(parts or records())
        parts.update(more)
        case(name, expect, zipped(files(parts, claims)), comment)

    forged = {f"evidence/{sha(EVIDENCE)}": b"another report\n"}
    with_("evidence-other", "Evidence", "evidence has the hash of its path, whatever the lists say", forged)
    far = {"range/0/10.statement": relabelled(10), "range/0/10.disclosure.json": DISCLOSURE, "range/0/10.tlog-proof": b"r\n"}
    with_("range-gap", "Gap", "statement 9 is not there", far, ranged(), RANGE)
    both = {"records/0/7.statement": STATEMENT, "records/0/7.disclosure.json": DISCLOSURE, "records/0/7.tlog-proof": b"r\n"}
    with_("statement-twice", "Twice", "under range/ and under records/", both, ranged(), RANGE)
    with_("statement-elsewhere", "OtherPlace", "sequence 7 in the place of 8", {"range/0/8.statement": STATEMENT}, ranged(), RANGE)
    moved = {path.replace("/0/", "/1/"): data for path, data in records().items()}
    case("source-elsewhere", "OtherPlace", zipped(files(moved)), "the only source is source 0")
    with_("consistency-alone", "Missing", "consistency belongs to an after", {"records/0/7.consistency": b""})
    with_("timestamp", "ok", "beside its receipt; a bundle does not read it", {"records/0/7.tsr": b"a token\n"})
    with_("timestamp-alone", "Missing", "a timestamp dates a receipt's checkpoint", {"range/0/7.tsr": b"a token\n"}, ranged(), RANGE)
    with_("timestamp-largest", "ok", "64 KiB", {"records/0/7.tsr": b"0" * 65536})
    with_("timestamp-too-large", "TooLarge", "at most 64 KiB", {"records/0/7.tsr": b"0" * 65537})
    with_("statement-none", "Statement", "what lies there is no statement", {"records/0/7.statement": b"no statement\n"})


# --- pins ----------------------------------------------------------------------------------------


def pins():
    keys = (ROOT / "evidence/statement/later").read_text().split("\n")[2].split(": ")[1]
    leaf = (ROOT / "evidence/statement/first").read_text().split("\nleaf: ")[1].split("\n")[0]
    sound = (
        f"fiducial/pins/v1\nlog {LOG}\n\nsource {SOURCE}\nkey {keys}\n"
        f"machine AOI 7, 4 号线\nfirst 0 {leaf}\ncadence 60\n"
    )

    def pin(name, expect, body, comment):
        path = ROOT / "pins" / name
        assert not path.exists(), path
        path.write_bytes(f"expect: {expect}\ncomment: {comment}\n\n".encode() + body.encode())

    pin("sound", "ok", sound, "one source")
    pin("comments", "ok", sound.replace("\nkey", "\n\n# by telephone\nkey"), "comments and empty lines anywhere but first")
    pin("no-cadence", "ok", sound.replace("cadence 60", "cadence none"), "speaks when it is told to")
    for name, expect, old, new, comment in (
        ("version-unknown", "Header", "pins/v1", "pins/v2", "another version"),
        ("comment-first", "Header", "fiducial", "# pins\nfiducial", "the first line is the version"),
        ("no-final-line-feed", "Utf8", "cadence 60\n", "cadence 60", "the last line ends too"),
        ("log-missing", "Line", f"log {LOG}\n", "", "no log"),
        ("source-with-space", "Line", f"source {SOURCE}", f"source {SOURCE} ", "no space at an end"),
        ("key-missing", "Line", f"key {keys}\n", "", "no key"),
        ("key-twice", "Key", f"key {keys}\n", f"key {keys}\n" * 2, "one key ID twice"),
        ("key-of-other-source", "Key", f"source {SOURCE}", "source other", "the key has another name"),
        ("key-malformed", "Line", "key line", "key +line", "no verifier key"),
        ("machine-empty", "Line", "machine AOI 7, 4 号线", "machine ", "says nothing"),
        ("machine-too-long", "Line", "machine AOI", "machine " + "x" * 256, "more than 255 bytes"),
        ("machine-missing", "Line", "machine AOI 7, 4 号线\n", "", "no machine"),
        ("first-leading-zero", "Line", "first 0 ", "first 00 ", "one spelling"),
        ("first-without-leaf", "Line", f"first 0 {leaf}", "first 0", "no leaf hash"),
        ("cadence-zero", "Line", "cadence 60", "cadence 0", "at least a second"),
        ("cadence-too-long", "Line", "cadence 60", "cadence 604801", "at most a week"),
        ("lines-swapped", "Line", f"first 0 {leaf}\ncadence 60", f"cadence 60\nfirst 0 {leaf}", "one order"),
        ("carriage-returns", "Header", "\n", "\r\n", "line feeds only"),
        ("source-twice", "Order", "cadence 60\n", "cadence 60\n" + sound.split("\n\n")[1], "names ascend"),
    ):
        body = sound.replace(old, new)
        assert body != sound, name
        pin(name, expect, body, comment)
    pin("no-source", "Line", sound.split("\n\n")[0] + "\n", "at least one source")


if __name__ == "__main__":
    for group in ("bundle", "pins"):
        shutil.rmtree(ROOT / group, ignore_errors=True)
        (ROOT / group).mkdir()
    sound()
    zips()
    paths()
    lists()
    contents()
    pins()
