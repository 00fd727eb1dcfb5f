// Runs one of the slower suites: reads its options, ends it at its time limit or at SIGINT and SIGTERM, and prints the
// summary `Tests: N passed, N failed`. A suite makes checks, which are sentences, and measures scenarios, whose figures
// have bounds. One that throws is one failure, and the others still run.

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Figure, holds, printScenario, type Scenario } from './figures.ts';

/** The options of a suite, as `parseArgs` takes them. */
type Options = NonNullable<ParseArgsConfig['options']>;
type Values<Given extends Options> = ReturnType<typeof parseArgs<{ options: Given }>>['values'];

export interface SuiteSettings<Given extends Options> {
  readonly options?: Given;
  /** @default 10, which only a suite that hangs needs, also on a slow machine */
  readonly limitMinutes?: number;
}

/** A step that all later ones need has failed. */
class StepFailed extends Error {}

/** A mistake on the command line. The message is one line. */
export class UsageError extends Error {}

export class Suite {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  async check(sentence: string, proof: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    try {
      await proof();
      this.#passed += 1;
      console.log(`  ✓ ${sentence} (${Math.round(performance.now() - startedMs)} ms)`);
    } catch (error) {
      this.fail(sentence, error);
    }
  }

  /** Makes a check that all later ones need: if it fails, the suite ends. */
  async step<Result>(sentence: string, action: () => Promise<Result>): Promise<Result> {
    const results: Result[] = [];
    await this.check(sentence, async () => {
      results.push(await action());
    });
    if (results.length === 0) throw new StepFailed(sentence);
    return results[0] as Result;
  }

  /** Prints the figures of a scenario. Each one that has a bound passes or fails. */
  async measure(name: string, scenario: () => Promise<readonly Figure[]>): Promise<Scenario> {
    try {
      const measured = { name, figures: await scenario() };
      this.judge(measured);
      return measured;
    } catch (error) {
      this.fail(name, error);
      return { name, figures: [] };
    }
  }

  /** The same for figures that were measured before. */
  judge(scenario: Scenario): void {
    printScenario(scenario);
    const bounded = scenario.figures.filter(({ bound }) => bound);
    const passed = bounded.filter(holds).length;
    this.#passed += passed;
    this.#failed += bounded.length - passed;
  }

  fail(sentence: string, error: unknown): void {
    this.#failed += 1;
    console.log(`  ✗ ${sentence}\n${String(error instanceof Error ? error.stack : error).replace(/^/gm, '    ')}`);
  }

  /** Names what can't be checked on this machine. */
  skip(sentence: string, reason: string): void {
    this.#skipped += 1;
    console.log(`  – ${sentence}: skipped, because ${reason}`);
  }

  /** Prints the summary and exits, whatever is still open: the exit kills child processes and removes folders. */
  end(): never {
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : '';
    console.log(`\nTests: ${this.#passed} passed, ${this.#failed} failed${skipped}`);
    process.exit(this.#failed === 0 && this.#passed + this.#skipped > 0 ? 0 : 1);
  }
}

/** Runs a suite and ends the process: with exit code 0 if something was checked or skipped and nothing failed, else with 1. */
export async function runSuite<const Given extends Options>(
  { options, limitMinutes = 10 }: SuiteSettings<Given>,
  run: (suite: Suite, options: Values<Given>) => Promise<void>,
): Promise<never> {
  // The AWS SDK advises a newer Node.js, which is of no use in a suite's output.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const suite = new Suite();
  const stop = (reason: string) => {
    suite.fail('the suite runs to its end', reason);
    suite.end();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop(name));
  setTimeout(() => stop(`it was not done in ${limitMinutes} min`), limitMinutes * 60_000).unref();
  try {
    await run(suite, readOptions(options));
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(error.message);
      process.exit(1);
    }
    if (error instanceof StepFailed) console.log(`Stopped: without "${error.message}" nothing else can be tried.`);
    else suite.fail('nothing fails between the checks', error);
  }
  return suite.end();
}

function readOptions<const Given extends Options>(options: Given | undefined): Values<Given> {
  try {
    return parseArgs({ options: options ?? {} }).values as Values<Given>;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
