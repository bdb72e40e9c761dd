/**
 * The reader's own files among those that were given. Whose they are only the reader knows, so they are not used; where
 * one of their kind is missing, it is said that one lies there, and how it gets into its place. A bundle's own copies
 * beside its list of parts are the sender's, and nobody is led to use them.
 */

import type { Desk } from "./given.ts";
import { trustedIn, type OwnKind } from "./mistaken.ts";
import { say, sayWith, type Said } from "./report.ts";
import { isCopy, isListing } from "./unpacked.ts";

/** What each of these reasons asks for. */
const WANTED: Readonly<Record<string, readonly OwnKind[]>> = {
  "no-pin": ["pins"],
  "no-policy": ["policy"],
  "no-source-key": ["pins", "keys"],
};

/** The reasons, each with the files of the list that look like what is missing. */
export async function withInList(desk: Desk, reasons: readonly Said[]): Promise<Said[]> {
  return Promise.all(reasons.map(async (reason) => {
    const wanted = WANTED[reason.code] ?? [];
    if (wanted.length === 0) return reason;
    const unused = desk.all("unused");
    const areSenders = (await Promise.all(unused.map(isListing))).includes(true);
    const readers = unused.filter((file) => !areSenders || !isCopy(file));
    const files = await Promise.all(readers.map(async ({ name, blob }) => ({ name, kind: await trustedIn(blob) })));
    const told = files.flatMap(({ name, kind }) => (kind && wanted.includes(kind) ? [say("own-in-list", name, kind)] : []));
    return sayWith(reason, [...reason.details, ...told]);
  }));
}
