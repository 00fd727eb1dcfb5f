// Starts the vend function. Lambda waits for it before the first request.

import { INIT_LIMIT_MS } from '../time-limits.ts';
import type { Settings } from './settings.ts';
import { createVendFunction, type VendFunction, type VendWorld } from './vend-function.ts';

/**
 * Returns after a second at the latest. If not everything could be read by then, or a read reported a failure, what was
 * read is forgotten, and what is being read is cancelled: the first request reads it all again, and reports what fails.
 * Nothing is printed before.
 */
export async function startVendFunction(settings: Settings, world: VendWorld): Promise<VendFunction> {
  const limit = new AbortController();
  let isStarted = false;
  let hasReported = false;
  const write = (line: string) => {
    if (isStarted) world.write(line);
    else hasReported = true;
  };
  /** Without this, an instance that was frozen would go on with the requests beside those of its first call. */
  function cancelled<Client extends { send(command: never, options: object): unknown }>(client: Client): Client {
    const init = { abortSignal: limit.signal };
    const send = (command: never, options: object) =>
      client.send(command, isStarted ? options : { ...options, ...init });
    return { send } as Client;
  }
  const [dynamoDb, secretsManager] = [cancelled(world.dynamoDb), cancelled(world.secretsManager)];
  const started = createVendFunction(settings, { ...world, dynamoDb, secretsManager, write });
  const warmingUp = started.warmUp(limit.signal).catch(() => false);
  const isWarm = await world.clock.waitAtMost(INIT_LIMIT_MS, warmingUp);
  if (isWarm && !hasReported) {
    isStarted = true;
    return started;
  }
  limit.abort();
  return createVendFunction(settings, world);
}
