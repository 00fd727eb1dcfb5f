// What to change, for the usual causes of a failure.

/** How AWS's 403 is recognized by its message, and what it means. The first row that matches counts. */
const FORBIDDEN = [
  [
    /lambda:InvokeFunctionUrl\b/,
    'The permission lambda:InvokeFunctionUrl is missing (with the condition lambda:FunctionUrlAuthType = AWS_IAM)',
  ],
  [
    /lambda:InvokeFunction\b/,
    'The permission lambda:InvokeFunction is missing (with the condition lambda:InvokedViaFunctionUrl = true)',
  ],
  [
    /scoped to a valid region/,
    "The request is signed for another region than the function URL's: set the option region to the URL's region",
  ],
  [
    /signature expired|signature not yet current/i,
    "This machine's clock is more than 5 minutes off, and the answer's Date did not help: set the clock",
  ],
  [/security token included in the request is expired/i, 'The AWS credentials have expired: renew them'],
  [/security token included in the request is invalid/i, 'The AWS credentials are of no user or role: renew them'],
  [
    /signature we calculated does not match/i,
    'The AWS secret access key is wrong, or a proxy has changed the signed request',
  ],
] as const;

const BOTH_PERMISSIONS =
  'The caller needs two permissions on the function alias: lambda:InvokeFunctionUrl and lambda:InvokeFunction. ' +
  '`profile.grantVend(role)` gives both; a caller of another account needs them in its own policy as well. ' +
  '`aws iam simulate-principal-policy` shows which one is missing';

/** @param message AWS's own message, which is never shown */
export function hintOfForbidden(message: string): string {
  return FORBIDDEN.find(([pattern]) => pattern.test(message))?.[1] ?? BOTH_PERMISSIONS;
}

export const THROTTLED_HINT =
  'The concurrency limit of the function or of its account is reached: raise it, and keep one TokenClient per process';

export const NO_CREDENTIALS_HINT =
  'Give the task, the instance or the function a role, or run `aws sso login` and set AWS_PROFILE, or pass `credentials`';

const NO_ROUTE = new Set([
  'EAI_AGAIN',
  'ENOTFOUND',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** @param systemCode the code of Node.js or undici */
export function hintOfUnreachable(systemCode: string | undefined): string | undefined {
  if (systemCode === undefined || !NO_ROUTE.has(systemCode)) return undefined;
  return (
    'Is the URL still an output of the stack? A function URL is reached over the public internet only: a private subnet ' +
    'needs a NAT gateway, an egress-only internet gateway (IPv6), or a proxy'
  );
}
