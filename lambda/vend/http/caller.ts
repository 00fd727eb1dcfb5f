// The caller, as Lambda's authorizer names it in the event. Any part may be missing, and all are where the principal is
// not of IAM. The access key, which is there too, is not read, because it must not get into a log line.

export interface Caller {
  /** For a role, the ARN of its session: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  readonly callerArn?: string | undefined;
  readonly callerAccount?: string | undefined;
  /** The organization of the caller's account. */
  readonly organization?: string | undefined;
}

/** @param requestContext the event's (payload format 2.0) */
export function callerOf(requestContext: unknown): Caller {
  const { authorizer } = objectOf(requestContext);
  const { userArn, accountId, principalOrgId } = objectOf(objectOf(authorizer).iam);
  return {
    callerArn: textOf(userArn),
    callerAccount: textOf(accountId),
    organization: textOf(principalOrgId),
  };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
