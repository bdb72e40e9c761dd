/**
 * Words of machines: which say that something is good, and which that it is bad. The list is that of
 * `spec/text/reconcile.md`; any other word is no verdict.
 */

export const GOOD: readonly string[] = ["accepted", "bestanden", "good", "i.o.", "io", "ok", "pass", "passed",
  "repairsuccessful", "succeeded", "success", "合格", "良品", "通过"];

export const BAD: readonly string[] = ["aborted", "bad", "error", "fail", "failed", "n.i.o.", "ng", "nicht bestanden",
  "nio", "nok", "rejected", "scrap", "skip", "skipped", "unabletorepair", "不合格", "不良", "不通过", "报废", "失败", "跳过"];

/** What machines write for a board that is crossed out: such a word begins so. */
const CROSSED_OUT = ["skip", "跳过"];

/** Whether a word says that something is bad, and not that a board is crossed out. */
export function saysBad(word: string): boolean {
  const plain = plainOf(word);
  return BAD.includes(plain) && !CROSSED_OUT.some((known) => plain.startsWith(known));
}

/** Whether a word says that something is good. */
export function saysGood(word: string): boolean {
  return GOOD.includes(plainOf(word));
}

/** How many of a list of words say that something is bad, and how many that it is good. */
export interface Counts {
  readonly bad: number;
  readonly good: number;
}

const counted = new WeakMap<readonly string[], Counts>();

/** Counts a list once: it may have thousands of words, and be asked about for each of as many boards. */
export function countsOf(words: readonly string[]): Counts {
  const known = counted.get(words);
  if (known) return known;
  const counts = { bad: words.filter(saysBad).length, good: words.filter(saysGood).length };
  counted.set(words, counts);
  return counts;
}

function plainOf(word: string): string {
  return word.trim().toLowerCase();
}
