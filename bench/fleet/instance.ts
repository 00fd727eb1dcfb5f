// One instance: a vendor with its own memory and credential, its requests to the shared services, and what it is set to
// when it is run again after a pause.

import {
  type DynamoDBClient,
  GetItemCommand,
  ThrottlingException,
  type UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { VendingError } from '../../lambda/errors.ts';
import type { Credential } from '../../lambda/oauth/credential.ts';
import { CredentialSource } from '../../lambda/oauth/credential-source.ts';
import type { Scopes } from '../../lambda/oauth/scopes.ts';
import { parseTokenResponse, type Token } from '../../lambda/oauth/token.ts';
import { Telemetry } from '../../lambda/telemetry.ts';
import { MemoryCache } from '../../lambda/vend/memory-cache.ts';
import type { Remembered } from '../../lambda/vend/token-store.ts';
import { TokenTable } from '../../lambda/vend/token-table.ts';
import type { Vendor } from './designs.ts';
import type { Fleet } from './fleet.ts';
import { CLIENTS, LATENCY, SECOND } from './model.ts';
import type { TableRequest } from './services.ts';

/** A token with the version of the credential that minted it. */
export type MintedToken = Pick<Remembered, 'token' | 'credentialVersion'> & { readonly token: Token };

/** Puts the renewal point, which is otherwise drawn from 75 to 85 % of the lifetime, at 100 %. */
const RENEWED_AT_ITS_END = 2.5;

export class Instance {
  readonly vendor: Vendor;
  readonly bornAtMs: number;
  /** From then on, each of its calls is run. */
  joinedAtMs: number;
  busy = false;
  /** How many calls the one under way stands for. */
  weight = 1;
  readonly memory: MemoryCache<Remembered>;
  readonly #credentials: CredentialSource;
  readonly #fleet: Fleet;
  /** Set to what it would be by now: requests cost nothing and take no time. */
  #isCatchingUp = false;
  readonly #isConnected = new Set<'table' | 'secrets'>();
  /** The last token of each scope set that it minted. */
  readonly #minted = new Map<number, MintedToken>();
  /** The scope sets whose place in memory is as it would be. */
  readonly #caughtUp = new Set<number>();

  /** @param bornAtMs since the start; in the past, for one that is run again */
  constructor(fleet: Fleet, bornAtMs: number) {
    this.#fleet = fleet;
    this.bornAtMs = bornAtMs;
    this.joinedAtMs = fleet.time.elapsedMs;
    const { time, chance, scopeSets, design } = fleet;
    this.memory = new MemoryCache();
    this.#credentials = new CredentialSource({
      client: { send: this.#overSecrets.bind(this) } as unknown as SecretsManagerClient,
      secretId: 'emporix',
      region: 'us-east-1',
      clock: time,
      onCheckFailed: () => {},
    });
    this.vendor = design.vendor({
      scopes: scopeSets.policy,
      memory: this.memory,
      table: new TokenTable({ send: this.#overTable.bind(this) } as unknown as DynamoDBClient, 'tokens'),
      credentials: this.#credentials,
      tokenEndpoint: { mint: this.#mint.bind(this), prepare: () => {} },
      telemetry: new Telemetry({ profile: 'default', clock: time, write: () => {} }),
      clock: time,
      random: chance.random,
      randomBytes: (size) => chance.bytes(size),
    });
  }

  /** It has been there for long; `isChecked`: it has read the credential lately. */
  async resume(isChecked: boolean): Promise<void> {
    this.#isConnected.add('table').add('secrets');
    if (!isChecked) return;
    this.#isCatchingUp = true;
    await this.#credentials.current();
    this.#isCatchingUp = false;
  }

  /** Of the tokens of a scope set, the newest that a call would have brought into its memory is there. */
  catchUp(scopeSet: number): void {
    if (this.#caughtUp.has(scopeSet)) return;
    this.#caughtUp.add(scopeSet);
    const { chance, popularity, setting, scopeSets } = this.#fleet;
    let untilMs = this.joinedAtMs;
    for (const { token, credentialVersion, publishedAtMs } of this.#fleet.published(scopeSet)) {
      const calledForMs = untilMs - Math.max(publishedAtMs, this.bornAtMs);
      const calls = (calledForMs / SECOND) * setting.callsPerSecond * popularity.share(scopeSet);
      if (calls > 0 && chance.random() > Math.exp(-calls)) {
        this.memory.set(scopeSets.pk(scopeSet), { token, credentialVersion, lookAgainAtMs: 0 });
        return;
      }
      untilMs = Math.min(untilMs, publishedAtMs);
    }
  }

  async #overTable(command: GetItemCommand | UpdateItemCommand): Promise<object> {
    const { time, chance, services, tally } = this.#fleet;
    const weight = this.weight;
    const latency = command instanceof GetItemCommand ? LATENCY.tableRead : LATENCY.tableWrite;
    for (let attempt = 1; ; attempt++) {
      const latencyMs = chance.latencyMs(latency) + this.#connect('table');
      let failure = new Error('no answer');
      if (services.regionIsDown) {
        await time.sleep(CLIENTS.tableTimeoutMs);
      } else {
        await time.sleep(latencyMs / 2);
        const request = services.table(command);
        tally.tableRequest(request, weight);
        await time.sleep(latencyMs / 2);
        if (request.answer) return await request.answer.then((answer) => this.#noted(request, answer));
        failure = new ThrottlingException({ message: 'too many requests', $metadata: {} });
      }
      if (attempt === CLIENTS.attempts) throw failure;
      const isThrottled = failure instanceof ThrottlingException;
      await time.sleep(chance.random() * (isThrottled ? CLIENTS.retryThrottledWithinMs : CLIENTS.retryWithinMs));
    }
  }

  #noted({ publishes, scopeSet }: TableRequest, answer: object): object {
    const minted = scopeSet === undefined ? undefined : this.#minted.get(scopeSet);
    if (publishes && scopeSet !== undefined && minted) this.#fleet.publish(scopeSet, minted);
    return answer;
  }

  async #overSecrets({ input }: GetSecretValueCommand): Promise<object> {
    const { time, chance, services, tally } = this.#fleet;
    if (this.#isCatchingUp) return services.secret(input);
    if (services.regionIsDown) {
      await time.sleep(CLIENTS.attempts * CLIENTS.secretsTimeoutMs);
      throw new Error('Secrets Manager did not answer');
    }
    tally.secrets(this.weight);
    const latencyMs = chance.latencyMs(LATENCY.secrets) + this.#connect('secrets');
    await time.sleep(latencyMs / 2);
    const answer = services.secret(input);
    await time.sleep(latencyMs / 2);
    return answer;
  }

  async #mint(credential: Credential, scopes: Scopes | undefined): Promise<{ token: Token; lifetimeNamed: boolean }> {
    const { time, chance, services, tally, scopeSets, design } = this.#fleet;
    const requestedAtMs = time.nowMs();
    const latencyMs = chance.latencyMs(LATENCY.mint);
    await time.sleep(latencyMs / 2);
    // Nothing is published that would keep others from asking as well.
    const isAlone = !design.sharesTable || services.regionIsDown || (services.serverIsDown && !design.leases);
    tally.mint(!services.serverIsDown, isAlone ? this.weight : 1);
    const scopeSet = scopeSets.rankOf(scopeSets.policy.wanted(scopes).pk) ?? 0;
    const body = services.token(scopeSet);
    const isDown = services.serverIsDown;
    await time.sleep(latencyMs / 2);
    if (isDown) throw new VendingError('unavailable', 'the authorization server is down');
    const random = design.renewsAhead ? chance.random() : RENEWED_AT_ITS_END;
    const parsed = parseTokenResponse(body, { requestedAtMs, scopes, random });
    this.#minted.set(scopeSet, { token: parsed.token, credentialVersion: credential.version });
    return parsed;
  }

  #connect(service: 'table' | 'secrets'): number {
    if (this.#isConnected.has(service)) return 0;
    this.#isConnected.add(service);
    return this.#fleet.chance.latencyMs(LATENCY.connection);
  }
}
