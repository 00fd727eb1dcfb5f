// config.schema.json is what the zod schema and the comments in lib/props.ts say now, and the comments are right.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cdkJsonSchema, propertyDocs } from '../../lib/config-schema.ts';

const ROOT = join(import.meta.dirname, '../..');
const readJson = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

interface Schema {
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
}

const tokenVending = (cdkJsonSchema() as Schema).properties?.context?.properties?.tokenVending ?? {};

/** Every property at any depth, by its name. */
function propertiesOf({ additionalProperties, properties = {} }: Schema): (readonly [string, Schema])[] {
  const items = typeof additionalProperties === 'object' ? propertiesOf(additionalProperties) : [];
  const own = Object.entries(properties).flatMap(([name, schema]) => [
    [name, schema] as const,
    ...propertiesOf(schema),
  ]);
  return [...own, ...items];
}

const properties = propertiesOf(tokenVending);

describe('config.schema.json', () => {
  it('is up to date: `npm run schema` would write the same', () => {
    expect(readJson('config.schema.json')).toEqual(cdkJsonSchema());
  });

  it('is named by cdk.json, so that editors use it', () => {
    expect(readJson('cdk.json').$schema).toBe('./config.schema.json');
  });

  it('allows no unknown key in tokenVending', () => {
    expect(tokenVending.additionalProperties).toBe(false);
  });

  it('describes every property', () => {
    expect(properties.filter(([, { description = '' }]) => description.length < 20)).toEqual([]);
  });
});

describe('the comments in props.ts', () => {
  it('are of the properties of the schema, each of which has a name of its own', () => {
    expect(properties.map(([name]) => name).sort()).toEqual([...propertyDocs().keys()].sort());
  });

  it.each(properties)('name the default of %s', (name, { default: value }) => {
    const { byDefault } = propertyDocs().get(name) ?? {};
    if (value !== undefined) expect(byDefault).toBe(JSON.stringify(value));
    else expect(byDefault ?? '- required').toMatch(/^- /);
  });
});
