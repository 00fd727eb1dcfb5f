// Schemathesis, which makes requests out of an OpenAPI document and judges the answers by it, in a Python environment of
// the project's own.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalMode } from '../../local/local-mode.ts';
import { run } from '../deploy/command.ts';
import { installPython } from '../deploy/python.ts';

const PACKAGES = ['schemathesis==4.32.5', 'botocore==1.44.5'];
const BIN = join(import.meta.dirname, '../../.venv-schemathesis/bin');

/** Makes the Python environment unless it is there already. */
export async function installSchemathesis(signal: AbortSignal): Promise<void> {
  await installPython(join(BIN, '..'), PACKAGES, signal);
}

export interface Trial {
  /** An OpenAPI document. */
  readonly document: object;
  /** What it is held against. */
  readonly mode: Pick<LocalMode, 'url' | 'region' | 'accessKeyId' | 'secretAccessKey'>;
  /** Schemathesis' names of what is judged. @default all but `missing_required_header` */
  readonly checks?: readonly string[];
  /** Requests for each operation, at most. @default 100 */
  readonly maxExamples?: number;
  /** Where files may be put. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/**
 * How often each status was the answer.
 * @throws Error that shows what was wrong with an answer
 */
export async function trySchemathesis(trial: Trial): Promise<ReadonlyMap<number, number>> {
  const { mode, checks, maxExamples = 100, signal } = trial;
  const directory = await mkdtemp(join(trial.directory, 'trial-'));
  const document = join(directory, 'openapi.json');
  await writeFile(document, JSON.stringify(trial.document));
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    // hooks.py signs the requests.
    PYTHONPATH: import.meta.dirname,
    PYTHONDONTWRITEBYTECODE: '1',
    SCHEMATHESIS_HOOKS: 'hooks',
    AWS_ACCESS_KEY_ID: mode.accessKeyId,
    AWS_SECRET_ACCESS_KEY: mode.secretAccessKey,
    AWS_REGION: mode.region,
  };
  const options = {
    '--url': mode.url,
    '--checks': checks?.join() ?? 'all',
    // It asks for 401 to what isn't signed; Lambda answers 403. That it is refused is ignored_auth's matter.
    '--exclude-checks': 'missing_required_header',
    // Unsigned requests by the hundred would only be answered by Lambda.
    '--generation-with-security-parameters': 'false',
    '--generation-database': 'none',
    '--max-examples': String(maxExamples),
    '--seed': '1',
    '--report': 'ndjson',
    '--report-ndjson-path': join(directory, 'report.ndjson'),
  };
  const args = ['--no-color', 'run', document, '--continue-on-failure', ...Object.entries(options).flat()];
  // It leaves files where it is started.
  await run(join(BIN, 'st'), args, { cwd: directory, env, signal });
  return statuses(await readFile(join(directory, 'report.ndjson'), 'utf8'));
}

function statuses(report: string): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const [, status] of report.matchAll(/"status_code": ?(\d{3})/g)) {
    counts.set(Number(status), (counts.get(Number(status)) ?? 0) + 1);
  }
  return counts;
}
