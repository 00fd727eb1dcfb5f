// Each guard of the policy is removed in turn, in a copy, and the simulation must notice: `npm run test:guards`.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: code is quoted here

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Inside the project, so that packages are found. */
const COPY = join(ROOT, '.cache/guards');
const COPIED = ['lambda', 'lib', 'local', 'test/lambda', 'test/simulation', 'jest.config.js', 'package.json'];
const RUNS = 10_000;

interface Guard {
  readonly promise: string;
  readonly file: string;
  readonly code: string;
  readonly without: string;
  /** The test that notices. @default the simulation */
  readonly test?: string;
}

const SIMULATION = 'test/simulation/simulation.test.ts';
const TABLE_TEST = 'test/lambda/vend/token-table.test.ts';
const MINTED_ONCE_TEST = 'test/lambda/vend/minted-once.test.ts';
const VENDOR_TEST = 'test/lambda/vend/token-vendor.test.ts';

const GUARDS: readonly Guard[] = [
  {
    promise: 'an expired token is never vended, whatever the clocks',
    file: 'lambda/vend/known-token.ts',
    code: 'nowMs + allowanceMs(token, CLOCK_ALLOWANCE_MS) < token.expiresAtMs &&',
    without: 'nowMs < token.expiresAtMs &&',
  },
  {
    promise: 'the lease is taken only when it is free or over',
    file: 'lambda/vend/token-table.ts',
    code: "`(${leaseIsOver.join(' OR ')}) AND ${seen",
    without: "`(${leaseIsOver.join(' OR ')} OR NOT_TRUE) AND ${seen",
  },
  {
    promise: 'the lease is taken only where nothing changed since the item was read',
    file: 'lambda/vend/token-table.ts',
    code: "seen?.revision ? UNCHANGED_SINCE_READ : WITHOUT_REVISION_AS_READ}`,\n      {\n        ':lease': { S: leaseId },\n        ':until'",
    without:
      "seen?.revision ? `(${UNCHANGED_SINCE_READ} OR NOT_TRUE)` : 'NOT_TRUE'}`,\n      {\n        ':lease': { S: leaseId },\n        ':until'",
  },
  {
    promise: 'a lease whose holder died is taken over',
    file: 'lambda/vend/lease.ts',
    code: 'lease.untilMs < this.#clock.nowMs() - LEASE_ALLOWANCE_MS ||\n      lease.id === this.watchedToItsEnd',
    without: 'lease.untilMs < 0',
    test: MINTED_ONCE_TEST,
  },
  {
    promise: 'a token is published under one’s own lease, or where nothing changed',
    file: 'lambda/vend/token-table.ts',
    code: '`${LEASE_IS_MINE} OR (${LEASE_IS_FREE} AND ${unchanged}) OR ${NO_ITEM}`',
    without: '`${LEASE_IS_MINE} OR NOT_TRUE OR (${LEASE_IS_FREE} AND ${unchanged}) OR ${NO_ITEM}`',
    test: TABLE_TEST,
  },
  {
    promise: 'a failure is recorded under one’s own lease',
    file: 'lambda/vend/token-table.ts',
    code: 'LEASE_IS_MINE,\n      {',
    without: '`${LEASE_IS_MINE} OR NOT_TRUE`,\n      {',
    test: TABLE_TEST,
  },
  {
    promise: 'a lease whose answer was lost is found to be one’s own',
    file: 'lambda/vend/token-table.ts',
    code: 'return written || (await this.read(pk))?.lease?.id === leaseId;',
    without: 'return written;',
    test: TABLE_TEST,
  },
  {
    promise: 'a publication whose answer was lost is found to have happened',
    file: 'lambda/vend/token-table.ts',
    code: 'return written || (await this.read(pk))?.revision === revision;',
    without: 'return written;',
    test: TABLE_TEST,
  },
  {
    promise: 'a lease that was watched to its end is over, whatever the clocks say',
    file: 'lambda/vend/token-table.ts',
    code: '...(watchedLeaseId ? [LEASE_WAS_WATCHED_TO_ITS_END] : []),',
    without: '',
    test: TABLE_TEST,
  },
  {
    promise: 'a back-off in the table is respected',
    file: 'lambda/vend/token-vendor.ts',
    code: 'if (isInForce(known.backOff, credential.version, this.#nowMs)) {',
    without: 'if (this.#nowMs < 0 && known.backOff) {',
  },
  {
    promise: 'a back-off of the credential is respected',
    file: 'lambda/vend/minting.ts',
    code: 'if (isInForce(throttling, look.credential.version, this.#nowMs)) {',
    without: 'if (this.#nowMs < 0 && throttling) {',
  },
  {
    promise: 'a valid token is vended whatever the failure',
    file: 'lambda/vend/token-vendor.ts',
    code: 'if (isDemandRefused(failure) || found === undefined) throw failure;',
    without: 'if (isDemandRefused(failure) || found === undefined || this.#nowMs > 0) throw failure;',
  },
  {
    promise: 'the failure of a flight that began earlier is not a later call’s',
    file: 'lambda/vend/token-vendor.ts',
    code: 'if (!joined || round > 0) throw failure;',
    without: 'if (!joined || round >= 0) throw failure;',
    test: VENDOR_TEST,
  },
  {
    promise: 'a wait ends before the deadline',
    file: 'lambda/vend/token-vendor.ts',
    code: 'if (this.#nowMs + pauseMs + LOOK_MS >= limitMs) throw',
    without: 'if (this.#nowMs + pauseMs >= limitMs + LOOK_MS) throw',
    test: MINTED_ONCE_TEST,
  },
  {
    promise: 'a mint begins only where the deadline leaves time for it',
    file: 'lambda/vend/token-vendor.ts',
    code: 'deadlineMs - this.#nowMs >= ms + MINT_LIMIT_MS + AFTER_MINT_MS',
    without: 'deadlineMs > ms',
    test: VENDOR_TEST,
  },
  {
    promise: 'nobody mints past a table that throttles',
    file: 'lambda/vend/token-store.ts',
    code: "(isThrottling(error) ? 'busy' : 'away')",
    without: "(isThrottling(error) ? 'away' : 'away')",
  },
  {
    promise: 'a token is renewed from its renewal point on, not before',
    file: 'lambda/vend/token-vendor.ts',
    code: 'if (fresh && this.#nowMs < fresh.token.renewAtMs) return fresh;',
    without: '',
  },
  {
    promise: 'renewals that rejected tokens force are limited',
    file: 'lambda/vend/known-token.ts',
    code: 'if (!isForced(known, demand, nowMs) || nowMs >= nextAtMs) return;',
    without: 'if (nowMs > 0) return;',
    test: VENDOR_TEST,
  },
  {
    promise: 'min_ttl is at most three quarters of the lifetime',
    file: 'lambda/vend/known-token.ts',
    code: 'const MIN_TTL_SHARE = 0.75;',
    without: 'const MIN_TTL_SHARE = 0.99;',
    test: VENDOR_TEST,
  },
  {
    promise: 'a version not known here makes the secret be read again',
    file: 'lambda/vend/token-store.ts',
    code: 'if (minter !== undefined && minter !== credential.version && item?.refusedVersion !== credential.version) {',
    without: 'if (minter === null) {',
    test: 'test/lambda/vend/replaced-secret.test.ts',
  },
  {
    promise: 'a wrong secret falls back on the one before',
    file: 'lambda/vend/minter.ts',
    code: 'const previous = await read(() => credentials.previous());',
    without: 'const previous = undefined as Credential | undefined;',
  },
  {
    promise: 'tokens of the one before are fresh while the new one is refused',
    file: 'lambda/vend/known-token.ts',
    code: 'known.refusedVersion === currentVersion ||',
    without: '',
  },
  {
    promise: 'a refused version is not asked with again within 5 min',
    file: 'lambda/vend/minter.ts',
    code: 'if (!wasRefused) {',
    without: 'if (tried.size > 0) {',
    test: 'test/lambda/vend/replaced-secret.test.ts',
  },
  {
    promise: 'made-up scope sets are limited',
    file: 'lambda/vend/minting.ts',
    code: 'this.#props.minter.refuseTooManyNew(wanted, known);',
    without: '',
    test: VENDOR_TEST,
  },
  {
    promise: 'each item that was changed has a new revision',
    file: 'lambda/vend/token-store.ts',
    code: 'revision: this.#newId(),\n        sealed',
    without: "revision: 'one',\n        sealed",
  },
];

