// A dump of the token table, searched as a thief would search it: every attribute as it is, and decoded where it may be
// encoded.

import { type AttributeValue, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { STAND_IN_CLIENT } from '../local/names.ts';

export interface Dump {
  /** The number of items that hold a sealed token: a search of none would find nothing. */
  readonly sealedItems: number;
  readonly text: string;
}

export async function dumpTable(endpoint: string, TableName: string): Promise<Dump> {
  const client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint });
  const items: Record<string, AttributeValue>[] = [];
  for await (const page of paginateScan({ client }, { TableName })) items.push(...(page.Items ?? []));
  client.destroy();
  const text = items.flatMap((item) => Object.entries(item).flatMap(([name, value]) => [name, ...readings(value)]));
  return {
    sealedItems: items.filter(({ sealed }) => sealed?.B !== undefined).length,
    text: text.join('\n'),
  };
}

export function isIn(dumps: readonly Dump[], text: string): boolean {
  return dumps.some((dump) => dump.text.includes(text));
}

/** All the ways to read a value. Lists and maps are read as JSON. */
function readings(value: AttributeValue): string[] {
  if (value.B !== undefined) {
    const bytes = Buffer.from(value.B);
    return [bytes.toString('latin1'), bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')];
  }
  const text = value.S ?? value.N ?? JSON.stringify(value);
  return [text, Buffer.from(text, 'base64').toString('latin1'), Buffer.from(text, 'hex').toString('latin1')];
}
