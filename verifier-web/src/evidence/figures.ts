/**
 * Key figures of a curve, computed here from the samples that the file holds.
 *
 * | figure | how |
 * |---|---|
 * | ramp, fall | steepest rise and fall over 10 s, from one sample to the first that is 10 s later |
 * | soak | seconds between 150 and 200 °C before the peak |
 * | above | seconds above 217 °C |
 * | peak | the highest sample |
 *
 * Between two samples the curve is taken as straight. Where samples are further apart than `MAX_GAP`
 * nobody knows what was between them, and times and slopes are not computed at all. The soak and the
 * liquidus are those of lead-free solder (SAC305), and whoever shows these figures says so.
 */

/** The longest time between two samples over which a line is drawn, in seconds. */
export const MAX_GAP = 5;
export const LIQUIDUS = 217;
export const SOAK = [150, 200] as const;

const SLOPE_SECONDS = 10;

/** A sample: seconds, degrees Celsius. */
export type Sample = readonly [time: number, celsius: number];

/** Undefined where the samples do not give it. */
export interface Figures {
  readonly ramp: number | undefined;
  readonly soak: number | undefined;
  readonly above: number | undefined;
  readonly peak: number | undefined;
  readonly fall: number | undefined;
}

/** The samples that are numbers. */
export function samplesOf(
  times: readonly number[],
  values: readonly (number | undefined)[],
): Sample[] {
  return times.flatMap((time, at): Sample[] => {
    const value = values[at];
    return value === undefined ? [] : [[time, value]];
  });
}

/** Computes the figures of one channel. */
export function figuresOf(there: readonly Sample[]): Figures {
  const none = { ramp: undefined, soak: undefined, above: undefined, peak: undefined, fall: undefined };
  const [first] = there;
  if (!first) return none;
  const [top, peak] = there.reduce((best, next) => (next[1] > best[1] ? next : best), first);
  const isWhole = there.length > 1 &&
    there.every(([time], at) => at === 0 || time - (there[at - 1]?.[0] ?? time) <= MAX_GAP);
  if (!isWhole) return { ...none, peak };
  const slopes = slopesOf(there);
  return {
    ramp: slopes.length > 0 ? slopes.reduce((one, other) => Math.max(one, other)) : undefined,
    soak: secondsBetween(there.filter(([time]) => time <= top), ...SOAK),
    above: secondsBetween(there, LIQUIDUS, Infinity),
    peak,
    fall: slopes.length > 0 ? slopes.reduce((one, other) => Math.min(one, other)) : undefined,
  };
}

function slopesOf(there: readonly Sample[]): number[] {
  const slopes: number[] = [];
  let end = 0;
  for (const [time, value] of there) {
    // A hair less than ten: times are decimals in the file and binary here.
    while ((there[end]?.[0] ?? Infinity) - time < SLOPE_SECONDS - 1e-6) end += 1;
    const later = there[end];
    if (!later) break;
    slopes.push((later[1] - value) / (later[0] - time));
  }
  return slopes;
}

function secondsBetween(there: readonly Sample[], low: number, high: number): number {
  let seconds = 0;
  there.slice(1).forEach(([time, value], at) => {
    const [before, was] = there[at] ?? [time, value];
    const [bottom, top] = [Math.min(was, value), Math.max(was, value)];
    const share = bottom === top
      ? (bottom > low && bottom < high ? 1 : 0)
      : Math.max(0, Math.min(top, high) - Math.max(bottom, low)) / (top - bottom);
    seconds += share * (time - before);
  });
  return seconds;
}
