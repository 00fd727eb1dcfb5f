// One mint: with the current credential; where the authorization server refuses that one, with the one before it, so that
// a wrong secret costs no caller a token.

import type { Clock } from '../clock.ts';
import { errorName, VendingError } from '../errors.ts';
import type { Credential } from '../oauth/credential.ts';
import type { CredentialSource } from '../oauth/credential-source.ts';
import type { Token } from '../oauth/token.ts';
import type { TokenEndpoint } from '../oauth/token-endpoint.ts';
import type { Telemetry } from '../telemetry.ts';
import { type KnownToken, type Refusal, refusalOf } from './known-token.ts';
import { NewScopeSets } from './new-scope-sets.ts';
import type { ScopePolicy, Wanted } from './scope-policy.ts';

/** A version that was refused is not asked with again before, so that it costs few requests however many callers ask. */
const REFUSED_AGAIN_AFTER_MS = 300_000;

export interface MinterProps {
  readonly tokenEndpoint: Pick<TokenEndpoint, 'mint' | 'prepare'>;
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

/** A mint that came to nothing, with what it learned about the credential. */
export class MintFailure extends Error {
  override readonly name = 'MintFailure';
  readonly failure: unknown;
  /** The current version as last read: the one that failed. */
  readonly version: string;
  readonly refused: Refusal | undefined;

  constructor(failure: unknown, version: string, refused: Refusal | undefined) {
    super(errorName(failure));
    this.failure = failure;
    this.version = version;
    this.refused = refused;
  }
}

/** A scope set that a caller named, and that no token is known of. */
function isNew({ named }: Wanted, { token }: KnownToken): boolean {
  return named && token === undefined;
}

export class Minter {
  readonly #props: MinterProps;
  readonly #newScopeSets = new NewScopeSets();

  constructor(props: MinterProps) {
    this.#props = props;
  }

  /** To be called where a mint is likely to follow, and something else must be waited for first. */
  prepare(): void {
    this.#props.tokenEndpoint.prepare();
  }

  /**
   * To be asked before anything is done for a mint.
   * @throws VendingError `slow_down` where too many scope sets that no token is known of failed lately
   */
  refuseTooManyNew(wanted: Wanted, known: KnownToken): void {
    if (isNew(wanted, known)) this.#newScopeSets.refuseTooMany(wanted.pk, this.#props.clock.nowMs());
  }

  /**
   * @param current the credential to mint with
   * @param known what is known of the token: by which version it was minted, which was refused
   * @throws MintFailure of a VendingError, with `invalid_scope` only where the caller named the scopes
   */
  async mint(wanted: Wanted, current: Credential, known: KnownToken, deadlineMs: number): Promise<Minted> {
    const { tokenEndpoint, scopes, telemetry, clock } = this.#props;
    const startedAtMs = clock.nowMs();
    let refused = this.#refusedLately(current, known);
    let version = current.version;
    let failure: unknown = new VendingError('timed_out', 'no version of the credential could be read in time');
    for await (const { credential, isCurrent } of this.#versions(current, known, refused !== undefined, deadlineMs)) {
      if (isCurrent) version = credential.version;
      try {
        const { token, lifetimeNamed } = await tokenEndpoint.mint(credential, wanted.scopes, deadlineMs);
        telemetry.minted({ durationMs: clock.nowMs() - startedAtMs, credentialVersion: credential.version });
        if (!lifetimeNamed) telemetry.lifetimeNotNamed({ assumedSeconds: token.lifetimeMs / 1000 });
        const missing = scopes.check(token, wanted);
        if (missing.length > 0) telemetry.scopesNotGranted({ missing });
        if (!isCurrent && refused) telemetry.credentialRefused({ credentialVersion: refused.version });
        return { token, credential, refused: isCurrent ? undefined : refused };
      } catch (error) {
        failure = error;
        // Only a refusal of the credential (`invalid_client`) leads on to the next version.
        if (!(error instanceof VendingError) || error.code !== 'credential_refused') break;
        if (isCurrent) refused = { version: credential.version, atSeconds: Math.floor(clock.nowMs() / 1000) };
      }
    }
    if (refused) telemetry.credentialRefused({ credentialVersion: refused.version });
    if (refused && clock.nowMs() >= deadlineMs) {
      // Not all versions were tried: that they are refused must not be held against the credential.
      failure = new VendingError('timed_out', 'the credential was refused, and no time was left to try the one before');
    }
    if (isNew(wanted, known)) this.#newScopeSets.failed(wanted.pk, clock.nowMs());
    throw new MintFailure(this.#told(failure, wanted), version, refused);
  }

  #told(failure: unknown, wanted: Wanted): unknown {
    const { scopes, telemetry } = this.#props;
    telemetry.mintFailed({ error: errorName(failure) });
    if (!(failure instanceof VendingError) || failure.code !== 'invalid_scope') return failure;
    return scopes.failure('invalid_scope', wanted, failure);
  }

  /**
   * The current version, read again if it is refused; then the one that minted the token; then the one before. One that
   * was refused lately comes last: by now it may be accepted, and the one before no longer.
   */
  async *#versions(current: Credential, known: KnownToken, wasRefused: boolean, deadlineMs: number) {
    const { credentials, clock } = this.#props;
    const read = async <T>(what: () => Promise<T>) => (clock.nowMs() < deadlineMs ? await what() : undefined);
    const tried = new Set<string>();
    const isUntried = (credential: Credential | undefined): credential is Credential =>
      credential !== undefined && !tried.has(credential.version) && Boolean(tried.add(credential.version));
    const recheck = async () => (await read(() => credentials.recheck(current.version)))?.credential;
    if (!wasRefused) {
      if (isUntried(current)) yield { credential: current, isCurrent: true };
      const corrected = await recheck();
      if (isUntried(corrected)) yield { credential: corrected, isCurrent: true };
    }
    const { credentialVersion } = known;
    const ofToken = credentialVersion && (await read(() => credentials.ofVersion(credentialVersion)));
    if (ofToken && ofToken.version !== current.version && isUntried(ofToken))
      yield { credential: ofToken, isCurrent: false };
    const previous = await read(() => credentials.previous());
    if (previous && previous.version !== current.version && isUntried(previous))
      yield { credential: previous, isCurrent: false };
    if (!wasRefused) return;
    const again = (await recheck()) ?? current;
    if (isUntried(again)) yield { credential: again, isCurrent: true };
  }

  #refusedLately(current: Credential, known: KnownToken): Refusal | undefined {
    const refused = refusalOf(known);
    if (refused?.version !== current.version) return undefined;
    return this.#props.clock.nowMs() < refused.atSeconds * 1000 + REFUSED_AGAIN_AFTER_MS ? refused : undefined;
  }
}
