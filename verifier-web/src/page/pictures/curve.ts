/** Reflow: the curve of each thermocouple against its window, key figures stated and computed, oven zones. */

import { LIQUIDUS, MAX_GAP, SOAK, figuresOf, samplesOf, type Figures } from "../../evidence/figures.ts";
import type { Profile, StatedFigure, Zone } from "../../evidence/profile.ts";
import type { Window } from "../../evidence/program.ts";
import { breakable, drawn, element } from "../dom.ts";
import type { Speaker } from "../speaker.ts";
import { printable } from "../words/language.ts";
import type { StoryName } from "../words/story.ts";

const WIDTH = 720;
const HEIGHT = 340;
const LEFT = 44;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 34;

/** The most points of one line; with more, every so manieth is drawn. */
const MAX_POINTS = 1500;

/** Told apart by colour and by dashes, so that a print in grey can be read. */
const STROKES: readonly (readonly [colour: string, dashes: string])[] = [
  ["#0b5cad", ""],
  ["#a11b1b", "7 3"],
  ["#11693b", "2 3"],
  ["#7a5200", "10 3 2 3"],
  ["#6b2d8b", "4 2"],
  ["#1c2530", "1 4"],
];

const COMPUTED = ["ramp", "soak", "above", "peak", "fall"] as const satisfies readonly StoryName[];

/** Which of the file's figures a computed one stands beside. */
const BESIDE: Readonly<Record<(typeof COMPUTED)[number], RegExp>> = {
  ramp: /rising|ramp|aufheiz|升温/i,
  soak: /soak|halte|恒温/i,
  above: /above|liquid|über|217|回流时间/i,
  peak: /peak|spitze|峰值/i,
  fall: /falling|cool|abk|降温/i,
};

/** Draws a profile; `window` is that of an enclosed recipe, for what the file itself states no limits of. */
export function drawProfile(profile: Profile, window: Window | undefined, speaker: Speaker): HTMLElement[] {
  const made: HTMLElement[] = [];
  if (profile.channels.length > 0) {
    made.push(drawCurve(profile, window, speaker), ...notesOf(profile, speaker));
    if (window && COMPUTED.some((name) => limitsBeside(profile, window, name)?.isRecipes)) {
      made.push(element("p", { class: "help" }, speaker.story("windowInRecipe", printable(window.name))));
    }
    made.push(figureTable(profile, window, speaker));
    made.push(element("p", { class: "help" }, speaker.story("computedHelp")));
  } else {
    made.push(element("p", { class: "help" }, speaker.story("noCurve")));
  }
  if (profile.zones.length > 0) made.push(drawZones(profile.zones, speaker), zoneTable(profile.zones, speaker));
  if (profile.stated.length > 0) made.push(statedList(profile.stated, speaker));
  return made;
}

