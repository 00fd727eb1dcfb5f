// A CDK app as `cdk init` makes it, with a `TokenVending` in its stack, and the code that its functions get.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { TokenVending } from '../../lib/index.ts';
import { run } from '../../testbed/processes/children.ts';
import { emptyFolder, Project, ROOT } from './projects.ts';

const CDK = join(ROOT, 'node_modules/.bin/cdk');
const STACK = `
  import * as cdk from 'aws-cdk-lib/core';
  import * as iam from 'aws-cdk-lib/aws-iam';
  import { Construct } from 'constructs';
  import { TokenVending } from 'token-vending';

  export class VendingAppStack extends cdk.Stack {
    constructor(scope: Construct, id: string, props?: cdk.StackProps) {
      super(scope, id, props);
      const vending = new TokenVending(this, 'Vending', { profiles: { orders: {} } });
      const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
      vending.profile('orders').grantVend(role);
    }
  }
`;
/** Jest runs CommonJS, in contexts of its own. */
const TEST = `
  import { App } from 'aws-cdk-lib';
  import { Template } from 'aws-cdk-lib/assertions';
  import { TokenClient } from 'token-vending/client';
  import { startLocal } from 'token-vending/testing';
  import { VendingAppStack } from '../lib/vending-app-stack';

  test('the stack has two functions', () => {
    Template.fromStack(new VendingAppStack(new App(), 'Stack')).resourceCountIs('AWS::Lambda::Function', 2);
  });

  test('a token is vended', async () => {
    const local = await startLocal();
    try {
      expect(await new TokenClient(local).getToken()).toMatchObject({ accessToken: expect.any(String) });
    } finally {
      await local.close();
    }
  });
`;
/** The template's own command, without the program that needs esbuild. */
const WITHOUT_ESBUILD = 'npx tsc --noEmit false --outDir compiled && node compiled/bin/vending-app.js';

export interface CdkVersions {
  readonly 'aws-cdk-lib': string;
  readonly constructs: string;
}

export async function createCdkApp(tarball: string, versions: CdkVersions): Promise<Project> {
  // The template takes its name from the folder.
  const folder = join(emptyFolder(), 'vending-app');
  mkdirSync(folder);
  await run(CDK, ['init', 'app', '--language', 'typescript', '--generate-only'], { cwd: folder });
  const app = new Project(folder);
  app.write('lib/vending-app-stack.ts', STACK);
  await app.install('--save-exact', tarball, ...Object.entries(versions).map((entry) => entry.join('@')));
  return app;
}

/** Runs the tests of the app, which the template has Jest for. */
export async function testApp(app: Project): Promise<void> {
  app.write('test/vending-app.test.ts', TEST);
  await app.install('--save-dev', 'dynalite@4');
  await app.run('npx', 'jest', '--testTimeout', '60000');
}

/** What is compared of a synthesized template. */
export interface Synthesized {
  /** The hash of each function's code, by logical ID. */
  readonly code: Readonly<Record<string, string>>;
  /** What the role may do. */
  readonly actions: readonly string[];
}

export async function synthesizeApp(app: Project, esbuild: 'with esbuild' | 'without esbuild'): Promise<Synthesized> {
  const options: string[] = [];
  if (esbuild === 'without esbuild') {
    for (const name of ['tsx', 'esbuild', '@esbuild'])
      rmSync(join(app.folder, 'node_modules', name), { recursive: true });
    options.push('--app', WITHOUT_ESBUILD);
  }
  rmSync(join(app.folder, 'cdk.out'), { recursive: true, force: true });
  await app.run('npx', 'cdk', 'synth', '--quiet', ...options);
  return synthesized(JSON.parse(app.read('cdk.out/VendingAppStack.template.json')));
}

/** The same stack of this project's sources. */
export function synthesizeSources(): Synthesized {
  const app = new App({ outdir: emptyFolder() });
  const stack = new Stack(app, 'VendingAppStack');
  const vending = new TokenVending(stack, 'Vending', { profiles: { orders: {} } });
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
  vending.profile('orders').grantVend(role);
  return synthesized(app.synth().getStackByName('VendingAppStack').template);
}

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: Properties }>>;
}
interface Properties {
  readonly Code?: { readonly S3Key: string };
  readonly PolicyDocument?: { readonly Statement: readonly { readonly Action: string }[] };
}

function synthesized({ Resources }: Template): Synthesized {
  const ofType = (type: string) => Object.entries(Resources).filter(([, { Type }]) => Type === type);
  const functions = ofType('AWS::Lambda::Function');
  const policies = ofType('AWS::IAM::Policy').map(([, { Properties }]) => Properties.PolicyDocument);
  return {
    code: Object.fromEntries(functions.map(([id, { Properties }]) => [id, Properties.Code?.S3Key ?? ''])),
    actions: policies.flatMap((policy) => policy?.Statement.map(({ Action }) => Action) ?? []).sort(),
  };
}
