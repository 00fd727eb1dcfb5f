// The credential store in DynamoDB: one item for each credential, which all its profiles share.

import type { Clock } from '../../clock.ts';
import type { BackOff } from '../state/back-off.ts';
import { MAX_AHEAD_MS } from '../state/bounds.ts';
import { type CredentialState, MAX_REJECTED, type VersionTest } from '../state/credential-state.ts';
import { parseCredentialItem, testAttributes } from './credential-item.ts';
import type { CredentialStore } from './credential-store.ts';
import type { DynamoDbItems, Update } from './dynamodb-items.ts';
import { backOffAttributes } from './token-item.ts';

/** As many removals fit into an expression, which holds 4 KB. */
const MAX_REMOVED = 100;

/** The conditions of writes. A time that counts as absent when it is read counts as absent here as well. */
export const CREDENTIAL_CONDITIONS = {
  noTestInForce: 'attribute_not_exists(next_test_at) OR next_test_at <= :now OR next_test_at > :test_bound',
  otherTested: 'tested_version <> :tested_version',
  testedLast: 'tested_version = :tested_version',
  acceptedAsRead: 'accepted_version = :seen',
  noneAccepted: 'attribute_not_exists(accepted_version)',
  isListedOrNotFull: 'size(rejected) < :max OR attribute_exists(rejected.#name)',
  someRejected: 'attribute_exists(rejected)',
  noneRejected: 'attribute_not_exists(rejected)',
  notRereadLately:
    'attribute_not_exists(reread_before_ms) OR reread_before_ms < :reread_before_ms OR reread_before_ms > :reread_bound',
  /** A longer back-off stays: a `Retry-After` of five minutes must not be replaced by a shorter one of another mint. */
  noLongerBackOff:
    'attribute_not_exists(backoff_until) OR backoff_until < :backoff_until OR backoff_version <> :backoff_version OR backoff_until > :backoff_bound',
};

export class DynamoDbCredentialStore implements CredentialStore {
  readonly #items: DynamoDbItems;
  readonly #key: string;
  readonly #clock: Pick<Clock, 'nowMs'>;

  /** @param credential the name of the credential */
  constructor(items: DynamoDbItems, credential: string, clock: Pick<Clock, 'nowMs'>) {
    this.#items = items;
    this.#key = `CREDENTIAL#${credential}`;
    this.#clock = clock;
  }

  async read(): Promise<CredentialState> {
    const item = await this.#items.get(this.#key);
    return item ? parseCredentialItem(item, this.#clock.nowMs()) : {};
  }

  async claimTest(test: VersionTest): Promise<boolean> {
    const { noTestInForce, otherTested } = CREDENTIAL_CONDITIONS;
    return await this.#setTest(test, `${otherTested} OR ${noTestInForce}`);
  }

  async postponeTest(test: VersionTest): Promise<boolean> {
    const { noTestInForce, testedLast } = CREDENTIAL_CONDITIONS;
    return await this.#setTest(test, `${testedLast} OR ${noTestInForce}`);
  }

  async accept(version: string, seenVersion: string | undefined, refused: VersionTest | undefined): Promise<boolean> {
    const { acceptedAsRead, noneAccepted } = CREDENTIAL_CONDITIONS;
    return await this.#update({
      set: { accepted_version: { S: version }, ...(refused && testAttributes(refused)) },
      condition: seenVersion === undefined ? noneAccepted : acceptedAsRead,
      ...(seenVersion !== undefined && { compared: { ':seen': { S: seenVersion } } }),
    });
  }

  async listRejected(name: string, atSeconds: number, old: readonly string[]): Promise<boolean> {
    const { isListedOrNotFull, noneRejected } = CREDENTIAL_CONDITIONS;
    const at = { N: String(atSeconds) };
    const removed = old.slice(0, MAX_REMOVED).filter((each) => each !== name);
    const placeholders = removed.map((each, index): [string, string] => [`#old${index}`, each]);
    const isListed = await this.#update({
      set: { 'rejected.#name': at },
      remove: placeholders.map(([placeholder]) => `rejected.${placeholder}`),
      names: { '#name': name, ...Object.fromEntries(placeholders) },
      condition: isListedOrNotFull,
      compared: { ':max': { N: String(MAX_REJECTED + removed.length) } },
    });
    if (isListed) return true;
    return await this.#update({ set: { rejected: { M: { [name]: at } } }, condition: noneRejected });
  }

  async unlistRejected(name: string): Promise<boolean> {
    const { someRejected } = CREDENTIAL_CONDITIONS;
    return await this.#update({ remove: ['rejected.#name'], names: { '#name': name }, condition: someRejected });
  }

  async setRereadBefore(rereadBeforeMs: number): Promise<boolean> {
    const bound = { N: String(this.#clock.nowMs() + MAX_AHEAD_MS.reread) };
    return await this.#update({
      set: { reread_before_ms: { N: String(rereadBeforeMs) } },
      condition: CREDENTIAL_CONDITIONS.notRereadLately,
      compared: { ':reread_bound': bound },
    });
  }

  async recordBackOff(backOff: BackOff): Promise<boolean> {
    return await this.#update({
      set: backOffAttributes(backOff),
      condition: CREDENTIAL_CONDITIONS.noLongerBackOff,
      compared: { ':backoff_bound': this.#boundSeconds('backOff') },
    });
  }

  isThrottled(error: unknown): boolean {
    return this.#items.isThrottled(error);
  }

  async #setTest(test: VersionTest, condition: string): Promise<boolean> {
    const compared = { ':now': seconds(this.#clock.nowMs()), ':test_bound': this.#boundSeconds('test') };
    return await this.#update({ set: testAttributes(test), condition, compared });
  }

  async #update(update: Update): Promise<boolean> {
    return (await this.#items.update(this.#key, update)) === 'written';
  }

  #boundSeconds(kind: 'test' | 'backOff') {
    return seconds(this.#clock.nowMs() + MAX_AHEAD_MS[kind]);
  }
}

function seconds(ms: number) {
  return { N: String(ms / 1000) };
}