let passed = 0;
for (const { promise, file, code, without, test = SIMULATION } of GUARDS) {
  rmSync(COPY, { recursive: true, force: true });
  for (const path of COPIED) {
    mkdirSync(join(COPY, path, '..'), { recursive: true });
    cpSync(join(ROOT, path), join(COPY, path), { recursive: true });
  }
  const source = readFileSync(join(COPY, file), 'utf8');
  const removable = source.split(code).length === 2;
  writeFileSync(
    join(COPY, file),
    source.replace(code, () => without.replaceAll('NOT_TRUE', 'attribute_not_exists(nothing)')),
  );
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  const env = { ...process.env, SIMULATION_RUNS: String(RUNS) };
  const run = spawnSync(process.execPath, [jest, '--rootDir', COPY, '--bail', test], {
    cwd: COPY,
    env,
    encoding: 'utf8',
  });
  const histories = /failed after (\d+) tests/.exec(run.stderr)?.[1];
  const noticed =
    removable && run.status === 1 && (test === SIMULATION ? histories !== undefined : /✕|●/.test(run.stderr));
  if (noticed) passed++;
  const result = noticed
    ? `✓ ${histories ? `after ${histories} histories` : `by ${test}`}`
    : removable
      ? '✗ NOT noticed'
      : `✗ not found in ${file}`;
  process.stdout.write(`${result}: ${promise}\n`);
}
rmSync(COPY, { recursive: true, force: true });
process.stdout.write(`Tests: ${passed} passed, ${GUARDS.length - passed} failed\n`);
process.exitCode = passed === GUARDS.length ? 0 : 1;
