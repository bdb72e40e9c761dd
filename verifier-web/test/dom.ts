/** As much of a document as the page's drawings are made with, for tests in Node: elements that remember what they are. */

export class Made {
  readonly attributes = new Map<string, string>();
  readonly children: (Made | string)[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  append(...children: (Made | string)[]): void {
    this.children.push(...children);
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

/** Runs `act` with such a document, and gives what it made. */
export function making(act: () => readonly unknown[]): Made[] {
  const make = (_: string, name: string) => new Made(name);
  Object.assign(globalThis, { document: { createElement: (name: string) => new Made(name), createElementNS: make } });
  try {
    return act() as Made[];
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
}
