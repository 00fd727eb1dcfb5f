// What a run needs: eight processes of the deployed bundle, one table, one secret, one authorization server.

import type { ServedAuthorizationServer } from '../../local/serve-authorization-server.ts';
import { Opened } from '../../testbed/opened.ts';
import { Database } from '../../testbed/processes/database.ts';
import { deployFunction } from '../../testbed/processes/deployed-function.ts';
import { ProcessFleet } from '../../testbed/processes/fleet.ts';
import { PrintedLines } from '../../testbed/processes/printed-lines.ts';
import type { RunClock } from '../../testbed/processes/run-clock.mjs';
import { startServer } from './client.ts';
import { Operator } from './operator.ts';

const TABLE = 'token-vending-rotation';
export const PROCESSES = 8;

export interface Setup {
  readonly server: ServedAuthorizationServer;
  readonly database: Database;
  readonly tableName: string;
  readonly fleet: ProcessFleet;
  readonly printed: PrintedLines;
  readonly operator: Operator;
  close(): Promise<void>;
}

export async function setUp(clock: RunClock): Promise<Setup> {
  return await Opened.build(async (opened) => {
    const server = await opened.keep(startServer(() => clock.nowMs()));
    const database = await Database.dynalite();
    await opened.keep({ close: () => database.kill() });
    await database.start();
    const { program, ...secret } = await deployFunction(opened, server, database, TABLE);
    const operator = await opened.keep(new Operator({ ...secret, tokenEndpoint: server.tokenEndpoint }));
    const printed = new PrintedLines();
    const fleet = await opened.keep(
      ProcessFleet.start(
        {
          ...program,
          env: { ...program.env, ...clock.environment() },
          onOutput: (text, pid) => printed.add(text, pid),
        },
        PROCESSES,
      ),
    );
    return { server, database, tableName: TABLE, fleet, printed, operator, close: () => opened.close() };
  });
}
