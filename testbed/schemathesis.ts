// Schemathesis, which makes requests out of an OpenAPI document and judges the answers by it.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalMode } from '../local/local-mode.ts';
import { run } from './processes/children.ts';
import { PythonEnvironment } from './processes/python.ts';

export const schemathesis = new PythonEnvironment('schemathesis', 'schemathesis==4.32.5', 'botocore==1.44.5');

export interface Trial {
  /** An OpenAPI document. */
  readonly document: object;
  /** Whose answers are judged. */
  readonly mode: Pick<LocalMode, 'url' | 'region' | 'accessKeyId' | 'secretAccessKey'>;
  /** Schemathesis' names of what is judged. @default all but `missing_required_header` */
  readonly checks?: readonly string[];
  /** Requests for each operation, at most. @default 100 */
  readonly maxExamples?: number;
  /** For files of the trial. */
  readonly directory: string;
}

/**
 * Runs Schemathesis once.
 * @returns how often each status was the answer
 * @throws Error that shows what was wrong with an answer
 */
export async function trySchemathesis(trial: Trial): Promise<ReadonlyMap<number, number>> {
  const { mode, checks, maxExamples = 100 } = trial;
  const directory = await mkdtemp(join(trial.directory, 'trial-'));
  const document = join(directory, 'openapi.json');
  await writeFile(document, JSON.stringify(trial.document));
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    // schemathesis_hooks.py signs the requests.
    PYTHONPATH: import.meta.dirname,
    PYTHONDONTWRITEBYTECODE: '1',
    SCHEMATHESIS_HOOKS: 'schemathesis_hooks',
    AWS_ACCESS_KEY_ID: mode.accessKeyId,
    AWS_SECRET_ACCESS_KEY: mode.secretAccessKey,
    AWS_REGION: mode.region,
  };
  const options = {
    '--url': mode.url,
    '--checks': checks?.join() ?? 'all',
    // This check expects 401 for an unsigned request, but Lambda answers 403. `ignored_auth` checks the refusal.
    '--exclude-checks': 'missing_required_header',
    // Hundreds of unsigned requests would only test Lambda, which refuses them.
    '--generation-with-security-parameters': 'false',
    '--generation-database': 'none',
    '--max-examples': String(maxExamples),
    '--seed': '1',
    '--report': 'ndjson',
    '--report-ndjson-path': join(directory, 'report.ndjson'),
  };
  const args = ['--no-color', 'run', document, '--continue-on-failure', ...Object.entries(options).flat()];
  // Schemathesis leaves files in the folder where it is started.
  await run(schemathesis.program('st'), args, { cwd: directory, env });
  return statuses(await readFile(join(directory, 'report.ndjson'), 'utf8'));
}

function statuses(report: string): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const [, status] of report.matchAll(/"status_code": ?(\d{3})/g)) {
    counts.set(Number(status), (counts.get(Number(status)) ?? 0) + 1);
  }
  return counts;
}
