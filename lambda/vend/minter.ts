// One mint: the request to the token endpoint, and the check of what was granted.

import type { Clock } from '../clock.ts';
import { errorName, VendingError } from '../errors.ts';
import type { Credential } from '../oauth/credential.ts';
import type { Token } from '../oauth/token.ts';
import type { TokenEndpoint } from '../oauth/token-endpoint.ts';
import type { Telemetry } from '../telemetry.ts';
import type { ScopePolicy, Wanted } from './scope-policy.ts';

export interface MinterProps {
  readonly tokenEndpoint: Pick<TokenEndpoint, 'mint'>;
  readonly scopes: ScopePolicy;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

export class Minter {
  readonly #props: MinterProps;

  constructor(props: MinterProps) {
    this.#props = props;
  }

  /** @throws VendingError, with `invalid_scope` only where the caller named the scopes */
  async mint(wanted: Wanted, credential: Credential, deadlineMs: number): Promise<Token> {
    const { tokenEndpoint, scopes, telemetry, clock } = this.#props;
    const startedAtMs = clock.nowMs();
    try {
      const { token, lifetimeNamed } = await tokenEndpoint.mint(credential, wanted.scopes, deadlineMs);
      telemetry.minted({ durationMs: clock.nowMs() - startedAtMs });
      if (!lifetimeNamed) telemetry.lifetimeNotNamed({ assumedSeconds: token.lifetimeMs / 1000 });
      const missing = scopes.check(token, wanted);
      if (missing.length > 0) telemetry.scopesNotGranted({ missing });
      return token;
    } catch (error) {
      telemetry.mintFailed({ error: errorName(error) });
      if (!(error instanceof VendingError) || error.code !== 'invalid_scope') throw error;
      throw scopes.failure('invalid_scope', wanted, error);
    }
  }
}
