// What each command of an alarm, and each block of a task, in docs/runbook.md says when it has worked, in the page's
// order.

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

/** Lines of the last minutes: each has one of these texts, and each text is in one. */
function onlyLines(...texts: readonly RegExp[]): RegExp {
  const sources = texts.map(({ source }) => source);
  const all = sources.map((source) => `(?=[\\s\\S]*${source})`).join('');
  return new RegExp(`^${all}((?!.*"old").*(${sources.join('|')}).*\\n)+$`);
}

/** Of a function that its time-out tells from the others. */
const lambdaLines = (timeout: RegExp) => onlyLines(timeout, /Runtime exited/, /Invoke Error/);

/** The second one comes right after the first. */
const [EARLY, OF_A_MINT] = [
  /"event":"minted".*"MintedEarly":1/,
  /"event":"vended".*"Source":"mint".*"caller_arn":"arn:/,
];

const WHY_MINTS_FAIL = onlyLines(/"event":"mint_failed"/, /"event":"failure_covered"/);

export const ALARM_OUTCOMES: Readonly<Record<string, readonly Outcome[]>> = {
  'Nothing vended': [/^\[\s*"TokenVending\/emporix\/ServerDown"\s*\]\n$/, onlyLines(/"event":"refused"/)],
  Failures: [onlyLines(/"status":502\b/, /"status":503\b/)],
  Misconfigured: [onlyLines(/"status":500\b.*"description":"/)],
  Throttles: [{ notRun: 'moto has no limits of the account' }, /"ReservedConcurrentExecutions": 0/],
  'Function errors': [lambdaLines(/Task timed out after 25/)],
  'Vended past margin': [WHY_MINTS_FAIL],
  'Canary failed': [
    onlyLines(/"event":"canary_failed".*"failures":\[\{"check":"token","error":"forbidden"/),
    lambdaLines(/Task timed out after 58/),
  ],
  'Server down': [onlyLines(/"event":"mint_failed"/)],
  'Credential refused': [onlyLines(/"event":"credential_refused"/), /"AWSCURRENT"/],
  'Replaced credential in use': [WHY_MINTS_FAIL],
  'Credential check failed': [onlyLines(/"event":"credential_check_failed".*"AccessDeniedException"/), /"AWSCURRENT"/],
  'Minted early': [
    new RegExp(`(?=[\\s\\S]*${EARLY.source}.*\\n.*${OF_A_MINT.source})${onlyLines(EARLY, OF_A_MINT).source}`),
  ],
  'Rotation failed': [
    onlyLines(/"event":"rotation_failed".*"description":"no version of the secret is labelled CANDIDATE/),
    lambdaLines(/Task timed out after 68/),
  ],
  'Table failed': [onlyLines(/"event":"table_failed".*"AccessDeniedException"/), /^"Enabled"\n$/],
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
