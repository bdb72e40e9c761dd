/** What was given and is neither a receipt nor a bundle: said as the program says it, with the way out. */

import { FileWindow } from "../formats/window.ts";
import { beginsAsZip } from "../formats/zip.ts";
import type { Desk, RoledFile } from "./given.ts";
import { Stop, say, sayWith, type Said } from "./report.ts";

/** What any zip begins with. */
const SIGNATURE_SIZE = 4;

/** Ends the judgement of files among which there is neither: each that was meant as a bundle is called what it is. */
export async function neither(desk: Desk): Promise<Stop> {
  const files = desk.all("file");
  const isAlone = files.length === 1 && desk.all("disclosure").length === 0;
  const told: Said[] = [];
  for (const file of files) {
    const isMeant = isAlone || file.blob.size === 0 || /\.zip$/i.test(file.name) || (await isZip(file));
    if (isMeant) told.push(await noBundle(file));
  }
  return new Stop("undecided", ...(isAlone ? told : [...told, say("no-receipt")]));
}

/** Why a file is no bundle: it is empty, was packed again, or is something else. */
export async function noBundle(file: RoledFile): Promise<Said> {
  if (file.blob.size === 0) return say("file-empty", file.name);
  return sayWith(say("not-a-bundle", file.name), (await isZip(file)) ? [say("hint-repacked")] : []);
}

/** A file that cannot be read is told by who reads it. */
async function isZip(file: RoledFile): Promise<boolean> {
  return beginsAsZip(await new FileWindow(file.blob).read(0, SIGNATURE_SIZE).catch(() => new Uint8Array()));
}
