// What a cold start loads: how many bytes, and which packages. What gets into the entry chunk unnoticed costs each cold
// start; the times themselves are for `npm run bench`.

import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadedAtStart } from '../../bench/bundle.ts';
import { measureSizes } from '../../bench/sizes.ts';
import { bundleOf, writeVendCode } from '../../lib/vend-code.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';

const folder = temporaryFolder();
const entry = join(folder.path, 'index.mjs');
const outputs = Object.entries(bundleOf('vend').metafile.outputs);

beforeAll(() => writeVendCode(folder.path, { clientAuthentication: 'client_secret_post' }));
afterAll(() => folder.close());

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

/** The sources that have a byte in what a cold start loads, relative to the project. */
function sourcesLoaded(): string[] {
  const chunks = new Set(loadedAtStart(entry).map((chunk) => basename(chunk)));
  return outputs
    .filter(([chunk]) => chunks.has(basename(chunk)))
    .flatMap(([, { inputs }]) => Object.keys(inputs).filter((source) => inputs[source]?.bytesInOutput !== 0));
}

function packageOf(source: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1];
}

describe('what a cold start loads', () => {
  it('is read off the real chunks', () => {
    expect(sourcesLoaded()).toContain('lambda/vend/index.ts');
    expect(sourcesLoaded().map(packageOf)).toContain('@aws-sdk/client-dynamodb');
  });

  it('is no package but the two clients and what they need', () => {
    const packages = new Set(sourcesLoaded().map(packageOf));
    expect([...packages].filter((name) => name && !PACKAGES.includes(name))).toEqual([]);
  });

  it('is nothing of the rotation, of the stack or of local mode', () => {
    const own = sourcesLoaded().filter((source) => packageOf(source) === undefined);
    expect(own.filter((source) => !source.startsWith('lambda/') || source.startsWith('lambda/rotate/'))).toEqual([]);
  });

  it('is 400 KB at the most', () => {
    expect(measureSizes(entry).entry).toBeLessThanOrEqual(400_000);
  });
});

it('the whole bundle is 700 KB at the most', () => {
  expect(measureSizes(entry).bundle).toBeLessThanOrEqual(700_000);
});