/** The two axes: seconds across, degrees up. */
function axesOf(profile: Profile, limits: StatedFigure["limits"]) {
  const values = profile.channels.flatMap(({ samples }) => samples.filter((value) => value !== undefined));
  // A limit that no oven reaches would flatten the curve, and is left outside.
  const least = Math.max(240, ...(limits ?? []).filter((limit) => limit <= 500));
  const hottest = values.reduce((most, value) => Math.max(most, value), least);
  const [start, end] = [profile.times[0] ?? 0, profile.times.at(-1) ?? 1];
  const top = Math.ceil((hottest + 5) / 25) * 25;
  const x = (time: number) => LEFT + ((time - start) / (end - start || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (Math.max(0, value) / top) * (HEIGHT - TOP - BOTTOM);
  return { start, end, top, x, y };
}

function drawCurve(profile: Profile, window: Window | undefined, speaker: Speaker): HTMLElement {
  const { limits } = limitsBeside(profile, window, "peak") ?? {};
  const { start, end, top, x, y } = axesOf(profile, limits);
  const parts: Node[] = [];
  const text = (at: readonly [number, number], anchor: string, said: string, fill = "#566372") =>
    drawn("text", { x: at[0], y: at[1], "text-anchor": anchor, "font-size": 11, fill }, said);
  for (let value = 0; value <= top; value += 50) {
    parts.push(
      drawn("line", { x1: LEFT, y1: y(value), x2: WIDTH - RIGHT, y2: y(value), stroke: "#e4e9ee" }),
      text([LEFT - 6, y(value) + 4], "end", `${value}`),
    );
  }
  const band = drawn("rect", {
    x: LEFT,
    y: y(SOAK[1]),
    width: WIDTH - LEFT - RIGHT,
    height: y(SOAK[0]) - y(SOAK[1]),
    fill: "#fdf2d8",
    opacity: 0.6,
  });
  parts.push(band, text([WIDTH - RIGHT - 4, y(SOAK[1]) + 12], "end", `${SOAK[0]}–${SOAK[1]} °C`));
  const level = (value: number, said: string, dashes: string, anchor = "end") => {
    const at = anchor === "end" ? WIDTH - RIGHT - 4 : LEFT + 4;
    const line = { x1: LEFT, y1: y(value), x2: WIDTH - RIGHT, y2: y(value), stroke: "#7a5200" };
    parts.push(drawn("line", { ...line, "stroke-dasharray": dashes }), text([at, y(value) - 4], anchor, said, "#7a5200"));
  };
  level(LIQUIDUS, `${LIQUIDUS} °C`, "6 3");
  for (const limit of limits?.filter((one) => one >= 0 && one <= top) ?? []) {
    level(limit, `${speaker.story("limits")}: ${limit} °C`, "2 2", "start");
  }
  profile.channels.forEach(({ samples }, at) => {
    const [stroke, dashes] = STROKES[at % STROKES.length] ?? ["#000", ""];
    const points = pathOf(profile.times, samples, x, y);
    parts.push(drawn("path", { d: points, fill: "none", stroke, "stroke-width": 1.8, "stroke-dasharray": dashes }));
  });
  const foot = HEIGHT - BOTTOM + 16;
  for (let step = 0; step <= 4; step += 1) {
    const time = start + ((end - start) * step) / 4;
    parts.push(text([x(time), foot], step === 0 ? "start" : step === 4 ? "end" : "middle", time.toFixed(0)));
  }
  parts.push(text([WIDTH / 2, HEIGHT - 4], "middle", speaker.story("seconds")));
  const alt = speaker.story("curveAlt", `${profile.channels.length}`);
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": alt }, ...parts);
  return element("div", { class: "curve" }, svg, legendOf(profile));
}

/** Lines from sample to sample; where a number is missing, or time, the pen is lifted. */
export function pathOf(
  times: readonly number[],
  samples: readonly (number | undefined)[],
  x: (time: number) => number,
  y: (value: number) => number,
): string {
  const every = strideOf(times.length);
  let path = "";
  let before: number | undefined;
  let isBroken = true;
  times.forEach((time, at) => {
    const value = samples[at];
    if (value === undefined || (before !== undefined && time - before > MAX_GAP)) isBroken = true;
    before = time;
    if (value === undefined || (at % every !== 0 && !isBroken)) return;
    path += `${isBroken ? "M" : "L"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
    isBroken = false;
  });
  return path;
}

function strideOf(count: number): number {
  return Math.max(1, Math.ceil(count / MAX_POINTS));
}

function legendOf({ channels }: Profile): HTMLElement {
  const items = channels.map(({ name }, at) => {
    const [stroke, dashes] = STROKES[at % STROKES.length] ?? ["#000", ""];
    const line = { x1: 0, y1: 6, x2: 34, y2: 6, stroke, "stroke-width": 2.5, "stroke-dasharray": dashes };
    const sample = drawn("svg", { viewBox: "0 0 34 12", width: 34, height: 12, "aria-hidden": "true" }, drawn("line", line));
    return element("li", {}, sample, ` ${at + 1} ${printable(name)}`);
  });
  return element("ul", { class: "legend" }, ...items);
}

function notesOf(profile: Profile, speaker: Speaker): HTMLElement[] {
  const notes: string[] = [];
  if (profile.missing.size > 0) {
    const words = [...profile.missing].map(([word, count]) => `${count} × ${printable(word) || "“”"}`);
    notes.push(speaker.story("missing", words.join(", ")));
  }
  const every = strideOf(profile.times.length);
  if (every > 1) notes.push(speaker.story("everyNth", `${every}`));
  return notes.map((text) => element("p", { class: "help" }, text));
}

function statedBeside({ figures }: Profile, name: (typeof COMPUTED)[number]): StatedFigure | undefined {
  return figures.find((figure) => BESIDE[name].test(figure.name));
}

/** The limits of a figure: those of the profile's own file, or else those of the recipe's window. */
export function limitsBeside(profile: Profile, window: Window | undefined, name: (typeof COMPUTED)[number]) {
  const own = statedBeside(profile, name)?.limits;
  if (own) return { limits: own, isRecipes: false };
  const found = [...(window?.limits ?? [])].find(([figure]) => BESIDE[name].test(figure));
  return found && { limits: found[1], isRecipes: true };
}

/** A line for each figure: its window, what the file states for each channel, and what is computed. */
function figureTable(profile: Profile, window: Window | undefined, speaker: Speaker): HTMLElement {
  const computed = profile.channels.map(({ samples }) => figuresOf(samplesOf(profile.times, samples)));
  const heads = profile.channels.map(({ name }, at) =>
    element("th", { scope: "col", class: "number" }, `${at + 1} ${printable(name)}`)
  );
  const used = new Set(COMPUTED.flatMap((name) => statedBeside(profile, name) ?? []));
  const others = profile.figures.filter((figure) => !used.has(figure));
  const rows = [
    ...COMPUTED.flatMap((name) => {
      const stated = statedBeside(profile, name);
      const found = limitsBeside(profile, window, name);
      const recipes = found?.isRecipes ? found.limits : undefined;
      return [...(stated ? [statedRow(stated, speaker)] : []), computedRow(name, computed, recipes, speaker)];
    }),
    ...others.map((figure) => statedRow(figure, speaker)),
  ];
  const head = [speaker.story("figure"), "", speaker.story("limits")];
  const columns = head.map((text) => element("th", { scope: "col" }, text));
  const table = element(
    "table",
    { class: "figures" },
    element("thead", {}, element("tr", {}, ...columns, ...heads)),
    element("tbody", {}, ...rows),
  );
  return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": speaker.story("figure") }, table);
}

function statedRow({ name, limits, values }: StatedFigure, speaker: Speaker): HTMLElement {
  const window = limits ? `${limits[0]} … ${limits[1]}` : speaker.story("noLimits");
  return element(
    "tr",
    { class: "stated" },
    element("th", { scope: "row" }, printable(name)),
    element("td", {}, speaker.story("asStated")),
    element("td", {}, window),
    ...values.map((value) => element("td", { class: "number" }, printable(value))),
  );
}

function computedRow(
  name: keyof Figures,
  computed: readonly Figures[],
  limits: StatedFigure["limits"],
  speaker: Speaker,
): HTMLElement {
  const cells = computed.map((figures) => {
    const value = figures[name];
    const digits = name === "ramp" || name === "fall" ? 2 : 1;
    return element("td", { class: "number" }, value?.toFixed(digits) ?? speaker.story("notComputed"));
  });
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, speaker.story(name)),
    element("td", {}, speaker.story("computed")),
    element("td", {}, limits ? `${limits[0]} … ${limits[1]}` : ""),
    ...cells,
  );
}

/** Setpoints as steps and readings as rings, zone by zone. */
function drawZones(zones: readonly Zone[], speaker: Speaker): SVGElement & HTMLElement {
  const all = zones.flatMap(({ setpoints, readings }) => [...setpoints, ...readings].map(([, celsius]) => celsius));
  const top = Math.ceil((all.reduce((most, value) => Math.max(most, value), 100) + 5) / 50) * 50;
  const [height, step] = [240, (WIDTH - LEFT - RIGHT) / zones.length];
  const y = (value: number) => height - BOTTOM - (Math.max(0, value) / top) * (height - TOP - BOTTOM);
  const parts: Node[] = [];
  const label = (x: number, at: number, anchor: string, text: string) =>
    drawn("text", { x, y: at, "text-anchor": anchor, "font-size": 11, fill: "#566372" }, text);
  for (let value = 0; value <= top; value += 50) {
    parts.push(drawn("line", { x1: LEFT, y1: y(value), x2: WIDTH - RIGHT, y2: y(value), stroke: "#e4e9ee" }));
    parts.push(label(LEFT - 6, y(value) + 4, "end", `${value}`));
  }
  zones.forEach(({ name, setpoints, readings }, at) => {
    const left = LEFT + at * step;
    for (const [, celsius] of setpoints) {
      const line = { x1: left + 3, y1: y(celsius), x2: left + step - 3, y2: y(celsius) };
      parts.push(drawn("line", { ...line, stroke: "#7a5200", "stroke-width": 2 }));
    }
    for (const [, celsius] of readings) {
      const ring = { cx: left + step / 2, cy: y(celsius), r: 4, fill: "none", stroke: "#0b5cad", "stroke-width": 2 };
      parts.push(drawn("circle", ring));
    }
    parts.push(label(left + step / 2, height - BOTTOM + 16, "middle", printable(name).slice(0, 10)));
  });
  const alt = speaker.story("zonesAlt", `${zones.length}`);
  return drawn("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": alt }, ...parts) as SVGElement & HTMLElement;
}

function zoneTable(zones: readonly Zone[], speaker: Speaker): HTMLElement {
  const heads = (["zone", "setpoints", "readings", "zoneOthers"] as const).map((name) =>
    element("th", { scope: "col" }, speaker.story(name))
  );
  const shown = (values: Zone["setpoints"]) =>
    printable(values.map(([where, celsius]) => `${where} ${celsius}`).join(", "));
  const number = (value: number | undefined) => (value === undefined ? "–" : `${value}`);
  const rows = zones.map(({ name, setpoints, readings, others }) => {
    const said = others.map(({ name: what, setpoint, reading }) =>
      speaker.story("zoneOther", printable(what), number(setpoint), number(reading))
    );
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, printable(name)),
      element("td", {}, shown(setpoints)),
      element("td", {}, shown(readings)),
      element("td", {}, said.join("; ")),
    );
  });
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows));
  return element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": speaker.story("zone") }, table);
}

function statedList(stated: Profile["stated"], speaker: Speaker): HTMLElement {
  const values = element("dl");
  for (const [name, value] of stated) {
    values.append(element("dt", {}, printable(name)), element("dd", {}, ...breakable(printable(value))));
  }
  return element("details", { open: "" }, element("summary", {}, speaker.story("statedValues")), values);
}
