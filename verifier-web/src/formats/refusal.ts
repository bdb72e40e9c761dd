/**
 * Why bytes are not what they should be, or evidence does not hold.
 *
 * `path` has the names that the vectors use, from the outermost in: `["Note", "NoSignatures"]`.
 * `values` are facts for the sentence that a person reads.
 */
export class Refusal extends Error {
  readonly path: readonly string[];
  readonly values: readonly string[];

  constructor(path: string | readonly string[], ...values: string[]) {
    const names = typeof path === "string" ? [path] : path;
    super(names.join(" "));
    this.path = names;
    this.values = values;
  }

  /** The same, within something larger. */
  within(outer: string): Refusal {
    return new Refusal([outer, ...this.path], ...this.values);
  }
}

/** Runs a parser, and puts `outer` in front of what it refuses. */
export function within<T>(outer: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof Refusal ? error.within(outer) : error;
  }
}
