#!/usr/bin/env python3
"""Writes the vectors of successions: `spec/vectors/succession/`.

Keys and notes are those of `generate.py`. Nothing of this project's Rust is used.

    python3 spec/vectors/generate/succession.py
"""

import shutil
import sys

sys.dont_write_bytecode = True

from generate import LOG, ORIGIN, ROOT, STRANGER, W, Key, b64, entries, mth, note, write

SUCCESSOR = "log.example/vectors-2"
NEW = Key(SUCCESSOR, 1, 70)
THIEF = Key(SUCCESSOR, 1, 71)
OLD_THIEF = Key(ORIGIN, 1, 72)
TIME = 1_700_000_000
WHY = "the disk died, and the last 12 entries with it"


def checkpoint(size=300, origin=ORIGIN, extensions=""):
    return f"{origin}\n{size}\n{b64(mth(entries(size)))}\n{extensions}"


def last(*more, text=None, key=LOG):
    said = checkpoint() if text is None else text
    return note(said, key.line(key.sign(said)), *(who.line(who.cosign(said, TIME)) for who in more))


def text(why=WHY, origin=SUCCESSOR, head="fiducial/succession/v1", enclosed=None):
    enclosed = last(W[1], W[2]) if enclosed is None else enclosed
    return f"{head}\nlog {origin}\nwhy {why}\n\n{enclosed}"


def signed(said, *keys):
    return note(said, *(key.line(key.sign(said)) for key in keys))


def case(name, expect, body, comment, old=None):
    head = [("expect", expect), ("comment", comment), ("key", NEW.vkey()), ("old-key", LOG.vkey())]
    if old is not None:
        head.append(("old", old))
    write("succession", name, head, body)


def sound():
    case("both-logs", "ok", signed(text(), NEW, LOG), "the old log says who follows it", "ok")
    case("new-log-alone", "ok", signed(text(), NEW), "the old key is lost, or this is somebody else", "Missing")
    bare = text(enclosed=last())
    case("old-without-witnesses", "ok", signed(bare, NEW, LOG), "the old log published on its own signature", "ok")
    foreign = text(enclosed=last(text=checkpoint(extensions="an extension\n")))
    case("old-with-extension", "ok", signed(foreign, NEW, LOG), "the old log's checkpoints may have extension lines", "ok")
    case("reason-in-chinese", "ok", signed(text(why="磁盘损坏"), NEW, LOG), "any language", "ok")
    case("reason-of-1024-bytes", "ok", signed(text(why="y" * 1024), NEW, LOG), "the longest reason", "ok")
    empty = text(enclosed=last(text=checkpoint(0)))
    case("old-log-empty", "ok", signed(empty, NEW, LOG), "a log that never had an entry can end as well", "ok")


def signatures():
    said = text()
    case("signed-by-other-key", "Missing", signed(said, THIEF, LOG), "another key under the new log's name", "ok")
    case("old-signed-by-other-key", "ok", signed(said, NEW, OLD_THIEF), "another key under the old log's name", "Missing")
    wrong = note(said, NEW.line(NEW.sign(said + " ")))
    case("signature-of-other-text", "Invalid", wrong, "verifies for another text only", "Missing")
    wrong = note(said, NEW.line(NEW.sign(said)), LOG.line(LOG.sign(checkpoint())))
    case("old-signature-of-its-checkpoint", "ok", wrong, "the old log has signed a checkpoint, and no successor", "Invalid")
    case("signed-by-old-log-alone", "Signature", signed(said, LOG), "a log says of itself that it follows another")
    case("signatures-swapped", "Signature", signed(said, LOG, NEW), "the new log's line comes first")
    case("second-signature-by-stranger", "Signature", signed(said, NEW, STRANGER), "neither log's")
    case("new-log-twice", "Signature", signed(said, NEW, NEW), "the second line is the old log's")
    case("three-signatures", "Signature", signed(said, NEW, LOG, LOG), "one too many")
    short = note(said, NEW.line(NEW.sign(said)[:63]))
    case("signature-of-63-bytes", "Signature", short, "no Ed25519 signature")
    # Without its own line the block of the enclosed checkpoint would be taken for it.
    case("no-signature", "Last NoSignatures", said, "a note without a line of its own")


def enclosed():
    case("enclosed-missing", "Last NoSignatures", signed(text(enclosed=""), NEW), "no checkpoint")
    case("enclosed-unsigned", "Last NoSignatures", signed(text(enclosed=checkpoint()), NEW), "a checkpoint without signatures")
    other = text(enclosed=last(text="no checkpoint\n"))
    case("enclosed-no-checkpoint", "LastCheckpoint Lines", signed(other, NEW), "a note that is none")
    other = text(enclosed=last(text=checkpoint().replace("\n300\n", "\n0300\n")))
    case("enclosed-size-leading-zero", "LastCheckpoint Size", signed(other, NEW), "as strict as elsewhere")
    other = text(enclosed=last(text=checkpoint(origin=SUCCESSOR), key=NEW))
    case("same-log", "SameLog", signed(other, NEW), "a log that goes on needs no successor")
    said = text().replace("\n\n" + ORIGIN, "\n" + ORIGIN)
    case("no-empty-line", "Line", signed(said, NEW), "an empty line stands before the checkpoint")
    case("two-empty-lines", "LastCheckpoint Origin", signed(text(enclosed="\n" + last()), NEW), "one empty line")


def lines():
    said = text()
    body = said.splitlines(keepends=True)
    case("version-unknown", "Header", signed(text(head="fiducial/succession/v2"), NEW), "another version")
    for at, name in enumerate(["log", "why"], start=1):
        case(f"{name}-missing", "Line", signed("".join(body[:at] + body[at + 1 :]), NEW), f"without `{name}`")
        case(f"{name}-repeated", "Line", signed("".join(body[: at + 1] + body[at:]), NEW), f"`{name}` twice")
    swapped = "".join([body[0], body[2], body[1], *body[3:]])
    case("lines-swapped", "Line", signed(swapped, NEW), "`why` before `log`")
    case("log-empty", "Line", signed(text(origin=""), NEW), "no log")
    for name, why in [("empty", ""), ("of-1025-bytes", "y" * 1025), ("space-before", " died"), ("space-behind", "died "), ("with-delete", "di\x7fed"), ("with-next-line", "di\x85ed")]:
        case(f"reason-{name}", "Why", signed(text(why=why), NEW), "the reason is one plain line")
    case("reason-with-tab", "Note ControlCharacter", signed(text(why="di\ted"), NEW), "no note has one")
    large = last(*[W[1]] * 60)
    while len(signed(text(enclosed=large), NEW).encode()) <= 65535:
        large = large.replace("\n\n", "\n" + "x" * 1000 + "\n\n")
    case("too-large", "TooLarge", signed(text(enclosed=large), NEW), "more than an entry can have")


def main():
    shutil.rmtree(ROOT / "succession", ignore_errors=True)
    (ROOT / "succession").mkdir()
    for part in (sound, signatures, enclosed, lines):
        part()
    print(len(list((ROOT / "succession").iterdir())), "cases")


if __name__ == "__main__":
    main()
