/** Bytes as people write them. */

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Writes three digits and a unit, in powers of 1000. */
export function formatSize(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ""}`;
}

/** How many per cent of the whole are done, in steps: whoever hears the page would not hear the end of every single one. */
export function stepOf(done: number, total: number): number {
  return Math.floor((20 * done) / Math.max(total, 1)) * 5;
}
