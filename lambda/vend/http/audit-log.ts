// The audit record: one line for each token that was vended, and one for each request that was refused. Lines are most of
// the bill, and a list of scopes may be most of a line, so no list is printed that stands in the record already.

import { createHash } from 'node:crypto';
import type { MetricName } from '../../../operating/metrics.ts';
import { failureFields, stackFrames, VendingError } from '../../errors.ts';
import type { Log } from '../../log-line.ts';
import { printable, type Scopes } from '../../oauth/scopes.ts';
import type { VendedToken } from '../state/token-state.ts';
import type { Caller } from './caller.ts';

/** The part of an audit line about the request: the caller and the requested scopes. */
export interface RequestFields extends Caller {
  readonly requestId: string;
  /** The requested scopes in canonical form. Undefined if they were left out, or could not be read. */
  readonly scopesAsked?: string | undefined;
}

/** The part of an audit line about the token that was vended. */
export interface TokenFields {
  readonly scopesGiven: Scopes | undefined;
  readonly expiresInSeconds: number;
  readonly credentialVersion: string | undefined;
  /** The first 8 hex digits of the token's SHA-256. They identify the token, and can't be used as one. */
  readonly tokenSha256Prefix: string;
  /** The first 8 characters of the hash in the key of the token's item. After the profile and `#`, they find the item. */
  readonly item: string;
}

export class AuditLog {
  readonly #log: Pick<Log, 'print'>;
  /** The last token of callers who named no scope. Its list of scopes was printed. */
  #listed: { readonly tokenSha256Prefix: string; readonly scopesGivenSha256Prefix: string } | undefined;

  constructor(log: Pick<Log, 'print'>) {
    this.#log = log;
  }

  vended(requestFields: RequestFields, tokenFields: TokenFields, vended: Omit<VendedToken, 'token'>): void {
    const { isOfReplacedCredential, renewal, leaseWaitMs, source } = vended;
    const metrics = {
      Vended: 1,
      // The longest and the shortest are enough: a second declaration on each line would be an eighth of all lines.
      ...((source === 'mint' || renewal !== 'not due') && { RemainingLife: tokenFields.expiresInSeconds }),
      ...(leaseWaitMs !== undefined && { LeaseWait: Math.round(leaseWaitMs) }),
      ...(renewal === 'failing' && { VendedPastMargin: 1 }),
      ...(isOfReplacedCredential && { ReplacedCredentialInUse: 1 }),
    };
    const level = isOfReplacedCredential || renewal === 'failing' ? 'warn' : 'info';
    const { scopesGiven: _, ...others } = tokenFields;
    const fields = { ...requestFields, ...this.#scopesGiven(requestFields, tokenFields), ...others };
    this.#log.print({ level, event: 'vended', metrics, source, fields });
  }

  /**
   * The list of the given scopes, if it isn't the list of the requested ones. For callers who named none it is printed
   * with a token's first line of this instance, and its hash with each line.
   */
  #scopesGiven({ scopesAsked }: RequestFields, { scopesGiven, tokenSha256Prefix }: TokenFields): object {
    if (scopesGiven === undefined) return {};
    if (scopesAsked !== undefined) {
      return scopesGiven.toString() === scopesAsked ? {} : { scopesGiven: listOf(scopesGiven) };
    }
    if (this.#listed?.tokenSha256Prefix === tokenSha256Prefix) {
      return { scopesGivenSha256Prefix: this.#listed.scopesGivenSha256Prefix };
    }
    const list = listOf(scopesGiven);
    const scopesGivenSha256Prefix = createHash('sha256').update(list).digest('hex').slice(0, 8);
    this.#listed = { tokenSha256Prefix, scopesGivenSha256Prefix };
    return { scopesGiven: list, scopesGivenSha256Prefix };
  }

  /** @param description the `error_description` of the answer */
  refused(requestFields: RequestFields, status: number, error: unknown, description: string): void {
    const isExpected = error instanceof VendingError;
    const fields = {
      ...requestFields,
      status,
      ...failureFields(error),
      description,
      ...(!isExpected && { stack: stackFrames(error) }),
    };
    this.#log.print({ level: status < 500 ? 'warn' : 'error', event: 'refused', metrics: metricsOf(status), fields });
  }
}

function metricsOf(status: number): Partial<Record<MetricName, number>> {
  if (status < 500) return { Refused: 1 };
  return status === 500 ? { Misconfigured: 1, Vended: 0 } : { Failed: 1, Vended: 0 };
}

function listOf(scopes: Scopes): string {
  return scopes.list.map(printable).join(' ');
}
