// The code that is deployed: the bundle with the profile's file beside it, the same from the same sources.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Template } from 'aws-cdk-lib/assertions';
import { buildStack, resourcesOf } from './synth.ts';

const SCOPES = Array.from({ length: 169 }, (_, index) => `payment-gateway.capture_manage_${index}`);
const CONFIG = {
  credentials: {
    shop: {
      tenant: 'shop',
      clientAuthentication: 'client_secret_basic',
      parameters: { audience: 'a' },
      secretFields: { clientId: 'key' },
    },
  },
  profiles: { orders: { scopes: SCOPES }, reader: { scopes: ['product.product_read'] }, all: {} },
};

/** The folder of each function's code, by the function's logical ID, and all files of the cloud assembly. */
function synthesizeCode(raw: unknown) {
  const { outdir, stack } = buildStack(raw, { bundle: true });
  const functions = Object.entries(resourcesOf(Template.fromStack(stack), 'AWS::Lambda::Function', 'Profile'));
  const folders = functions.map(([id, { Properties }]) => {
    const { S3Key } = Properties.Code as { S3Key: string };
    return [id.replace(/^Profile(.*)Function.*$/, '$1'), join(outdir, `asset.${S3Key.replace('.zip', '')}`)] as const;
  });
  return { folders: Object.fromEntries(folders), entries: readdirSync(outdir) };
}

const profileFile = (folder: string | undefined): unknown =>
  JSON.parse(readFileSync(join(String(folder), 'profile.json'), 'utf8'));

describe('the code of a function', () => {
  const { folders, entries } = synthesizeCode(CONFIG);

  it('is the bundle, with the profile file of its own profile beside it', () => {
    const shared = {
      ...CONFIG.credentials.shop,
      secretFields: { clientId: 'key', clientSecret: 'client_secret' },
    };
    expect(readdirSync(String(folders.Orders))).toEqual(expect.arrayContaining(['index.mjs', 'profile.json']));
    expect(profileFile(folders.Orders)).toEqual({ scopes: SCOPES, ...shared });
    expect(profileFile(folders.Reader)).toEqual({ scopes: ['product.product_read'], ...shared });
    expect(profileFile(folders.All)).toEqual(shared);
  });

  it('has the same hash when it is synthesized again', () => {
    const again = synthesizeCode(CONFIG);
    const hashes = (of: Record<string, string>) => Object.values(of).map((folder) => folder.split('/').at(-1));
    expect(hashes(again.folders)).toEqual(hashes(folders));
    expect(new Set(hashes(folders)).size).toBe(3);
  });

  it('leaves no other folder behind in the cloud assembly', () => {
    const assets = entries.filter((entry) => entry.startsWith('asset.'));
    expect(assets).toHaveLength(4); // three profiles, one rotation
    expect(entries.filter((entry) => entry.startsWith('bundling-temp'))).toEqual([]);
  });
});
