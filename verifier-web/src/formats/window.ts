/** Reads a file piece by piece, with the last piece kept: what lies side by side is read once. */

/** How much is read at a time at least, in bytes. */
const PIECE_SIZE = 4 * 1024 * 1024;

/** A file of which a window is in memory. */
export class FileWindow {
  readonly #file: Blob;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array();

  constructor(file: Blob) {
    this.#file = file;
  }

  get size(): number {
    return this.#file.size;
  }

  /** The bytes from `start`; fewer at the end of the file. They are good until the next read. */
  async read(start: number, length: number): Promise<Uint8Array> {
    const end = Math.min(start + length, this.size);
    const isThere = start >= this.#start && end <= this.#start + this.#bytes.length;
    if (!isThere) {
      const until = Math.min(Math.max(end, start + PIECE_SIZE), this.size);
      this.#bytes = new Uint8Array(await this.#file.slice(start, until).arrayBuffer());
      this.#start = start;
      if (this.#bytes.length !== until - start) throw new Error("the file changed while it was read");
    }
    return this.#bytes.subarray(start - this.#start, end - this.#start);
  }

  /** Hands a stretch of the file over in pieces. */
  async each(start: number, length: number, take: (piece: Uint8Array) => void): Promise<void> {
    for (let at = start; at < start + length; at += PIECE_SIZE) {
      take(await this.read(at, Math.min(PIECE_SIZE, start + length - at)));
    }
  }
}
