// Every statement of a template, wherever it is: in roles, policies and resources' own policies, found by its shape, so
// that one added anywhere is seen. And what a statement says, as IAM reads it.

import type { Template } from 'aws-cdk-lib/assertions';
import { type Resource, resourcesOf } from './synth.ts';

export interface Found {
  /** Logical ID and type of the resource that holds it. */
  readonly owner: string;
  readonly type: string;
  readonly statement: Statement;
}

export interface Statement {
  readonly Effect: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: unknown;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export function allResources(template: Template): readonly (readonly [string, Resource])[] {
  return Object.entries((template.toJSON() as { Resources: Record<string, Resource> }).Resources);
}

export function allStatements(template: Template): readonly Found[] {
  return allResources(template).flatMap(([owner, { Type, Properties }]) =>
    statementsIn(Properties).map((statement) => ({ owner, type: Type, statement })),
  );
}

/** Those that let somebody do something: of roles and of policies to attach to them. */
export function identityStatements(template: Template): readonly Found[] {
  return allStatements(template).filter(
    ({ type, statement }) => type.startsWith('AWS::IAM::') && statement.Principal === undefined,
  );
}

/** Every statement of the inline policies of the functions' roles, by the role's logical ID. */
export function roleStatements(template: Template, construct = ''): Record<string, readonly Statement[]> {
  return Object.fromEntries(
    Object.entries(resourcesOf(template, 'AWS::IAM::Role', construct)).map(([id, { Properties }]) => {
      const policies = Properties.Policies as { PolicyDocument: { Statement: Statement[] } }[];
      return [id, policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement)];
    }),
  );
}

function statementsIn(value: unknown): Statement[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Effect' in value) return [value as Statement];
  return Object.values(value).flatMap(statementsIn);
}

export const actionsOf = ({ Action = [] }: Statement): readonly string[] => [Action].flat();
export const resourcesIn = ({ Resource = [] }: Statement): readonly unknown[] => [Resource].flat();

/** Whether a statement is about an action on a resource: wildcards and all that is not excluded count. */
export function isAbout(statement: Statement, action: string, resource: unknown): boolean {
  const named = actionsOf(statement).some((pattern) => matches(pattern, action));
  const reached = resourcesIn(statement).some((pattern) => matches(pattern, resource));
  return (named || statement.NotAction !== undefined) && (reached || statement.NotResource !== undefined);
}

/** A text as IAM matches it, with `*` and `?`; what only the deploy knows (an intrinsic function) by being the same. */
export function matches(pattern: unknown, value: unknown): boolean {
  if (pattern === '*') return true;
  if (typeof pattern !== 'string' || typeof value !== 'string') {
    return JSON.stringify(pattern) === JSON.stringify(value);
  }
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 'i').test(value);
}
