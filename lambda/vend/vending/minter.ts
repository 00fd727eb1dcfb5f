// One mint. It uses the accepted version of the credential, or tests the current one. If the authorization server
// refuses a version, the same mint goes on with another one. So a wrong secret costs no caller a token.

import type { Clock } from '../../clock.ts';
import { VendingError } from '../../errors.ts';
import type { Credential } from '../../oauth/credential.ts';
import type { Token } from '../../oauth/token.ts';
import type { TokenEndpoint } from '../../oauth/token-endpoint.ts';
import type { CredentialSource } from '../../secrets/credential-source.ts';
import type { Telemetry } from '../telemetry.ts';
import type { CredentialKeeper } from './credential-keeper.ts';
import type { CredentialRecorder } from './credential-recorder.ts';
import type { ScopePolicy, ScopeRequest } from './scope-policy.ts';

export interface MinterProps {
  readonly tokenEndpoint: Pick<TokenEndpoint, 'mint' | 'prepare'>;
  readonly keeper: CredentialKeeper;
  readonly recorder: CredentialRecorder;
  readonly source: Pick<CredentialSource, 'previous'>;
  readonly scopePolicy: ScopePolicy;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

export interface Minted {
  readonly token: Token;
  /** The credential that minted the token, and under which it is sealed. */
  readonly credential: Credential;
}

/** A timer may fire this much too early. */
const TIMER_ALLOWANCE_MS = 50;

export interface MintOptions {
  /** Whether to test the current version. */
  readonly isTest: boolean;
  /** Whether a token is needed. Otherwise there is a fresh one, and the mint is made for the test alone. */
  readonly isNeeded: boolean;
  /** Whether the patience of a caller with a valid token is what limits the mint. */
  readonly isCutByToken: boolean;
  /** Whether the end of no token explains the mint. */
  readonly isEarly: boolean;
  readonly deadlineMs: number;
}

/** A mint that was cut short in order to vend a valid token does not show that the server failed. */
export function wasCut({ isCutByToken, deadlineMs }: MintOptions, nowMs: number): boolean {
  return isCutByToken && nowMs >= deadlineMs - TIMER_ALLOWANCE_MS;
}

export class Minter {
  readonly #props: MinterProps;

  constructor(props: MinterProps) {
    this.#props = props;
  }

  /**
   * Prepares the token endpoint. Call it where a mint is likely to follow, and something else must be awaited first.
   */
  async prepare(): Promise<void> {
    await this.#props.tokenEndpoint.prepare();
  }

  /**
   * @throws VendingError. Its code is `invalid_scope` only if the caller named the scopes.
   */
  async mint(request: ScopeRequest, options: MintOptions): Promise<Minted> {
    const { clock, keeper, recorder, telemetry } = this.#props;
    const startedAtMs = clock.nowMs();
    const { acceptedVersion } = keeper.state;
    const refused: Credential[] = [];
    let failure: unknown = new VendingError('timed_out', 'no version of the credential could be read in time');
    for await (const credential of this.#credentialsToTry(options)) {
      try {
        const token = await this.#mintWith(credential, request, startedAtMs, options);
        // The accepted version may be one that can't be read now.
        const isTried = options.isTest || refused.some(({ version }) => version === acceptedVersion);
        if (acceptedVersion === undefined || isTried) await recorder.granted(credential, acceptedVersion, refused);
        return { token, credential };
      } catch (error) {
        failure = error;
        if (!isRefusal(error)) break;
        refused.push(credential);
      }
    }
    const [tested] = refused;
    if (options.isTest && !options.isNeeded && tested) await recorder.testRefused(tested);
    telemetry.mintFailed(failure, wasCut(options, clock.nowMs()));
    throw this.#describeToCaller(failure, request);
  }

  async #mintWith(
    credential: Credential,
    request: ScopeRequest,
    startedAtMs: number,
    { deadlineMs, isEarly }: MintOptions,
  ): Promise<Token> {
    const { clock, scopePolicy, telemetry, tokenEndpoint } = this.#props;
    const { token, lifetimeNamed } = await tokenEndpoint.mint(credential, request.scopes, deadlineMs);
    telemetry.minted({ durationMs: clock.nowMs() - startedAtMs, credentialVersion: credential.version, isEarly });
    if (!lifetimeNamed) telemetry.lifetimeNotNamed({ assumedSeconds: token.lifetimeMs / 1000 });
    const missing = scopePolicy.assertGranted(token, request);
    if (missing.length > 0) telemetry.scopesNotGranted({ missing });
    return token;
  }

  #describeToCaller(failure: unknown, request: ScopeRequest): unknown {
    if (!(failure instanceof VendingError) || failure.code !== 'invalid_scope') return failure;
    return this.#props.scopePolicy.failure('invalid_scope', request, failure);
  }

  /** At most two versions. The second one is tried if the first one is refused. */
  async *#credentialsToTry({ isTest, isNeeded, deadlineMs }: MintOptions): AsyncGenerator<Credential> {
    const { keeper, clock } = this.#props;
    const { current, accepted } = keeper;
    const first = isTest ? current : (accepted ?? current);
    if (first === undefined) return;
    yield first;
    if ((isTest && !isNeeded) || clock.nowMs() >= deadlineMs) return;
    const second = isTest ? accepted : await this.#otherVersion(first);
    if (second && second.version !== first.version && clock.nowMs() < deadlineMs) yield second;
  }

  /** The current version, or the one before if the current one was refused. */
  async #otherVersion(refused: Credential): Promise<Credential | undefined> {
    const { keeper, source } = this.#props;
    await keeper.reread();
    const { current } = keeper;
    if (current && current.version !== refused.version) return current;
    return await source.previous().catch(() => undefined);
  }
}

/** Only a refusal of the credential leads to another version. */
function isRefusal(error: unknown): boolean {
  return error instanceof VendingError && error.code === 'credential_refused';
}
