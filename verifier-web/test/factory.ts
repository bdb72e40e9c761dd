/**
 * A factory, its log and two witnesses: the real programs, over loopback, in a folder that goes away.
 * `FIDUCIAL_PROGRAMS` names the folder of the programs.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ORIGIN = "log.example/factory";
const MAX_OUTPUT = 64 * 1024 * 1024;
const PAUSE_MS = 20;
/** How long a program may take to start before a test is given up. */
const PATIENCE_MS = 120_000;

/** What a folder is watched with. */
export interface Watch {
  readonly source: string;
  readonly name: string;
  readonly mapping: string;
  readonly path: string;
  /** How the names of its files end; all if empty. */
  readonly ending?: string;
  /** The oven that its boards go through. */
  readonly oven?: string;
}

export class Factory {
  readonly #folder = mkdtempSync(join(tmpdir(), "fiducial-factory-"));
  readonly #servers: ChildProcess[] = [];

  /** Starts witnesses and a log, and makes a vault for the sources of these watches. */
  static async start(watches: readonly Watch[]): Promise<Factory> {
    const factory = new Factory();
    const logKeys = factory.run("fiducial-log", "init", "--data", "log", "--origin", ORIGIN, "--admission", "any")
      .trim().split("\n");
    const [lines, names]: [string[], string[]] = [logKeys.map((key) => `log ${key}\n`), []];
    for (const data of ["witness-1", "witness-2"]) {
      factory.run("fiducial-witness", "init", "--data", data, "--name", `${data}.example/w`);
      factory.run("fiducial-witness", "log", "add", ...logKeys, "--data", data);
      const url = await factory.#serve("fiducial-witness", "--data", data);
      lines.push(factory.run("fiducial-witness", "key", "policy", "--data", data, "--url", url));
      names.push(`${data}.example/w`);
    }
    factory.write("policy", `${lines.join("")}group both all ${names.join(" ")}\nquorum both\n`);
    const url = await factory.#serve("fiducial-log", "--data", "log", "--witness-policy", "policy");
    const sources = [...new Set(watches.map(({ source }) => source))];
    sources.forEach((source, at) => {
      const init = ["init", "--vault", "vault", "--source", source, "--log", url, "--policy", "policy"];
      factory.run("fiducial-agent", ...(at === 0 ? init : ["source", "add", source, "--vault", "vault"]));
    });
    factory.write("agent.toml", configOf(watches, sources, factory.#folder));
    return factory;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(join(this.path(name), ".."), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  read(name: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(readFileSync(this.path(name)));
  }

  text(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** Runs a program to its end, which must be good; what it printed. */
  run(program: string, ...words: string[]): string {
    const options = { cwd: this.#folder, encoding: "utf8", maxBuffer: MAX_OUTPUT, stdio: "pipe" } as const;
    return execFileSync(programAt(program), words, { ...options, env: { ...process.env, LC_ALL: "C.UTF-8" } });
  }

  /** Lets the agent look once and anchor what it finds. */
  state(): void {
    this.run("fiducial-agent", "run", "--once", "--config", "agent.toml");
  }

  /** What the buyer has had since the contract. */
  pins(): string {
    return this.run("fiducial-agent", "pins", "--vault", "vault");
  }

  /** Stops every server: from here on there is nobody to ask. */
  async stop(): Promise<void> {
    const ended = this.#servers.splice(0).map((server) => {
      const end = new Promise((tell) => server.once("exit", tell));
      server.kill("SIGTERM");
      return end;
    });
    await Promise.all(ended);
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #serve(program: string, ...words: string[]): Promise<string> {
    const address = `127.0.0.1:${await freePort()}`;
    const server = spawn(programAt(program), ["serve", ...words, "--listen", address], {
      cwd: this.#folder,
      stdio: "ignore",
    });
    this.#servers.push(server);
    const url = `http://${address}`;
    const started = Date.now();
    while (Date.now() - started < PATIENCE_MS) {
      assert.equal(server.exitCode, null, `${program} has ended`);
      const status = await fetch(`${url}/readyz`).then((answer) => answer.status, () => 599);
      if (status < 500) return url;
      await new Promise((ready) => setTimeout(ready, PAUSE_MS));
    }
    throw new Error(`${program} was not ready`);
  }
}

function programAt(name: string): string {
  const folder = process.env["FIDUCIAL_PROGRAMS"];
  assert.ok(folder, "FIDUCIAL_PROGRAMS must name the folder of the built programs");
  return join(folder, name);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((ready) => probe.listen(0, "127.0.0.1", ready));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
}

function configOf(watches: readonly Watch[], sources: readonly string[], folder: string): string {
  const text = ['vault = "vault"', 'mappings = "mappings"'];
  mkdirSync(join(folder, "mappings"), { recursive: true });
  for (const source of sources) {
    text.push("[[source]]", `name = "${source}"`);
    for (const { name, mapping, path, ending, oven } of watches.filter((watch) => watch.source === source)) {
      text.push("[[source.watch]]", `name = "${name}"`, 'type = "folder"', `mapping = "${mapping}"`);
      text.push(`path = "${join(folder, path)}"`, 'stable = "0s"');
      if (ending) text.push(`include = ["*${ending}"]`);
      if (oven) text.push(`oven = "${oven}"`);
      mkdirSync(join(folder, path), { recursive: true });
    }
  }
  return `${text.join("\n")}\n`;
}
