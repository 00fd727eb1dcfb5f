// How the requests of one simulated instance travel: they are slow, they or their answers are lost, and the instance may
// stand still or crash at each step.

import { GetItemCommand, type UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { VendingError } from '../../lambda/errors.ts';
import { tokenOf } from '../../lambda/oauth/answer.ts';
import type { Credential } from '../../lambda/oauth/credential.ts';
import type { Scopes } from '../../lambda/oauth/scopes.ts';
import type { Token } from '../../lambda/oauth/token.ts';
import { TOKEN_ENDPOINT_LIMITS } from '../../lambda/oauth/token-endpoint.ts';
import { SECRET_REQUEST_MS, TABLE_REQUEST_MS } from '../../lambda/time-limits.ts';
import { tokenRequest } from '../../local/token-answers.ts';
import type { Service, TokenRequest } from './observer.ts';
import { throttled } from './simulated-dynamodb.ts';
import type { Surroundings } from './surroundings.ts';

/** As the function sets up the clients of the AWS SDK. */
const ATTEMPTS = 2;

class NoAnswer extends Error {
  override readonly name = 'TimeoutError';
}

/** The instance whose requests these are. */
interface Sender {
  readonly nowMs: number;
  /** Goes on after a wait, unless the instance is gone by then. */
  live(): Promise<void>;
  giveUp(service: Service): void;
}

export class Transport {
  readonly #surroundings: Surroundings;
  readonly #instance: Sender;
  readonly #connected = new Set<'table' | 'secret'>();

  constructor(surroundings: Surroundings, instance: Sender) {
    this.#surroundings = surroundings;
    this.#instance = instance;
  }

  async table(command: GetItemCommand | UpdateItemCommand): Promise<object> {
    const { chance, options } = this.#surroundings;
    const { latencies, faults } = options;
    const isRead = command instanceof GetItemCommand;
    if (chance.isTrue(isRead ? faults.readsAreThrottled : faults.writesAreThrottled)) {
      await this.sleep(latencies.tableRead(chance) / 2);
      this.#instance.giveUp(isRead ? 'throttled read' : 'table');
      throw throttled();
    }
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#askTable(command, isRead);
      } catch (error) {
        const hasNoAnswer = error instanceof NoAnswer;
        if (!hasNoAnswer && !isThrottled(error)) throw error;
        if (attempt < ATTEMPTS) {
          await this.#surroundings.time.sleep((hasNoAnswer ? latencies.retry : latencies.retryThrottled)(chance));
          continue;
        }
        this.#instance.giveUp('table');
        throw error;
      }
    }
  }

  async #askTable(command: GetItemCommand | UpdateItemCommand, isRead: boolean): Promise<object> {
    const { chance, options, table, regionIsAway } = this.#surroundings;
    const { latencies, faults } = options;
    const latencyMs = (isRead ? latencies.tableRead : latencies.tableWrite)(chance) + this.#connect('table');
    if (regionIsAway) {
      await this.sleep(TABLE_REQUEST_MS);
      throw new NoAnswer();
    }
    await this.sleep(latencyMs / 2);
    const losesRequest = chance.isTrue(faults.tableLosesRequest);
    const losesAnswer = losesRequest || chance.isTrue(faults.tableLosesAnswer);
    const answer = losesRequest ? undefined : settle(() => table.answer(command));
    await this.sleep(losesAnswer ? TABLE_REQUEST_MS : latencyMs / 2);
    if (answer === undefined || losesAnswer) throw new NoAnswer();
    return answer();
  }

  async secret({ input }: GetSecretValueCommand): Promise<object> {
    const { chance, options, observers, secret } = this.#surroundings;
    if (this.#surroundings.regionIsAway) {
      await this.sleep(ATTEMPTS * SECRET_REQUEST_MS);
      throw new NoAnswer();
    }
    for (const observer of observers) observer.secretAsked?.();
    const fails = chance.isTrue(options.faults.secretsFail);
    const latency = fails ? options.latencies.failingSecret : options.latencies.secret;
    const latencyMs = latency(chance) + this.#connect('secret');
    await this.sleep(latencyMs / 2);
    const answer = settle(() => secret.answer(input));
    await this.sleep(latencyMs / 2);
    if (fails) this.#instance.giveUp('secret');
    if (fails && chance.isTrue(0.7)) throw new NoAnswer();
    return answer();
  }

  /** One request to the token endpoint, if there is time, without the retry, which makes no difference here. */
  async mint(
    credential: Credential,
    scopes: Scopes | undefined,
    deadlineMs: number,
  ): Promise<{ token: Token; lifetimeNamed: boolean }> {
    const { time, chance, options, observers, authorizationServer } = this.#surroundings;
    const requestedAtMs = this.#instance.nowMs;
    const startedAtMs = time.nowMs();
    const timeoutMs = Math.min(TOKEN_ENDPOINT_LIMITS.requestTimeoutMs, deadlineMs - requestedAtMs);
    if (timeoutMs <= 0) throw new VendingError('timed_out', 'simulated');
    const latencyMs = options.latencies.token(chance);
    await this.sleep(Math.min(latencyMs / 2, timeoutMs));
    const { clientId, clientSecret } = credential;
    const form = { client_id: clientId, client_secret: clientSecret, ...(scopes && { scope: scopes.toString() }) };
    const { status, headers, body } = await authorizationServer.answer(tokenRequest(form));
    const accessToken = status === 200 ? (body as { access_token?: string }).access_token : undefined;
    const request: TokenRequest = {
      scopes,
      credentialVersion: credential.version,
      status,
      startedAtMs,
      arrivedAtMs: time.nowMs(),
      accessToken,
      isHeard: false,
    };
    for (const observer of observers) observer.tokenAsked?.(request);
    await this.sleep(Math.min(latencyMs / 2, timeoutMs - latencyMs / 2));
    if (latencyMs > timeoutMs) throw new VendingError('timed_out', 'simulated');
    if (chance.isTrue(options.faults.serverLosesAnswer)) throw new VendingError('unavailable', 'simulated');
    request.isHeard = true;
    const retryAfter = headers['retry-after'];
    const answer = { status, retryAfter: retryAfter?.toString(), body: { value: body } };
    const random = options.renewalPoint?.() ?? chance.random();
    return tokenOf(answer, { requestedAtMs, answeredAtMs: this.#instance.nowMs, scopes, random });
  }

  /** At its end, the instance may be gone, or go. */
  async sleep(durationMs: number): Promise<void> {
    await this.#surroundings.time.sleep(durationMs);
    await this.#instance.live();
  }

  #connect(service: 'table' | 'secret'): number {
    if (this.#connected.has(service)) return 0;
    this.#connected.add(service);
    return this.#surroundings.options.latencies.connection(this.#surroundings.chance);
  }
}

function isThrottled(error: unknown): boolean {
  return error instanceof Error && error.name === throttled().name;
}

/** What a request does happens when it arrives; its outcome is known when its answer arrives. */
function settle<Value>(request: () => Value): () => Value {
  try {
    const value = request();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
