// One call at a time per key inside an instance: who comes while it is under way joins it.

export class SingleFlight<T> {
  readonly #flights = new Map<string, Promise<T>>();

  run(key: string, fly: () => Promise<T>): { flight: Promise<T>; joined: boolean } {
    const underWay = this.#flights.get(key);
    if (underWay) return { flight: underWay, joined: true };
    const flight = fly().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return { flight, joined: false };
  }
}
