// Makes a token or an error of a token endpoint's answer. Of its body, only a registered error word gets into an error.

import { TRANSIENT, VendingError } from '../errors.ts';
import type { AnswerBody } from './answer-body.ts';
import { type Meaning, meaningOf, namesError, registeredWord } from './answer-policy.ts';
import { parseRetryAfter } from './retry-after.ts';
import { parseTokenResponse, type Token, type TokenRequestFacts } from './token.ts';

export interface Answer {
  readonly status: number;
  /** The `Retry-After` header. */
  readonly retryAfter: string | undefined;
  readonly body: AnswerBody;
}

export interface AnswerFacts extends TokenRequestFacts {
  /** When the answer was read. A `Retry-After` counts from here. */
  readonly answeredAtMs: number;
}

/**
 * @returns the token, and whether the server named its lifetime
 * @throws VendingError `credential_refused`, `invalid_scope`, `throttled`, `unavailable` or `unusable_answer`
 */
export function tokenOf(answer: Answer, facts: AnswerFacts): { token: Token; lifetimeNamed: boolean } {
  const body = 'value' in answer.body ? answer.body.value : undefined;
  const meaning = meaningOf(answer.status, body);
  if (meaning === 'granted') return parseTokenResponse(body, facts);
  const retryAfterSeconds = TRANSIENT.has(meaning) ? parseRetryAfter(answer.retryAfter, facts.answeredAtMs) : undefined;
  throw new VendingError(meaning, `the authorization server${describe(meaning, answer)}`, { retryAfterSeconds });
}

function describe(meaning: Exclude<Meaning, 'granted'>, { status, body }: Answer): string {
  switch (meaning) {
    case 'credential_refused':
      return ' refused the credential';
    case 'invalid_scope':
      return ' refused the scopes';
    case 'throttled':
      return ' throttles';
    case 'unavailable':
      return ` failed with status ${status}`;
    case 'unusable_answer': {
      const isSuccess = status >= 200 && status <= 299;
      if (isSuccess && 'problem' in body) return `'s answer ${body.problem}`;
      const value = 'value' in body ? body.value : undefined;
      const word = registeredWord(value);
      if (isSuccess && !word)
        return `'s answer ${namesError(value) ? 'names an unknown error' : 'has no access_token'}`;
      return ` answered with status ${status}${word ? ` and error ${word}` : ''}`;
    }
  }
}
