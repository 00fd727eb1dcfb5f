// One mint. It uses the current credential, and the previous one if the authorization server refuses the current one.
// So a wrong secret costs no caller a token.

import type { Clock } from '../../clock.ts';
import { errorName, VendingError } from '../../errors.ts';
import type { Credential } from '../../oauth/credential.ts';
import type { Token } from '../../oauth/token.ts';
import type { TokenEndpoint } from '../../oauth/token-endpoint.ts';
import type { CredentialSource } from '../../secrets/credential-source.ts';
import type { Refusal, TokenState } from '../state/token-state.ts';
import type { Telemetry } from '../telemetry.ts';
import type { ScopePolicy, ScopeRequest } from './scope-policy.ts';

/**
 * A refused version is not used again before this time, so that it causes few requests however many callers there are.
 */
const REFUSED_AGAIN_AFTER_MS = 300_000;

export interface MinterProps {
  readonly tokenEndpoint: Pick<TokenEndpoint, 'mint' | 'prepare'>;
  readonly credentials: Pick<CredentialSource, 'recheck' | 'ofVersion' | 'previous'>;
  readonly scopePolicy: ScopePolicy;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

export interface Minted {
  readonly token: Token;
  /** The credential that minted the token, and under which it is sealed. */
  readonly credential: Credential;
  /** The refusal of the current version, if it was refused. */
  readonly refusal: Refusal | undefined;
}

/** A mint that failed, and what it found out about the credential. */
export class MintFailure extends Error {
  override readonly name = 'MintFailure';
  override readonly cause: unknown;
  /** The current version of the credential, as it was last read. */
  readonly version: string;
  readonly refusal: Refusal | undefined;

  constructor(cause: unknown, version: string, refusal: Refusal | undefined) {
    super(errorName(cause));
    this.cause = cause;
    this.version = version;
    this.refusal = refusal;
  }
}

/** A credential that the mint tries. */
interface CredentialToTry {
  readonly credential: Credential;
  readonly isCurrent: boolean;
}

export class Minter {
  readonly #props: MinterProps;

  constructor(props: MinterProps) {
    this.#props = props;
  }

  /**
   * Prepares the token endpoint. Call it where a mint is likely to follow, and something else must be awaited first.
   */
  prepare(): void {
    this.#props.tokenEndpoint.prepare();
  }

  /**
   * @param current the credential to mint with
   * @param state the state of the token, with the version that minted it and the refusal of a version
   * @throws MintFailure, caused by a VendingError. Its code is `invalid_scope` only if the caller named the scopes.
   */
  async mint(request: ScopeRequest, current: Credential, state: TokenState, deadlineMs: number): Promise<Minted> {
    const { clock, telemetry } = this.#props;
    const startedAtMs = clock.nowMs();
    let refusal = this.#refusedLately(current, state);
    let version = current.version;
    let failure: unknown = new VendingError('timed_out', 'no version of the credential could be read in time');
    const credentialsToTry = this.#credentialsToTry(current, state, refusal !== undefined, deadlineMs);
    for await (const { credential, isCurrent } of credentialsToTry) {
      if (isCurrent) version = credential.version;
      try {
        const token = await this.#mintWith(credential, request, startedAtMs, deadlineMs);
        if (!isCurrent && refusal) telemetry.credentialRefused({ credentialVersion: refusal.version });
        return { token, credential, refusal: isCurrent ? undefined : refusal };
      } catch (error) {
        failure = error;
        // Only a refusal of the credential (`invalid_client`) leads to the next version.
        if (!(error instanceof VendingError) || error.code !== 'credential_refused') break;
        if (isCurrent) refusal = { version: credential.version, atSeconds: Math.floor(clock.nowMs() / 1000) };
      }
    }
    if (refusal) telemetry.credentialRefused({ credentialVersion: refusal.version });
    if (refusal && clock.nowMs() >= deadlineMs) {
      // The previous version was not tried, so the failure must not be that the credential was refused.
      failure = new VendingError('timed_out', 'the credential was refused, and no time was left to try the one before');
    }
    telemetry.mintFailed(failure);
    throw new MintFailure(this.#describeToCaller(failure, request), version, refusal);
  }

  async #mintWith(
    credential: Credential,
    request: ScopeRequest,
    startedAtMs: number,
    deadlineMs: number,
  ): Promise<Token> {
    const { clock, scopePolicy, telemetry, tokenEndpoint } = this.#props;
    const { token, lifetimeNamed } = await tokenEndpoint.mint(credential, request.scopes, deadlineMs);
    telemetry.minted({ durationMs: clock.nowMs() - startedAtMs, credentialVersion: credential.version });
    if (!lifetimeNamed) telemetry.lifetimeNotNamed({ assumedSeconds: token.lifetimeMs / 1000 });
    const missing = scopePolicy.assertGranted(token, request);
    if (missing.length > 0) telemetry.scopesNotGranted({ missing });
    return token;
  }

  #describeToCaller(failure: unknown, request: ScopeRequest): unknown {
    if (!(failure instanceof VendingError) || failure.code !== 'invalid_scope') return failure;
    return this.#props.scopePolicy.failure('invalid_scope', request, failure);
  }

  /**
   * First the current version, which is read again if it is refused; then the version that minted the token; then the
   * previous version. If the current version was refused lately, it comes last, because it may be accepted by now.
   */
  async *#credentialsToTry(
    current: Credential,
    { credentialVersion }: TokenState,
    wasRefused: boolean,
    deadlineMs: number,
  ): AsyncGenerator<CredentialToTry> {
    const { credentials, clock } = this.#props;
    const inTime = async <T>(read: () => Promise<T>) => (clock.nowMs() < deadlineMs ? await read() : undefined);
    const tried = new Set<string>();
    const isUntried = (credential: Credential | undefined): credential is Credential =>
      credential !== undefined && !tried.has(credential.version) && Boolean(tried.add(credential.version));
    const isOlder = (credential: Credential | undefined): credential is Credential =>
      credential !== undefined && credential.version !== current.version && isUntried(credential);
    const recheck = async () => (await inTime(() => credentials.recheck(current.version)))?.credential;
    if (!wasRefused) {
      if (isUntried(current)) yield { credential: current, isCurrent: true };
      const corrected = await recheck();
      if (isUntried(corrected)) yield { credential: corrected, isCurrent: true };
    }
    const ofToken = credentialVersion && (await inTime(() => credentials.ofVersion(credentialVersion)));
    if (ofToken && isOlder(ofToken)) yield { credential: ofToken, isCurrent: false };
    const previous = await inTime(() => credentials.previous());
    if (isOlder(previous)) yield { credential: previous, isCurrent: false };
    if (!wasRefused) return;
    const again = (await recheck()) ?? current;
    if (isUntried(again)) yield { credential: again, isCurrent: true };
  }

  #refusedLately(current: Credential, { refusal }: TokenState): Refusal | undefined {
    if (refusal?.version !== current.version) return undefined;
    return this.#props.clock.nowMs() < refusal.atSeconds * 1000 + REFUSED_AGAIN_AFTER_MS ? refusal : undefined;
  }
}
