// The judges of a template. None of them was written here, and none asks the network. Their findings have one shape.

import { readFile } from 'node:fs/promises';
import { AwsSolutionsChecks, type NagPack, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { run } from '../../testbed/processes/children.ts';
import { PythonEnvironment } from '../../testbed/processes/python.ts';
import { pathInStack, type Synthesized } from './configurations.ts';

const CFN_LINT = '1.58.0';
const CHECKOV = '3.3.30';

export interface Finding {
  /** The judge's own name of it, such as `CKV_AWS_115`. */
  readonly rule: string;
  /** The path of the construct in the stack. */
  readonly on: string;
  readonly text: string;
}

export interface Judge {
  readonly name: string;
  /** Installs the judge, unless it is there already. */
  install?(): Promise<void>;
  judge(synthesized: Synthesized): Promise<readonly Finding[]>;
}

/** Packs of rules of cdk-nag, which judges the constructs. */
const nagPacks: readonly Judge[] = [new AwsSolutionsChecks(), new NIST80053R5Checks(), new ServerlessChecks()].map(
  (pack: NagPack) => ({
    name: `cdk-nag, ${pack.readPackName}`,
    judge: async ({ app }) =>
      pack.validateScope(app).violations.flatMap(({ description, ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath = '' }) => ({
          rule: ruleName,
          on: pathInStack(constructPath),
          text: description,
        })),
      ),
  }),
);

interface LintMatch {
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path: readonly (string | number)[] };
  readonly Message: string;
}

/** AWS's own linter: its errors and warnings. */
function cfnLint(): Judge {
  const python = new PythonEnvironment('cfn-lint', `cfn-lint==${CFN_LINT}`);
  return {
    name: `cfn-lint ${CFN_LINT}`,
    install: () => python.install(),
    judge: async ({ paths, templateFile }) => {
      const args = ['--format', 'json', '--non-zero-exit-code', 'none', '--', templateFile];
      const matches = JSON.parse(await run(python.program('cfn-lint'), args)) as readonly LintMatch[];
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

function checkov(): Judge {
  const python = new PythonEnvironment('checkov', `checkov==${CHECKOV}`);
  return {
    name: `checkov ${CHECKOV}`,
    install: () => python.install(),
    judge: async ({ paths, templateFile }) => {
      const offline = ['--quiet', '--compact', '--skip-download', '--soft-fail'];
      const args = ['--file', templateFile, '--framework', 'cloudformation', '--output', 'json', ...offline];
      const report = JSON.parse(await run(python.program('checkov'), args)) as CheckovReport;
      const { parsing_errors, resource_count } = report.summary;
      const { Resources } = JSON.parse(await readFile(templateFile, 'utf8')) as { Resources: object };
      if (parsing_errors > 0 || resource_count < Object.keys(Resources).length) {
        throw new Error(`checkov read ${resource_count} resources, and could not parse ${parsing_errors} files`);
      }
      return report.results.failed_checks.map(({ check_id, check_name, resource }) => {
        const id = resource.split('.').at(-1) ?? '';
        return { rule: check_id, on: paths.get(id) ?? id, text: check_name };
      });
    },
  };
}

export const JUDGES: readonly Judge[] = [...nagPacks, cfnLint(), checkov()];
