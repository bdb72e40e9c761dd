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

/** White space, and U+FEFF. */
const SPACE = /[\s\u0085]/;

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

/** Whether a count of defects says that something was found: digits, however many, not all of which are 0. */
export function countsAny(defects: string): boolean {
  return /^\+?0*[1-9][0-9]*$/.test(trimmed(defects));
}

function plainOf(word: string): string {
  return trimmed(word).toLowerCase();
}

/**
 * Without what Unicode calls white space around it, and without byte order marks: `trim` alone leaves U+0085, which
 * others take off. Letter by letter, because an expression for the end of a text is tried at every space within it.
 */
function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text.charAt(start))) start += 1;
  while (start < end && SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
