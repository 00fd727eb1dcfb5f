// The designs that are compared: ours, which is the real code, and what others do. All read the credential alike (the
// real CredentialSource, once a minute), and keep tokens in the same memory and the same table.

import type { Clock } from '../../lambda/clock.ts';
import type { CredentialSource } from '../../lambda/oauth/credential-source.ts';
import type { Token } from '../../lambda/oauth/token.ts';
import type { TokenEndpoint } from '../../lambda/oauth/token-endpoint.ts';
import type { Telemetry, TokenSource } from '../../lambda/telemetry.ts';
import type { MemoryCache } from '../../lambda/vend/memory-cache.ts';
import { Minter } from '../../lambda/vend/minter.ts';
import type { ScopePolicy } from '../../lambda/vend/scope-policy.ts';
import { type Remembered, TokenStore } from '../../lambda/vend/token-store.ts';
import type { TokenTable } from '../../lambda/vend/token-table.ts';
import { TokenVendor } from '../../lambda/vend/token-vendor.ts';
import type { VendRequest } from '../../lambda/vend/vend-request.ts';
import { OwnCache, SharedCache } from './peers.ts';

export interface Vendor {
  vend(request: VendRequest, deadlineMs: number): Promise<{ readonly token: Token; readonly source: TokenSource }>;
}

/** What an instance is made of. */
export interface Parts {
  readonly scopes: ScopePolicy;
  readonly memory: MemoryCache<Remembered>;
  readonly table: TokenTable;
  readonly credentials: CredentialSource;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'mint' | 'prepare'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
}

export interface Design {
  readonly name: string;
  readonly vendor: (parts: Parts) => Vendor;
  readonly sharesTable: boolean;
  readonly leases: boolean;
  /** From 75 to 85 % of the lifetime on; otherwise 30 s before the token's end. */
  readonly renewsAhead: boolean;
  /** Tokens of a replaced credential are replaced as soon as that is known; otherwise they are used to their end. */
  readonly followsRotation: boolean;
}

/** `npm run bench:fleet` runs them in this order. */
export const DESIGNS = {
  ours: {
    name: 'this design',
    vendor: leasing,
    sharesTable: true,
    leases: true,
    renewsAhead: true,
    followsRotation: true,
  },
  own: {
    name: '(a) each process for itself',
    vendor: (parts: Parts) => new OwnCache(parts),
    sharesTable: false,
    leases: false,
    renewsAhead: false,
    followsRotation: false,
  },
  shared: {
    name: '(b) shared cache, no lease',
    vendor: (parts: Parts) => new SharedCache(parts),
    sharesTable: true,
    leases: false,
    renewsAhead: false,
    followsRotation: false,
  },
  lease: {
    name: '(c) lease, not ahead',
    vendor: leasing,
    sharesTable: true,
    leases: true,
    renewsAhead: false,
    followsRotation: true,
  },
} as const satisfies Record<string, Design>;

export type DesignName = keyof typeof DESIGNS;

function leasing(parts: Parts): Vendor {
  const store = new TokenStore({ ...parts, credentialName: 'emporix' });
  return new TokenVendor({ ...parts, store, minter: new Minter(parts) });
}
