// The caller, as Lambda's authorizer names it in the event. Any part may be missing. All parts are missing if the
// caller is not an IAM principal. The event also has the access key, which is not read, because it must not get into a
// log line.

export interface Caller {
  /** The caller's ARN. For a role it is that of its session: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  readonly callerArn?: string | undefined;
  readonly callerAccount?: string | undefined;
  /** The organization of the caller's account. */
  readonly organization?: string | undefined;
}

/** @param requestContext the field of the event (payload format 2.0) */
export function callerOf(requestContext: unknown): Caller {
  const { authorizer } = objectOf(requestContext);
  const { userArn, accountId, principalOrgId } = objectOf(objectOf(authorizer).iam);
  return {
    callerArn: textOf(userArn),
    callerAccount: textOf(accountId),
    organization: textOf(principalOrgId),
  };
}

/** The principal behind an ARN: for a session, its role, because a caller can choose a new session for each request. */
export function principalOf({ callerArn }: Caller): string | undefined {
  return callerArn?.replace(/^(arn:[^:]+:sts::\d+:assumed-role\/[^/]+)\/.*$/s, '$1');
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
