// The stack as CloudFormation would get it, for the tests of templates.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TokenVendingStack } from '../../bin/token-vending-stack.ts';
import cdkJson from '../../cdk.json' with { type: 'json' };
import type { TokenVendingProps } from '../../lib/index.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-central-1';

interface SynthOptions {
  /** Whether functions get their real code. @default false: a placeholder, which is faster */
  readonly bundle?: boolean;
  /** @default the account and region above; null for a stack that knows neither */
  readonly env?: { readonly account: string; readonly region: string } | null;
}

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

export function buildStack(
  raw: unknown,
  { bundle = false, env = { account: ACCOUNT, region: REGION } }: SynthOptions = {},
) {
  const outdir = mkdtempSync(join(tmpdir(), 'token-vending-synth-'));
  directories.push(outdir);
  const context = { ...cdkJson.context, ...(!bundle && { 'aws:cdk:bundling-stacks': [] }) };
  const app = new App({ outdir, context, analyticsReporting: false });
  const tokenVending = raw as TokenVendingProps;
  const stack = new TokenVendingStack(app, 'TokenVending', { tokenVending, ...(env && { env }) });
  return { stack, vending: stack.vending, outdir };
}

export function synthesize(raw: unknown, options?: SynthOptions): Template {
  return Template.fromStack(buildStack(raw, options).stack);
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** The resources of a type by their logical ID; of one construct, where the beginning of its ID is given. */
export function resourcesOf(template: Template, type: string, construct = ''): Record<string, Resource> {
  const all = Object.entries(template.findResources(type) as Record<string, Resource>);
  return Object.fromEntries(all.filter(([id]) => id.startsWith(construct)));
}

/** The only resource of a type, in the stack or in one construct. */
export function onlyResource(template: Template, type: string, construct = ''): readonly [string, Resource] {
  const [first, ...others] = Object.entries(resourcesOf(template, type, construct));
  if (first === undefined || others.length > 0) throw new Error(`not exactly one ${type}`);
  return first;
}
