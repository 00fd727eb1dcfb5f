// Checks as sentences, counted: one that fails doesn't keep the others from being made.

export class Checks {
  #passed = 0;
  #failed = 0;

  async check(sentence: string, proof: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    try {
      await proof();
      this.#passed += 1;
      console.log(`  ✓ ${sentence} (${Math.round(performance.now() - startedMs)} ms)`);
    } catch (error) {
      this.#failed += 1;
      console.log(`  ✗ ${sentence}\n${String(error instanceof Error ? error.stack : error).replace(/^/gm, '    ')}`);
    }
  }

  /** A step that all later ones need: its failure ends the run. */
  async step<Result>(sentence: string, action: () => Promise<Result>): Promise<Result> {
    const results: Result[] = [];
    await this.check(sentence, async () => {
      results.push(await action());
    });
    const [result] = results;
    if (results.length === 0) throw new StepFailed(sentence);
    return result as Result;
  }

  summary(): string {
    return `${this.#passed} passed, ${this.#failed} failed`;
  }

  get allPassed(): boolean {
    return this.#failed === 0 && this.#passed > 0;
  }
}

export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}
