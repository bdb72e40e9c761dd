/** What is still missing for a verdict: said as soon as files are there, before anybody presses a button to learn it. */

import type { Role } from "../judge/given.ts";
import type { TextName } from "./words/labels.ts";

/** What is there by now. */
export interface Present {
  /** What the files that are evidence are taken as. */
  readonly roles: readonly Role[];
  readonly hasPolicy: boolean;
  /** Whether pins or keys are there, by which a source's signature counts. */
  readonly hasSources: boolean;
  /** Whether the files are parts of an unpacked bundle. */
  readonly areParts: boolean;
}

/**
 * The names of what is missing, in the order in which it is said. It is only what no verdict is without: what else a
 * judgement wants, such as a source that the pins do not name, it says itself.
 */
export function missingFor({ roles, hasPolicy, hasSources, areParts }: Present): TextName[] {
  // Nothing that is put beside them would help.
  if (areParts) return ["unpacked"];
  const has = (role: Role) => roles.includes(role);
  const isOfSource = has("bundle") || (has("receipt") && !has("entry"));
  const missing: [TextName, boolean][] = [
    ["missingEvidence", !has("bundle") && !has("receipt") && !has("split")],
    ["missingDisclosure", has("receipt") && has("file") && !has("disclosure")],
    ["missingPolicy", !hasPolicy],
    ["missingPins", isOfSource && !hasSources],
  ];
  return missing.flatMap(([name, isMissing]) => (isMissing ? [name] : []));
}
