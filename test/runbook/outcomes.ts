// What each block of commands in docs/runbook.md says when it has worked, in the page's order.

/** A block that isn't run, with the reason. */
interface NotRun {
  readonly notRun: string;
}

export type Outcome = RegExp | NotRun;

/** These programs do nothing but to print how they were called. */
export const STAND_INS: Readonly<Record<string, string>> = {
  npx: 'npm run test:deploy deploys and destroys the stack; nothing here could take it',
  npm: 'npm ci would replace the packages that this suite runs on',
  git: 'the suite must not switch to another commit',
  sleep: 'the emulator answers at once',
};

export const OUTCOMES: Readonly<Record<string, readonly Outcome[]>> = {
  'Add a profile': [/^npx cdk diff\nnpx cdk deploy\nhttps:\/\/orders\.example\/\n$/],
  'Add a caller': [/^$/, /^$/],
  Rotate: [/"AWSCURRENT"/],
  'Roll back a deployment': [/^git log .*\ngit switch .*\nnpm ci\nnpx cdk diff\nnpx cdk deploy\n$/],
  'Read who got what': [{ notRun: 'moto has no saved queries' }, /^sleep 5\n[\s\S]*"status": "Complete"/],
  'Purge tokens': [/^Deleted: 2\. /m, /^Deleted: 1\. /m],
  'Stop everything': [/^(\{\s*"ReservedConcurrentExecutions": 0\s*\}\s*){3}$/, /^$/],
  'Delete the stack': [/^token-vending\/emporix\nnpx cdk destroy\n$/, /"DeletionDate"/, /"ARN"/],
  'Move a credential': [/^arn:aws:secretsmanager:/, /^$/, /"AWSCURRENT"/],
};
