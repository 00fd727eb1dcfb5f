// One call at a time per key inside an instance: callers who come while it is under way share it.

export class SharedCalls<T> {
  readonly #underWay = new Map<string, Promise<T>>();

  run(key: string, call: () => Promise<T>): { result: Promise<T>; joined: boolean } {
    const underWay = this.#underWay.get(key);
    if (underWay) return { result: underWay, joined: true };
    const result = call().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, result);
    return { result, joined: false };
  }
}
