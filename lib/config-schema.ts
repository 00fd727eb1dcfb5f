// The JSON schema of cdk.json, for editors. It is made of the zod schema, which knows types, bounds and defaults, and
// of the comments in props.ts, which say what each property means.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configSchema } from './config.ts';
import { ROOT_KEY } from './config-error.ts';

type JsonSchema = z.core.JSONSchema.JSONSchema;

interface PropertyDoc {
  readonly meaning: string;
  /** The text behind `@default`. */
  readonly byDefault: string | undefined;
}

const PROPERTY = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\??:/g;

/** What config.schema.json holds. */
export function cdkJsonSchema(): JsonSchema {
  // Draft 7 is what editors know best.
  const { $schema, ...tokenVending } = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-07' });
  return {
    ...($schema && { $schema }),
    title: 'cdk.json of token vending',
    description: 'Editors check cdk.json with this schema where its "$schema" is "./config.schema.json".',
    type: 'object',
    properties: {
      context: { type: 'object', properties: { [ROOT_KEY]: described(tokenVending, propertyDocs()) } },
    },
  };
}

/** The comments of props.ts by the name of the property, which is in one interface only. */
export function propertyDocs(): ReadonlyMap<string, PropertyDoc> {
  const source = readFileSync(join(import.meta.dirname, 'props.ts'), 'utf8');
  return new Map(
    [...source.matchAll(PROPERTY)].map(([, comment = '', name = '']) => {
      const text = comment.replace(/\s*\n\s*\*\s*/g, ' ').trim();
      const [meaning = '', byDefault] = text.split(/\s*@default /);
      return [name, { meaning, byDefault }];
    }),
  );
}

function described(schema: JsonSchema, docs: ReadonlyMap<string, PropertyDoc>): JsonSchema {
  const { additionalProperties: items, properties } = schema;
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => {
          return [name, { description: descriptionOf(name, docs), ...described(property as JsonSchema, docs) }];
        }),
      ),
    }),
    ...(typeof items === 'object' && { additionalProperties: described(items, docs) }),
  };
}

function descriptionOf(name: string, docs: ReadonlyMap<string, PropertyDoc>): string {
  const doc = docs.get(name);
  if (doc === undefined) throw new Error(`props.ts has no comment for the property ${name}`);
  return doc.byDefault?.startsWith('- ') ? `${doc.meaning} Default: ${doc.byDefault.slice(2)}.` : doc.meaning;
}
