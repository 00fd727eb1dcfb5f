// DynamoDB in a process of its own that can be killed: AWS's DynamoDB Local, which is the judge of conditional writes, or
// dynalite. Both keep their tables in memory, so that they are empty after a kill.

import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite/package.json' with { type: 'json' };
import { createTokenTable } from '../../local/dynamodb.ts';
import { STAND_IN_CLIENT } from '../../local/names.ts';
import { DYNAMODB_LOCAL_VERSION } from './dynamodb-local.ts';
import { freePort, ServerProcess } from './server.ts';

const DYNALITE = join(import.meta.dirname, '../../node_modules/dynalite/cli.js');
/** DynamoDB Local is slow at its first requests of each kind, and the function takes a slow table for one that is away. */
const WARM_UP_CALLS = 200;

export class Database {
  readonly name: string;
  readonly #server: ServerProcess;
  readonly #client: DynamoDBClient;

  private constructor(name: string, port: number, command: readonly [string, ...string[]]) {
    this.name = name;
    this.#server = new ServerProcess({ name, port, command });
    this.#client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: this.url });
  }

  static async dynalite(): Promise<Database> {
    const port = await freePort();
    const options = ['--host', '127.0.0.1', '--port', String(port), '--createTableMs', '0'];
    return new Database(`dynalite ${dynalite.version}`, port, [process.execPath, DYNALITE, ...options]);
  }

  /** @param jars the folder with its jars and its native SQLite. It listens on all addresses, and has no option for it. */
  static async dynamoDbLocal(jars: string): Promise<Database> {
    const port = await freePort();
    const main = 'software.amazon.dynamodb.services.local.main.ServerRunner';
    const options = ['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)];
    const java = ['java', '-Xmx512m', `-Djava.library.path=${jars}`, '-cp', `${jars}/*`, main] as const;
    return new Database(`DynamoDB Local ${DYNAMODB_LOCAL_VERSION}`, port, [...java, ...options]);
  }

  get url(): string {
    return this.#server.url;
  }

  /** Starts it without any token, and warms it up. */
  async start(): Promise<void> {
    await this.#server.start();
    const TableName = 'warm-up';
    await this.createTable(TableName);
    for (let call = 0; call < WARM_UP_CALLS; call++) {
      const pk = { S: String(call % 10) };
      await this.#client.send(
        new UpdateItemCommand({
          TableName,
          Key: { pk },
          UpdateExpression: 'SET expires_at = :now REMOVE lease_id',
          ConditionExpression: 'attribute_not_exists(lease_id) AND (attribute_not_exists(pk) OR expires_at <= :now)',
          ExpressionAttributeValues: { ':now': { N: String(call) } },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      await this.#client.send(new GetItemCommand({ TableName, Key: { pk }, ConsistentRead: true }));
    }
  }

  /** Creates a token table as the stack defines it. */
  async createTable(tableName: string): Promise<void> {
    await createTokenTable(this.#client, tableName);
  }

  async kill(): Promise<void> {
    await this.#server.kill();
  }
}
