// Inside an instance there is one call at a time for each key. Callers who come while it runs share its result.

export class SharedCalls<T> {
  readonly #running = new Map<string, Promise<T>>();

  run(key: string, call: () => Promise<T>): { result: Promise<T>; joined: boolean } {
    const running = this.#running.get(key);
    if (running) return { result: running, joined: true };
    const result = call().finally(() => this.#running.delete(key));
    this.#running.set(key, result);
    return { result, joined: false };
  }
}
