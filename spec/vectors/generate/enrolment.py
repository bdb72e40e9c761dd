#!/usr/bin/env python3
"""Writes the vectors of enrolment requests: `spec/vectors/enrolment/`.

Keys and notes are those of `generate.py`. Nothing of this project's Rust is used.

    python3 spec/vectors/generate/enrolment.py
"""

import shutil
import sys

sys.dont_write_bytecode = True

from generate import ORIGIN, ROOT, Key, note, write

SOURCE = "line-4.example/aoi-7"
OLD = Key(SOURCE, 1, 60)
NEW = Key(SOURCE, 1, 61)
THIEF = Key(SOURCE, 1, 62)
OTHER = Key("line-4.example/oven-2", 1, 63)
COSIGNER = Key(SOURCE, 4, 64)


def text(key=NEW, replaces=None, origin=ORIGIN, source=SOURCE, head="fiducial/enrolment/v1"):
    old = replaces.vkey() if replaces else "none"
    return f"{head}\nlog {origin}\nsource {source}\nkey {key.vkey()}\nreplaces {old}\n"


def signed(said, *keys):
    return note(said, *(key.line(key.sign(said)) for key in keys))


def case(name, expect, body, comment, vouched=None):
    head = [("expect", expect), ("comment", comment)]
    if vouched is not None:
        head.append(("vouched", "yes" if vouched else "no"))
    write("enrolment", name, head, body)


def sound():
    case("first", "ok", signed(text(), NEW), "a new source", False)
    said = text(replaces=OLD)
    case("rotation", "ok", signed(said, NEW, OLD), "the old key vouches for the new one", True)
    case("old-key-lost", "ok", signed(said, NEW), "replaces a key that has not signed", False)


def signatures():
    said, rotation = text(), text(replaces=OLD)
    case("signed-by-other-key", "Signature", signed(said, THIEF), "whoever asks must hold the key")
    case("signed-by-old-key-alone", "Signature", signed(rotation, OLD), "the old key cannot enrol for another")
    case("signatures-swapped", "Signature", signed(rotation, OLD, NEW), "the new key's line comes first")
    case("second-signature-by-stranger", "Signature", signed(rotation, NEW, THIEF), "neither key's")
    case("second-signature-without-replaces", "Signature", signed(said, NEW, OLD), "nothing is replaced")
    case("three-signatures", "Signature", signed(rotation, NEW, OLD, OLD), "one too many")
    case("new-key-twice", "Signature", signed(rotation, NEW, NEW), "the same line twice")
    wrong = note(said, NEW.line(NEW.sign(said + " ")))
    case("signature-of-other-text", "Signature", wrong, "verifies for another text only")
    wrong = note(rotation, NEW.line(NEW.sign(rotation)), OLD.line(OLD.sign(said)))
    case("old-signature-of-other-text", "Signature", wrong, "the old key has signed something else")
    case("no-signature", "Note NoSignatures", said + "\n", "a note without a signature line")


def keys():
    case("key-of-other-source", "Key", signed(text(key=OTHER), OTHER), "`key` is not of the source")
    case("replaces-key-of-other-source", "Key", signed(text(replaces=OTHER), NEW, OTHER), "`replaces` is not of the source")
    case("key-is-cosigner", "Key", signed(text(key=COSIGNER), NEW), "type 0x04 signs no notes")
    case("same-key", "SameKey", signed(text(replaces=NEW), NEW), "it would replace itself")


def lines():
    said = text()
    body = said.splitlines(keepends=True)
    case("version-unknown", "Header", signed(text(head="fiducial/enrolment/v2"), NEW), "another version")
    for at, name in enumerate(["log", "source", "key", "replaces"], start=1):
        case(f"{name}-missing", "Line", signed("".join(body[:at] + body[at + 1 :]), NEW), f"without `{name}`")
        case(f"{name}-repeated", "Line", signed("".join(body[: at + 1] + body[at:]), NEW), f"`{name}` twice")
    swapped = "".join([body[0], body[2], body[1], *body[3:]])
    case("lines-swapped", "Line", signed(swapped, NEW), "`source` before `log`")
    case("two-spaces", "Line", signed(said.replace("source ", "source  "), NEW), "one space separates")
    case("replaces-none-in-capitals", "Key", signed(said.replace("none", "NONE"), NEW), "`none` has one spelling")
    case("line-behind-replaces", "Line", signed(said + "note line 3\n", NEW), "nothing follows")
    case("log-empty", "Line", signed(text(origin=""), NEW), "no log")
    case("too-large", "TooLarge", signed(said + "x" * 4096 + "\n", NEW), "more than a request can have")


def main():
    shutil.rmtree(ROOT / "enrolment", ignore_errors=True)
    (ROOT / "enrolment").mkdir()
    for part in (sound, signatures, keys, lines):
        part()
    print(len(list((ROOT / "enrolment").iterdir())), "cases")


if __name__ == "__main__":
    main()
