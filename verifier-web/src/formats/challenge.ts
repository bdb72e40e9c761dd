/** The file of a challenge audit. It is known by its first line and judged by `fiducial challenge verify` alone. */

export const CHALLENGE_HEADER = "fiducial/challenge/v1";
