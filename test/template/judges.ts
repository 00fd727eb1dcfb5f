// The judges: none of them was written here, none asks the network. What each finds, in one shape.

import { readFile } from 'node:fs/promises';
import { AwsSolutionsChecks, type NagPack, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { run } from '../deploy/command.ts';
import { pathInStack, type Synthesized } from './configurations.ts';
import type { PythonTool } from './python-tool.ts';

export interface Finding {
  /** The judge's own name of it, such as `CKV_AWS_115`. */
  readonly rule: string;
  /** The path of the construct in the stack. */
  readonly on: string;
  readonly text: string;
}

export interface Judge {
  readonly name: string;
  judge(synthesized: Synthesized, signal: AbortSignal): Promise<readonly Finding[]>;
}

/** cdk-nag's packs look at the constructs. */
export const nagPacks: readonly Judge[] = [
  new AwsSolutionsChecks(),
  new NIST80053R5Checks(),
  new ServerlessChecks(),
].map((pack: NagPack) => ({
  name: `cdk-nag, ${pack.readPackName}`,
  judge: async ({ app }) =>
    pack.validateScope(app).violations.flatMap(({ description, ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath = '' }) => ({
        rule: ruleName,
        on: pathInStack(constructPath),
        text: description,
      })),
    ),
}));

interface LintMatch {
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path: readonly (string | number)[] };
  readonly Message: string;
}

/** Errors and warnings, as AWS's own linter gives them. */
export function cfnLint(tool: PythonTool): Judge {
  return {
    name: tool.requirement,
    judge: async ({ paths, templateFile }, signal) => {
      const args = ['--format', 'json', '--non-zero-exit-code', 'none', '--', templateFile];
      const matches = JSON.parse(await run(tool.program, args, { signal })) as readonly LintMatch[];
      return matches.map(({ Location, Message, Rule }) => {
        const id = String(Location.Path[1] ?? '');
        return { rule: Rule.Id, on: paths.get(id) ?? id, text: Message };
      });
    },
  };
}

interface CheckovReport {
  readonly results: { readonly failed_checks: readonly CheckovFailure[] };
  readonly summary: { readonly parsing_errors: number; readonly resource_count: number };
}

interface CheckovFailure {
  readonly check_id: string;
  readonly check_name: string;
  /** The type and the logical ID, with a dot between them. */
  readonly resource: string;
}

export function checkov(tool: PythonTool): Judge {
  return {
    name: tool.requirement,
    judge: async ({ paths, templateFile }, signal) => {
      const offline = ['--quiet', '--compact', '--skip-download', '--soft-fail'];
      const args = ['--file', templateFile, '--framework', 'cloudformation', '--output', 'json', ...offline];
      const report = JSON.parse(await run(tool.program, args, { signal })) as CheckovReport;
      const { parsing_errors, resource_count } = report.summary;
      const { Resources } = JSON.parse(await readFile(templateFile, 'utf8')) as { Resources: object };
      if (parsing_errors > 0 || resource_count < Object.keys(Resources).length) {
        throw new Error(`checkov has seen ${resource_count} resources, and could not read ${parsing_errors} files`);
      }
      return report.results.failed_checks.map(({ check_id, check_name, resource }) => {
        const id = resource.split('.').at(-1) ?? '';
        return { rule: check_id, on: paths.get(id) ?? id, text: check_name };
      });
    },
  };
}
