// What a cold start loads: how many bytes, and which packages. Whatever is added to the entry chunk costs time at each
// cold start. `npm run bench` measures the times themselves.

import { describe, expect, it } from '@jest/globals';
import { bundleOf } from '../../lib/vend-code.ts';

const { outputs } = bundleOf('vend').metafile;

/** What a cold start may load: the two clients of the SDK and what they can't do without. */
const PACKAGES = [
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/client-secrets-manager',
  '@aws-sdk/core',
  '@aws-sdk/credential-provider-env',
  '@aws-sdk/dynamodb-codec',
  '@aws-sdk/endpoint-cache',
  '@aws-sdk/middleware-endpoint-discovery',
  '@aws/lambda-invoke-store',
  '@smithy/core',
  '@smithy/node-http-handler',
  '@smithy/signature-v4',
  '@smithy/types',
  'mnemonist',
  'obliterator',
];

/** The chunks that a cold start loads: the entry, and what it imports statically. */
function chunksLoaded(): ReadonlySet<string> {
  const loaded = new Set(Object.keys(outputs).filter((chunk) => outputs[chunk]?.entryPoint === 'lambda/vend/index.ts'));
  for (const chunk of loaded) {
    for (const { external, kind, path } of outputs[chunk]?.imports ?? []) {
      if (!external && kind === 'import-statement') loaded.add(path);
    }
  }
  return loaded;
}

/** The sources that have a byte in what a cold start loads, relative to the project. */
function sourcesLoaded(): string[] {
  const inputs = [...chunksLoaded()].flatMap((chunk) => Object.entries(outputs[chunk]?.inputs ?? {}));
  return inputs.flatMap(([source, { bytesInOutput }]) => (bytesInOutput > 0 ? [source] : []));
}

const bytesOf = (chunks: Iterable<string>) => [...chunks].reduce((sum, chunk) => sum + (outputs[chunk]?.bytes ?? 0), 0);

function packageOf(source: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];
}

describe('what a cold start loads', () => {
  it('is read from the real chunks', () => {
    expect(chunksLoaded().size).toBeGreaterThan(1);
    expect(sourcesLoaded()).toContain('lambda/vend/index.ts');
    expect(sourcesLoaded().map(packageOf)).toContain('@aws-sdk/client-dynamodb');
  });

  it('is no package but the two clients and what they need', () => {
    const packages = new Set(sourcesLoaded().map(packageOf));
    expect([...packages].filter((name) => name && !PACKAGES.includes(name))).toEqual([]);
  });

  it('is nothing of the rotation, of the stack or of local mode', () => {
    const own = sourcesLoaded().filter((source) => packageOf(source) === undefined);
    expect(own.filter((source) => !/^(lambda\/(?!rotate\/)|operating\/)/.test(source))).toEqual([]);
  });

  it('is at most 400 KB', () => {
    expect(bytesOf(chunksLoaded())).toBeLessThanOrEqual(400_000);
  });
});

it('the whole bundle is at most 700 KB', () => {
  expect(bytesOf(Object.keys(outputs))).toBeLessThanOrEqual(700_000);
});
