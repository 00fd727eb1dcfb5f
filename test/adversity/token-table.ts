// The table, as somebody with write access reads and changes it by hand.

import { type AttributeValue, DynamoDBClient, PutItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { STAND_IN_CLIENT } from '../../local/names.ts';

type Item = Readonly<Record<string, AttributeValue>>;

export class TokenTable {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(endpoint: string, tableName: string) {
    this.#client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint });
    this.#tableName = tableName;
  }

  async tokens(): Promise<readonly Item[]> {
    return (await this.#scan()).filter((item) => !isOfCredential(item));
  }

  async credential(): Promise<Item> {
    return (await this.#scan()).find(isOfCredential) ?? {};
  }

  /** Writes attributes over those of some items. */
  async overwrite(items: readonly Item[], attributes: Item): Promise<void> {
    for (const item of items) {
      await this.#client.send(new PutItemCommand({ TableName: this.#tableName, Item: { ...item, ...attributes } }));
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #scan(): Promise<readonly Item[]> {
    const items: Item[] = [];
    const pages = paginateScan({ client: this.#client }, { TableName: this.#tableName, ConsistentRead: true });
    for await (const { Items = [] } of pages) items.push(...Items);
    return items;
  }
}

function isOfCredential({ pk }: Item): boolean {
  return pk?.S?.startsWith('CREDENTIAL#') ?? false;
}
