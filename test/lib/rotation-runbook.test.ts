// docs/rotation.md: what another account's owner is told to add is what the roles here ask for, and each message and
// command in it is one of the program's.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { roleStatements, type Statement } from './statements.ts';
import { ACCOUNT, onlyResource, REGION, synthesize } from './synth.ts';

const ROOT = join(import.meta.dirname, '../..');
const RUNBOOK = readFileSync(join(ROOT, 'docs/rotation.md'), 'utf8');
const OWNER = '444455556666';
const SHOP = {
  secretArn: `arn:aws:secretsmanager:${REGION}:${OWNER}:secret:shop-AbCd12`,
  secretKeyArn: `arn:aws:kms:${REGION}:${OWNER}:key/mrk-1234abcd12ab34cd56ef1234567890ab`,
};

interface ResourceStatement extends Statement {
  readonly Principal: { readonly AWS: string };
}

const blocks = [...RUNBOOK.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, json]) =>
  JSON.parse(String(json).replaceAll('VENDING_ACCOUNT', ACCOUNT).replaceAll('REGION', REGION)),
);
const [policy, keyStatement] = blocks as [{ Version: string; Statement: ResourceStatement[] }, ResourceStatement];
const template = synthesize({ credentials: { shop: SHOP } });
const [role] = onlyResource(template, 'AWS::IAM::Role');
const statements = Object.values(roleStatements(template)).flat();
/** What a role here may do with something of the other account. */
const foreign = statements.filter(({ Resource }) => JSON.stringify(Resource).includes(OWNER));

test('the resource policy and the key policy allow just what the roles ask of the other account', () => {
  expect(blocks).toHaveLength(2);
  expect(policy.Version).toBe('2012-10-17');
  expect([...policy.Statement, keyStatement].map(({ Action }) => Action)).toEqual(foreign.map(({ Action }) => Action));
});

test('they let in the roles of the profiles of this account, and no other', () => {
  for (const { Effect, Principal, Condition } of [...policy.Statement, keyStatement]) {
    expect([Effect, Principal]).toEqual(['Allow', { AWS: `arn:aws:iam::${ACCOUNT}:root` }]);
    const pattern = String(Condition?.ArnLike?.['aws:PrincipalArn']);
    expect(pattern).toBe(`arn:aws:iam::${ACCOUNT}:role/TokenVending-Profile*`);
    // CloudFormation names a role after the stack and the logical ID.
    expect(`arn:aws:iam::${ACCOUNT}:role/TokenVending-${role}-AbCdEf`.startsWith(pattern.slice(0, -1))).toBe(true);
  }
});

test('the key is used through Secrets Manager only, as the roles use it', () => {
  const asked = foreign.find(({ Action }) => Action === 'kms:Decrypt')?.Condition?.StringEquals?.['kms:ViaService'];
  const suffix = { Ref: 'AWS::URLSuffix' };
  expect(asked).toEqual({ 'Fn::Join': ['', [`secretsmanager.${REGION}.`, suffix]] });
  expect(keyStatement.Condition?.StringEquals).toEqual({ 'kms:ViaService': `secretsmanager.${REGION}.amazonaws.com` });
});

test('each failure that the runbook explains is one that the function says', () => {
  const sources = ['rotation', 'comparison']
    .map((name) => readFileSync(join(ROOT, `lambda/rotate/${name}.ts`), 'utf8'))
    .join();
  const said = sources.replace(/\$\{(CANDIDATE|COMPARED)\}/g, '$1');
  const rows = [...RUNBOOK.matchAll(/^\| `([^`]+)` \|/gm)].map(([, message]) => String(message)).slice(1);
  const explained = rows.flatMap((message) => message.split(/\s*…:?\s*|: /)).filter((part) => part.length > 9);
  expect(explained.length).toBeGreaterThan(7);
  for (const part of explained) expect(said).toContain(part);
});

test('its links lead somewhere', () => {
  const headings = [...RUNBOOK.matchAll(/^## (.+)$/gm)].map(([, heading]) =>
    String(heading)
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...RUNBOOK.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor]) => anchor);
  expect(links.length).toBeGreaterThan(2);
  for (const anchor of links) expect(headings).toContain(anchor);
});
