// One mint: with the current credential; where the authorization server refuses that one, with the one before it, so that
// a wrong secret costs no caller a token.

import type { Clock } from '../clock.ts';
import { errorName, VendingError } from '../errors.ts';
import type { Credential } from '../oauth/credential.ts';
import type { CredentialSource } from '../oauth/credential-source.ts';
import type { Token } from '../oauth/token.ts';
import type { TokenEndpoint } from '../oauth/token-endpoint.ts';
import type { Telemetry } from '../telemetry.ts';
import type { KnownToken } from './known-token.ts';
import { NewScopeSets } from './new-scope-sets.ts';
import type { ScopePolicy, Wanted } from './scope-policy.ts';

/** A version that was refused is not asked with again before, so that it costs few requests however many callers ask. */
const REFUSED_AGAIN_AFTER_MS = 300_000;

export interface MinterProps {
  readonly tokenEndpoint: Pick<TokenEndpoint, 'mint'>;
  readonly credentials: Pick<CredentialSource, 'recheck' | 'ofVersion' | 'previous'>;
  readonly scopes: ScopePolicy;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

export interface Minted {
  readonly token: Token;
  /** What it was minted with, and is sealed under. */
  readonly credential: Credential;
  /** The current version, where that was refused. */
  readonly refused: Refusal | undefined;
}

interface Refusal {
  readonly version: string;
  readonly atSeconds: number;
}

export class Minter {
  readonly #props: MinterProps;
  readonly #newScopeSets = new NewScopeSets();

  constructor(props: MinterProps) {
    this.#props = props;
  }

  /**
   * To be asked before anything is done for a mint.
   * @throws VendingError `slow_down` where too many scope sets that no token is known of failed lately
   */
  refuseTooManyNew(wanted: Wanted, known: KnownToken): void {
    if (wanted.named && known.token === undefined) this.#newScopeSets.refuseTooMany(this.#props.clock.nowMs());
  }

  /**
   * @param current the credential to mint with
   * @param known what is known of the token: by which version it was minted, which was refused
   * @throws VendingError, with `invalid_scope` only where the caller named the scopes
   */
  async mint(wanted: Wanted, current: Credential, known: KnownToken, deadlineMs: number): Promise<Minted> {
    const { scopes, telemetry, clock } = this.#props;
    const startedAtMs = clock.nowMs();
    try {
      const { token, lifetimeNamed, ...minted } = await this.#request(wanted, current, known, deadlineMs);
      telemetry.minted({ durationMs: clock.nowMs() - startedAtMs, credentialVersion: minted.credential.version });
      if (!lifetimeNamed) telemetry.lifetimeNotNamed({ assumedSeconds: token.lifetimeMs / 1000 });
      const missing = scopes.check(token, wanted);
      if (missing.length > 0) telemetry.scopesNotGranted({ missing });
      return { token, ...minted };
    } catch (error) {
      telemetry.mintFailed({ error: errorName(error) });
      if (!(error instanceof VendingError) || error.code !== 'invalid_scope') throw error;
      this.#newScopeSets.failed(clock.nowMs());
      throw scopes.failure('invalid_scope', wanted, error);
    }
  }

  /** Only a refusal of the credential (`invalid_client`) leads on to the next version. */
  async #request(wanted: Wanted, current: Credential, known: KnownToken, deadlineMs: number) {
    const { tokenEndpoint, telemetry, clock } = this.#props;
    let refused = this.#refusedLately(current, known);
    let refusal: unknown;
    for await (const { credential, isCurrent } of this.#versions(current, known, refused !== undefined)) {
      try {
        const issued = await tokenEndpoint.mint(credential, wanted.scopes, deadlineMs);
        return { ...issued, credential, refused: isCurrent ? undefined : refused };
      } catch (error) {
        if (!(error instanceof VendingError) || error.code !== 'credential_refused') throw error;
        telemetry.credentialRefused({ credentialVersion: credential.version });
        if (isCurrent) refused = { version: credential.version, atSeconds: Math.floor(clock.nowMs() / 1000) };
        refusal = error;
      }
    }
    throw refusal ?? new VendingError('credential_refused', 'the authorization server refused the credential');
  }

  /** The current version, read again if it is refused; then the one that minted the token; then the one before. */
  async *#versions(current: Credential, known: KnownToken, wasRefused: boolean) {
    const { credentials } = this.#props;
    const tried = new Set([current.version]);
    const isNew = (credential: Credential | undefined): credential is Credential =>
      credential !== undefined && !tried.has(credential.version) && Boolean(tried.add(credential.version));
    if (!wasRefused) {
      yield { credential: current, isCurrent: true };
      const corrected = await credentials.recheck(current.version);
      if (isNew(corrected)) yield { credential: corrected, isCurrent: true };
    }
    const { credentialVersion } = known;
    const ofToken = credentialVersion === undefined ? undefined : await credentials.ofVersion(credentialVersion);
    if (isNew(ofToken)) yield { credential: ofToken, isCurrent: false };
    const previous = await credentials.previous();
    if (isNew(previous)) yield { credential: previous, isCurrent: false };
  }

  #refusedLately(current: Credential, { refusedVersion, refusedAtSeconds = 0 }: KnownToken): Refusal | undefined {
    if (refusedVersion !== current.version) return undefined;
    const againAtMs = refusedAtSeconds * 1000 + REFUSED_AGAIN_AFTER_MS;
    return this.#props.clock.nowMs() < againAtMs ? { version: refusedVersion, atSeconds: refusedAtSeconds } : undefined;
  }
}
