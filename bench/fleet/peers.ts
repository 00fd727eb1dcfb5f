// What others do, in its plainest form. Both renew a token 30 s before its end, and mint once at a time per scope set
// within the instance.

import type { Token } from '../../lambda/oauth/token.ts';
import type { TokenSource } from '../../lambda/telemetry.ts';
import { open, seal } from '../../lambda/vend/seal.ts';
import { SingleFlight } from '../../lambda/vend/single-flight.ts';
import type { TokenItem } from '../../lambda/vend/token-item.ts';
import type { VendRequest } from '../../lambda/vend/vend-request.ts';
import type { Parts, Vendor } from './designs.ts';
import { MARGIN_MS } from './model.ts';

interface Found {
  readonly token: Token;
  readonly source: TokenSource;
}

/** (a) Each instance has its own cache in memory, as token libraries do. */
export class OwnCache implements Vendor {
  readonly #parts: Parts;
  readonly #flights = new SingleFlight<Found>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async vend({ scopes: named }: VendRequest, deadlineMs: number): Promise<Found> {
    const { scopes, memory, clock, credentials, tokenEndpoint } = this.#parts;
    const { pk, scopes: asked } = scopes.wanted(named);
    const { token } = memory.get(pk) ?? {};
    if (token && clock.nowMs() < token.expiresAtMs - MARGIN_MS) return { token, source: 'memory' };
    const mint = async (): Promise<Found> => {
      const minted = await tokenEndpoint.mint(await credentials.current(), asked, deadlineMs);
      memory.set(pk, { token: minted.token, lookAgainAtMs: 0 });
      return { token: minted.token, source: 'mint' };
    };
    return await this.#flights.run(pk, mint).flight;
  }
}

/** (b) A table behind the memory. Whoever finds no token there mints one and puts it there. */
export class SharedCache implements Vendor {
  readonly #parts: Parts;
  readonly #flights = new SingleFlight<Found>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async vend({ scopes: named }: VendRequest, deadlineMs: number): Promise<Found> {
    const { scopes, memory } = this.#parts;
    const { pk, scopes: asked } = scopes.wanted(named);
    const { token } = memory.get(pk) ?? {};
    if (this.#isFresh(token)) return { token, source: 'memory' };
    return await this.#flights.run(pk, async () => {
      const found = await this.#readOrMint(pk, asked, deadlineMs);
      memory.set(pk, { token: found.token, lookAgainAtMs: 0 });
      return found;
    }).flight;
  }

  async #readOrMint(pk: string, asked: VendRequest['scopes'], deadlineMs: number): Promise<Found> {
    const { table, credentials, tokenEndpoint, randomBytes } = this.#parts;
    const [item, credential] = await Promise.all([table.read(pk).catch(() => undefined), credentials.current()]);
    const cached = await this.#open(pk, item);
    if (this.#isFresh(cached)) return { token: cached, source: 'table' };
    const { token } = await tokenEndpoint.mint(credential, asked, deadlineMs);
    const newId = () => Buffer.from(randomBytes(12)).toString('base64url');
    const publication = {
      leaseId: newId(),
      seen: item,
      revision: newId(),
      sealed: seal(token, credential, pk, randomBytes),
      credentialVersion: credential.version,
      refused: undefined,
      forcedAtSeconds: undefined,
      expiresAtSeconds: Math.floor(token.expiresAtMs / 1000),
    };
    await table.publish(pk, publication).catch(() => undefined);
    return { token, source: 'mint' };
  }

  async #open(pk: string, item: TokenItem | undefined): Promise<Token | undefined> {
    if (item?.sealed === undefined || item.credentialVersion === undefined) return undefined;
    const credential = await this.#parts.credentials.ofVersion(item.credentialVersion);
    return credential && open(item.sealed, credential, pk);
  }

  #isFresh(token: Token | undefined): token is Token {
    return token !== undefined && this.#parts.clock.nowMs() < token.expiresAtMs - MARGIN_MS;
  }
}
