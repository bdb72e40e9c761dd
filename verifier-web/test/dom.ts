/** As much of a document as the page's parts are made with, for tests in Node: elements that remember what they are. */

export class Made {
  /** Where the keyboard is. */
  static focused: Made | undefined;

  readonly attributes = new Map<string, string>();
  children: (Made | string)[] = [];
  readonly name: string;
  readonly #listeners = new Map<string, (() => void)[]>();

  constructor(name: string) {
    this.name = name;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  append(...children: (Made | string)[]): void {
    this.children.push(...children);
  }

  /** As in a browser, the focus is lost with what had it. */
  replaceChildren(...children: (Made | string)[]): void {
    const { focused } = Made;
    if (focused && focused !== this && this.all.includes(focused)) Made.focused = undefined;
    this.children = children;
  }

  addEventListener(kind: string, act: () => void): void {
    this.#listeners.set(kind, [...(this.#listeners.get(kind) ?? []), act]);
  }

  focus(): void {
    Made.focused = this;
  }

  click(): void {
    this.focus();
    this.#listeners.get("click")?.forEach((act) => act());
  }

  /** All text below. */
  get text(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.text)).join(" ");
  }

  /** Every element below, and this one, in the order of the document. */
  get all(): Made[] {
    return [this, ...this.children.flatMap((child) => (typeof child === "string" ? [] : child.all))];
  }

  named(name: string): Made[] {
    return this.all.filter((one) => one.name === name);
  }

  get(name: string): string | undefined {
    return this.attributes.get(name);
  }
}

/** Runs `act` with such a document. */
export async function withDocument<T>(act: () => T | Promise<T>): Promise<T> {
  const createElementNS = (_: string, name: string) => new Made(name);
  const createElement = (name: string) => new Made(name);
  Object.assign(globalThis, { document: { createElement, createElementNS } });
  try {
    return await act();
  } finally {
    Reflect.deleteProperty(globalThis, "document");
    Made.focused = undefined;
  }
}
