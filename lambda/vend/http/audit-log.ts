// The audit record: one line for each request, of a token vended or of a refusal.

import { failureFields, stackFrames, VendingError } from '../../errors.ts';
import type { Log } from '../../log-line.ts';
import type { TokenSource } from '../state/token-state.ts';
import type { Caller } from './caller.ts';

/** Who asked for what: the first half of an audit line. */
export interface Asked extends Caller {
  readonly requestId: string;
  /** Canonical. Undefined: left out, or not known when the request was refused. */
  readonly scopesAsked?: string | undefined;
}

export interface Given {
  readonly scopesGiven: string | undefined;
  readonly source: TokenSource;
  readonly expiresInSeconds: number;
  readonly credentialVersion: string | undefined;
  /** First 8 hex digits of the token's SHA-256: enough to find it again, worthless as a token. */
  readonly tokenSha256Prefix: string;
}

export class AuditLog {
  readonly #log: Pick<Log, 'print'>;

  constructor(log: Pick<Log, 'print'>) {
    this.#log = log;
  }

  vended(asked: Asked, given: Given, isOfReplacedCredential: boolean): void {
    const metrics = { Vended: 1, ...(isOfReplacedCredential && { ReplacedCredentialInUse: 1 }) };
    const level = isOfReplacedCredential ? 'warn' : 'info';
    this.#log.print({ level, event: 'vended', metrics, fields: { ...asked, ...given } });
  }

  /** @param description what the caller is told */
  refused(asked: Asked, status: number, error: unknown, description: string): void {
    const isExpected = error instanceof VendingError;
    const fields = {
      ...asked,
      status,
      ...failureFields(error),
      description,
      ...(!isExpected && { stack: stackFrames(error) }),
    };
    this.#log.print({ level: status < 500 ? 'warn' : 'error', event: 'refused', metrics: { Refused: 1 }, fields });
  }
}
