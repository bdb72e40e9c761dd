/** Small helpers to build the page. Text always goes in as text: nothing is ever parsed as HTML. */

/** Makes an element with attributes and children. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Text that may go on in the next line behind a comma or semicolon, and so not within a number. */
export function breakable(text: string): (Node | string)[] {
  const [first = "", ...pieces] = text.split(/(?<=[,;])(?=\S)/);
  return [first, ...pieces.flatMap((piece) => [element("wbr"), piece])];
}

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element of a drawing. Attributes only: the page's policy allows no style of its own. */
export function drawn(
  name: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (Node | string)[]
): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, `${value}`);
  made.append(...children);
  return made;
}

/** The element with this id, which the page's HTML has. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}
