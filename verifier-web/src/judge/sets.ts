/** Sets of names. */

/** Whether two sets have something in common. Each may be of thousands: the smaller one is gone through. */
export function haveInCommon<T>(one: ReadonlySet<T>, other: ReadonlySet<T>): boolean {
  const [few, many] = one.size < other.size ? [one, other] : [other, one];
  for (const item of few) if (many.has(item)) return true;
  return false;
}
