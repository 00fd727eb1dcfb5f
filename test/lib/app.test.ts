// The CDK app as it is run: by the CLI from cdk.json, and with a mistake in its configuration.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';

const ROOT = join(__dirname, '../..');
const outdir = mkdtempSync(join(tmpdir(), 'token-vending-app-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

function run(command: string, args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } });
}

const runApp = (context: object) =>
  run(process.execPath, ['--import', 'tsx', 'bin/token-vending.ts'], {
    CDK_OUTDIR: outdir,
    CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [], ...context }),
  });

describe('the app', () => {
  it('synthesizes through the CLI with what the command line overrides', () => {
    const args = ['synth', '--quiet', '--output', outdir, '-c', 'tokenVending:profiles.orders.scopes=["a","b"]'];
    const { status, stderr } = run('npx', ['cdk', ...args, '-c', 'tokenVending:memoryMb=256']);
    expect(stderr).not.toMatch(/feature flags|notices|newer version/i);
    expect(status).toBe(0);
    const template = readFileSync(join(outdir, 'TokenVending.template.json'), 'utf8');
    expect(template).toContain('"MemorySize": 256');
    expect(Object.keys(JSON.parse(template).Outputs)).toContain('ProfileOrdersUrl');
    expect(template).not.toContain('AWS::CDK::Metadata');
  }, 60_000);

  it('says a mistake in one line on standard error and exits with 1', () => {
    const { status, stderr, stdout } = runApp({ 'tokenVending:profiles.orders.scopes': '["a b"]' });
    expect(stderr).toMatch(/^tokenVending\.profiles\.orders\.scopes\[0\] is "a b": must be one scope [^\n]+\n$/);
    expect(stdout).toBe('');
    expect(status).toBe(1);
  }, 60_000);

  it('stops through the CLI at a key that only looks like one of the configuration', () => {
    const { status, stderr } = run('npx', ['cdk', 'synth', '--quiet', '-c', 'tokenVending.memoryMb=1024']);
    expect(stderr).toMatch(/^the context key "tokenVending\.memoryMb" is unknown: must be "tokenVending:memoryMb"$/m);
    expect(status).toBe(1);
  }, 60_000);

  it('says so too of what is only found while building the stack', () => {
    const callers = Array.from({ length: 60 }, (_, index) => `arn:aws:iam::111122223333:role/r${index}`);
    const { status, stderr } = runApp({ tokenVending: { profiles: { orders: { callers } } } });
    expect(stderr).toMatch(/^tokenVending\.profiles\.orders\.callers holds 60 ARNs: [^\n]+\n$/);
    expect(status).toBe(1);
  }, 60_000);
});
