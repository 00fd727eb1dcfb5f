// The one DynamoDB of a run, in a process of its own that can be killed: AWS's DynamoDB Local, the judge of conditional
// writes, or dynalite. Both are in memory: killed, they have forgotten everything.

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite/package.json' with { type: 'json' };
import { STAND_IN_CLIENT } from '../../local/names.ts';
import { kill, track, until } from './children.ts';
import { DYNAMODB_LOCAL_VERSION } from './dynamodb-local.ts';

const DYNALITE = join(import.meta.dirname, '../../node_modules/dynalite/cli.js');
const READY_LIMIT_MS = 30_000;
/** A JVM is slow at first, and the function takes a slow table for one that is away. */
const WARM_UP_CALLS = 200;

export class Database {
  readonly name: string;
  readonly url: string;
  readonly #command: readonly [string, ...string[]];
  readonly #client: DynamoDBClient;
  #child: ChildProcess | undefined;

  private constructor(name: string, port: number, command: readonly [string, ...string[]]) {
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    this.#command = command;
    this.#client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: this.url, maxAttempts: 1 });
  }

  static async dynalite(): Promise<Database> {
    const port = await freePort();
    const options = ['--host', '127.0.0.1', '--port', String(port), '--createTableMs', '0'];
    return new Database(`dynalite ${dynalite.version}`, port, [process.execPath, DYNALITE, ...options]);
  }

  /** @param jars the folder that holds it and its native SQLite. It listens on all addresses: it knows no option. */
  static async dynamoDbLocal(jars: string): Promise<Database> {
    const port = await freePort();
    const main = 'software.amazon.dynamodb.services.local.main.ServerRunner';
    const options = ['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)];
    const java = ['java', '-Xmx512m', `-Djava.library.path=${jars}`, '-cp', `${jars}/*`, main] as const;
    return new Database(`DynamoDB Local ${DYNAMODB_LOCAL_VERSION}`, port, [...java, ...options]);
  }

  /** Empty, and warm. */
  async start(): Promise<void> {
    const [program, ...args] = this.#command;
    const child = track(spawn(program, args, { stdio: 'ignore' }));
    child.once('error', () => {}); // the table below will not be there in time
    this.#child = child;
    const TableName = 'warm-up';
    await this.createTable(TableName);
    for (let call = 0; call < WARM_UP_CALLS; call++) {
      const pk = { S: String(call % 10) };
      await this.#client.send(new PutItemCommand({ TableName, Item: { pk, expires_at: { N: '0' } } }));
      await this.#client.send(new GetItemCommand({ TableName, Key: { pk }, ConsistentRead: true }));
    }
  }

  /** A token table as the stack defines it. */
  async createTable(tableName: string): Promise<void> {
    await until(`${this.name} has table ${tableName}`, READY_LIMIT_MS, () => this.#tryToCreate(tableName));
  }

  /** kill -9. */
  async kill(): Promise<void> {
    if (this.#child) await kill(this.#child);
    this.#child = undefined;
  }

  /** False while it can't be reached or the table isn't active yet. */
  async #tryToCreate(tableName: string): Promise<boolean> {
    try {
      const create = new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      });
      await this.#client.send(create).catch((error: Error) => {
        if (error.name !== 'ResourceInUseException') throw error;
      });
      const { Table } = await this.#client.send(new DescribeTableCommand({ TableName: tableName }));
      return Table?.TableStatus === 'ACTIVE';
    } catch {
      return false;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
