// npm start: the vend function on this machine, without an AWS account. It starts the stand-ins, prints how to call the
// function, vends one token as a proof that it works, and serves until it is stopped.
//
//   PORT=8787 npm start -- --instances 4 --profile default
//   TOKEN_ENDPOINT=… CLIENT_ID=… CLIENT_SECRET=… npm start     (a real authorization server)

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { loadConfig } from '../lib/config.ts';
import { ConfigError } from '../lib/config-error.ts';
import { readOverrides } from '../lib/config-overrides.ts';
import type { LocalMode } from '../local/local-mode.ts';
import { ProofError, proveVending } from '../local/proof.ts';
import { type BundledLocalModeOptions, startBundledLocalMode } from '../testing/bundled-local-mode.ts';
import { readOptions, UsageError } from './local-options.ts';

const PARENT_CHECK_MS = 500;
const CDK_JSON = join(import.meta.dirname, '../cdk.json');

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(0));

// `exec` in package.json makes npm the parent of this process, without a shell between them. npm passes SIGINT and
// SIGTERM on. If it ends in another way, this process sees that it has another parent, and ends as well.
const parent = process.ppid;
if (process.env.npm_lifecycle_event === 'start') {
  setInterval(() => process.ppid === parent || process.exit(0), PARENT_CHECK_MS).unref();
}

try {
  const options = readOptions(process.argv.slice(2), process.env, loadConfig(readConfiguration()));
  const mode = await startBundledLocalMode(options);
  print(introduction(mode, options));
  const { source, expiresInSeconds, scopeCount } = await proveVending(mode.url);
  const elapsedMs = Math.round(performance.now());
  print(
    `Vended the first token ${elapsedMs} ms after the start: source ${source}, ${expiresInSeconds} s left, ` +
      `${scopeCount} scopes. Ctrl-C stops.\n`,
  );
} catch (error) {
  // Ctrl-C ends esbuild's process too, and its end is no failure to report. One turn of the event loop lets the handler
  // of the signal run first.
  await setImmediate();
  process.stderr.write(`${problemOf(error)}\n`);
  process.exit(1);
}

function readConfiguration(): unknown {
  const file: unknown = JSON.parse(readFileSync(CDK_JSON, 'utf8'));
  return readOverrides((file as { context?: Record<string, unknown> }).context ?? {});
}

function introduction(
  { url, region, accessKeyId, secretAccessKey, emporix }: LocalMode,
  options: BundledLocalModeOptions,
) {
  const server = emporix ? 'a simulated Emporix' : options.authorizationServer?.tokenEndpoint;
  return `Token vending, profile ${options.profileName}, with ${server}

  URL          ${url}/
  credentials  ${accessKeyId} / ${secretAccessKey}, region ${region}

  curl -sS --fail-with-body --noproxy '*' --aws-sigv4 "aws:amz:${region}:lambda" --user "${accessKeyId}:${secretAccessKey}" -d grant_type=client_credentials ${url}/oauth/token

`;
}

/** One line for what is expected to go wrong; more for a defect. */
function problemOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof ConfigError) return error.message;
  if (error instanceof ProofError) return `No token could be vended: ${error.message}`;
  if (error instanceof SyntaxError) return `cdk.json is not JSON: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `Port ${port} is in use: set PORT to another one, or to 0 for any free one`;
  if (code === 'EACCES' && port !== undefined) return `Port ${port} may not be used by this user: set PORT to another`;
  return error.stack ?? error.message;
}

function print(text: string): void {
  process.stdout.write(text);
}
