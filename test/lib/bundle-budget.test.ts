// What a cold start loads: how many bytes, and which packages. Anything that gets into the entry chunk unnoticed is loaded
// by each cold start. `npm run bench` measures how long that takes.

import { describe, expect, test } from '@jest/globals';
import { bundleOf } from '../../lib/function-bundle.ts';

const { outputs } = bundleOf('vend').metafile;
const ENTRY = Object.keys(outputs).find((chunk) => chunk.endsWith('index.mjs')) ?? '';

/** The entry chunk and all chunks that it imports at once; not those that it loads later. */
const CHUNKS = new Set([ENTRY]);
for (const chunk of CHUNKS) {
  for (const { kind, path } of outputs[chunk]?.imports ?? []) {
    if (kind === 'import-statement' && path in outputs) CHUNKS.add(path);
  }
}

/** What a cold start may load: the two clients of the SDK and what they can't do without. */
const PACKAGES = [
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/client-secrets-manager',
  '@aws-sdk/core',
  '@aws-sdk/credential-provider-env',
  '@aws-sdk/dynamodb-codec',
  '@aws-sdk/middleware-endpoint-discovery',
  '@aws/lambda-invoke-store',
  '@smithy/core',
  '@smithy/node-http-handler',
  '@smithy/signature-v4',
  '@smithy/types',
];

/** The sources that have a byte in what a cold start loads, relative to the project. */
function sourcesLoaded(): string[] {
  return [...CHUNKS].flatMap((chunk) => {
    const { inputs = {} } = outputs[chunk] ?? {};
    return Object.keys(inputs).filter((source) => inputs[source]?.bytesInOutput !== 0);
  });
}

const bytesOf = (chunks: Iterable<string>) => [...chunks].reduce((sum, chunk) => sum + (outputs[chunk]?.bytes ?? 0), 0);

function packageOf(source: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];
}

describe('what a cold start loads', () => {
  test('is read off the real chunks', () => {
    expect(sourcesLoaded()).toContain('lambda/vend/index.ts');
    expect(sourcesLoaded().map(packageOf)).toContain('@aws-sdk/client-dynamodb');
  });

  test('is no package but the two clients and what they need', () => {
    const packages = new Set(sourcesLoaded().map(packageOf));
    expect([...packages].filter((name) => name && !PACKAGES.includes(name))).toEqual([]);
  });

  test('is nothing of the rotation, of the stack or of local mode', () => {
    const own = sourcesLoaded().filter((source) => packageOf(source) === undefined);
    expect(own.filter((source) => !/^(lambda\/(?!rotate\/)|operating\/)/.test(source))).toEqual([]);
  });

  test('is 400 KB at the most', () => {
    expect(bytesOf(CHUNKS)).toBeLessThanOrEqual(400_000);
  });
});

test('the whole bundle is 700 KB at the most', () => {
  expect(bytesOf(Object.keys(outputs).filter((chunk) => chunk.endsWith('.mjs')))).toBeLessThanOrEqual(700_000);
});

describe("the canary's bundle", () => {
  const chunks = Object.values(bundleOf('canary').metafile.outputs);

  test('is 120 KB at the most', () => {
    expect(chunks.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(120_000);
  });

  test('is the client and what lines are printed with: nothing of vending, of rotation or of the stack', () => {
    const own = chunks.flatMap(({ inputs }) => Object.keys(inputs)).filter((source) => packageOf(source) === undefined);
    expect(own).toContain('client/token-client.ts');
    expect(
      own.filter((source) => !/^(client|operating|lambda\/canary|lambda\/oauth)\/|^lambda\/[\w-]+\.ts$/.test(source)),
    ).toEqual([]);
  });
});
