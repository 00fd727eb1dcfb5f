// Keeps what a test has opened, so that all of it is closed together, also where opening the next part fails.

interface Closable {
  close(): Promise<void>;
}

export class Opened {
  readonly #parts: Closable[] = [];

  async keep<Part extends Closable>(part: Part | Promise<Part>): Promise<Part> {
    const opened = await part;
    this.#parts.push(opened);
    return opened;
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.splice(0).map((part) => part.close()));
  }

  /** Hands on what was built with the parts. They are closed if building it fails. */
  static async build<Built>(build: (opened: Opened) => Promise<Built>): Promise<Built> {
    const opened = new Opened();
    try {
      return await build(opened);
    } catch (error) {
      await opened.close();
      throw error;
    }
  }
}
