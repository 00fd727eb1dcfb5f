// What a run plays on: eight processes of the deployed bundle, one table, one secret, one authorization server.

import { join } from 'node:path';
import { Database } from '../chaos/database.ts';
import { Fleet } from '../chaos/fleet.ts';
import { deployedFunction } from '../chaos/stage.ts';
import { AuthorizationServer } from './authorization-server.ts';
import type { RunClock } from './clock.mjs';
import { Operator } from './operator.ts';
import { Printed } from './printed.ts';
import { Story } from './story.ts';
import { PROCESSES } from './verdict.ts';

const TABLE = 'token-vending-rotation';

export interface Stage {
  readonly server: AuthorizationServer;
  readonly database: Database;
  readonly tableName: string;
  readonly fleet: Fleet;
  readonly printed: Printed;
  readonly operator: Operator;
  close(): Promise<void>;
}

export async function setStage(clock: RunClock): Promise<Stage> {
  const started: { close(): Promise<void> }[] = [];
  const close = async () => void (await Promise.all(started.map((part) => part.close())));
  try {
    const server = await AuthorizationServer.start(() => clock.nowMs());
    started.push(server);
    const { tokenEndpoint, clientId } = server;
    server.accept(Story.firstSecret);
    const database = await Database.dynalite();
    started.push({ close: () => database.kill() });
    await database.start();
    const client = { tokenEndpoint, clientId, clientSecret: Story.firstSecret };
    const { program, secretsManagerUrl, secretId } = await deployedFunction(started, client, database, TABLE);
    const operator = new Operator({ secretsManagerUrl, secretId, clientId, tokenEndpoint });
    started.push({ close: async () => operator.close() });
    const printed = new Printed();
    const env = { ...program.env, CLOCK_ORIGIN_MS: String(clock.originMs), CLOCK_SPEED: String(clock.speed) };
    const path = join(import.meta.dirname, 'instance.mjs');
    const onOutput = (text: string, pid: number) => printed.add(text, pid);
    const fleet = await Fleet.start({ path, env, onOutput }, PROCESSES);
    started.push(fleet);
    return { server, database, tableName: TABLE, fleet, printed, operator, close };
  } catch (error) {
    await close();
    throw error;
  }
}
