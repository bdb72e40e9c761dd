/** What stands behind a reason: why a proof does not hold, by the codes of the program (`verifier-cli/src/words.rs`). */

import type { Refusal } from "../formats/refusal.ts";
import type { Split } from "../formats/split.ts";
import { Stop, say, sayWith, type Said } from "./report.ts";

/** Why a leaf is not where a path says. */
export function inclusionDetail(refused: Refusal): Said {
  const codes: Record<string, string> = {
    IndexBeyondTree: "detail-index-beyond",
    ProofLength: "detail-path-length",
    RootMismatch: "detail-path-root",
  };
  return say(codes[refused.path[0] ?? ""] ?? "detail-other", ...refused.values);
}

/** The tree of a receipt does not continue another, and why. */
export function notContinued(refused: Refusal): Stop {
  const codes: Record<string, string> = {
    NewRootMismatch: "detail-new-root",
    OldRootMismatch: "detail-old-root",
    ProofLength: "detail-consistency-length",
    SameSizeOtherRoot: "detail-same-size",
  };
  const code = codes[refused.path[0] ?? ""];
  const why = code ? say(code, ...refused.values) : say("detail-other", refused.path.join(" "));
  return new Stop("rejected", sayWith(say("after-not-continued"), [why]));
}

/** Why a file proves no split. */
export function splitDetail(refused: Refusal, { older, newer }: Split): Said {
  const sizes = [older, newer].map(({ checkpoint }) => `${checkpoint.tree.size}`);
  const [first = "", second = ""] = refused.path;
  const size = (first === "Older" ? sizes[0] : sizes[1]) ?? "";
  switch (second === "" ? first : second) {
    case "Agree":
      return say("detail-agree");
    case "AnotherTree":
      return say("detail-hashes-elsewhere", ...refused.values);
    case "BadSignature":
      return say("detail-signature-bad", size);
    case "Length":
      return say("detail-hashes-length", ...refused.values);
    case "NoHashes":
      return say("detail-no-hashes", ...sizes);
    case "NotSigned":
      return say("detail-not-signed", size);
    case "TwoLogs":
      return say("detail-two-logs", ...refused.values);
    default:
      return say("detail-other", refused.path.join(" "));
  }
}
