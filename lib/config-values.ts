// The values in the configuration, each with one sentence that says what it must be.

import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { CLIENT_AUTHENTICATION, type ClientAuthenticationMethod } from '../lambda/oauth/client-authentication.ts';
import { AT_KEY, HIDE_VALUE } from './config-error.ts';
import type { DeploymentStrategy } from './props.ts';

// Their forms only: AWS adds partitions and regions, such as aws-eusc with eusc-de-east-1.
const PARTITION = 'aws(?:-[a-z0-9]+)*';
const REGION = '[a-z]+(?:-[a-z]+)+-\\d+';
const KEY_ID = '(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})';
const PATH = '(?:[\\w+=,.@-]+/)*[\\w+=,.@-]+';
const ROLE = `role/${PATH}`;
/** So the environment of a function stays under AWS's 4 KB, also with the longest names in it. */
const MAX_TOKEN_ENDPOINT_CHARACTERS = 2048;
/** The longest principal that the policy of an alias takes. */
const MAX_PRINCIPAL_CHARACTERS = 256;
const RESERVED_PARAMETERS = ['client_id', 'client_secret', 'grant_type', 'scope'];
/** The periods that CloudWatch Logs accepts. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const name = text(
  /^(?=.{1,32}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/,
  'must be at most 32 lower-case letters, digits and single hyphens, a letter first',
);
export const secretName = text(/^[\w/+=.@-]{1,512}$/, 'must be 1 to 512 letters, digits and /_+=.@-');
export const secretArn = text(
  new RegExp(`^arn:${PARTITION}:secretsmanager:${REGION}:\\d{12}:secret:[\\w/+=.@-]{1,512}-[A-Za-z0-9]{6}$`),
  'must be the complete ARN of a secret, with the hyphen and six characters at its end',
);
export const keyArn = text(
  new RegExp(`^arn:${PARTITION}:kms:${REGION}:\\d{12}:key/${KEY_ID}$`),
  'must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias',
);
export const roleArn = text(
  new RegExp(`^arn:${PARTITION}:iam::\\d{12}:${ROLE}$`),
  'must be the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME), without wildcards',
);
export const callerArn = text(
  new RegExp(`^(?=.{1,${MAX_PRINCIPAL_CHARACTERS}}$)arn:${PARTITION}:iam::\\d{12}:(?:root|${ROLE})$`),
  `must be the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME) or account (arn:aws:iam::ACCOUNT:root), without wildcards, of at most ${MAX_PRINCIPAL_CHARACTERS} characters`,
);
/** A principal that CDK code grants something to. */
export const principalArn = text(
  new RegExp(`^arn:${PARTITION}:iam::\\d{12}:(?:root|(?:role|user)/${PATH})$`),
  'must be the ARN of a role, user or account, without wildcards',
);
export const secretField = text(
  /^(?=.*\S)[ !#-&(-[\]-~\u00a1-\uffff]{1,128}$/,
  'must be the name of a field, of at most 128 characters, without quotes, backslashes and line ends',
);
export const organizationId = text(/^o-[a-z0-9]{10,32}$/, 'must be the ID of an organization (o-…)');
export const tenant = text(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be the name of one tenant, without space or quote');
export const scope = text(
  /^(?!scope=|tenant=)[\x21\x23-\x5b\x5d-\x7e]+$/,
  'must be one scope (RFC 6749 §3.3: printable ASCII without space, quote or backslash), without scope= or tenant=',
);
export const topicArn = text(
  new RegExp(`^arn:${PARTITION}:sns:${REGION}:\\d{12}:[\\w-]{1,256}$`),
  'must be the ARN of an SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME), not of a FIFO topic',
);
/** The threshold of an alarm. */
export const threshold = integer(1);
export const memoryMb = integer(128, 10_240);
export const reservedConcurrency = integer(0);
export const canaryEveryMinutes = integer(1, 60);
export const flag = z.boolean('must be true or false');
const DEPLOYMENT_STRATEGIES: readonly DeploymentStrategy[] = ['all-at-once', 'canary'];
export const deploymentStrategy = z.enum(DEPLOYMENT_STRATEGIES, `must be ${DEPLOYMENT_STRATEGIES.join(' or ')}`);
export const email = z.email('must be an e-mail address');
const CLIENT_AUTHENTICATION_METHODS = Object.keys(CLIENT_AUTHENTICATION) as ClientAuthenticationMethod[];
export const clientAuthentication = z.enum(
  CLIENT_AUTHENTICATION_METHODS,
  `must be ${CLIENT_AUTHENTICATION_METHODS.join(' or ')}`,
);

const LOG_RETENTION = `must be a number of days that CloudWatch Logs accepts: ${LOG_RETENTION_DAYS.join(', ')}`;
export const logRetentionDays = z.literal(LOG_RETENTION_DAYS, LOG_RETENTION);

const TOKEN_ENDPOINT = `must be an https URL, or http on a loopback host, without user, fragment or space, of at most ${MAX_TOKEN_ENDPOINT_CHARACTERS} characters`;
export const tokenEndpoint = z.string(TOKEN_ENDPOINT).refine(isTokenEndpoint, TOKEN_ENDPOINT);

const PARAMETER = 'must be a string';
export const parameters = z
  .record(z.string(), z.string(PARAMETER), 'must be an object of strings')
  .superRefine((value, context) => {
    const reserved = Object.keys(value).find((key) => RESERVED_PARAMETERS.includes(key.toLowerCase()));
    if (reserved === undefined) return;
    context.addIssue({
      code: 'custom',
      path: [reserved],
      params: HIDE_VALUE,
      message: `must not be there: ${RESERVED_PARAMETERS.join(', ')} are sent by the function itself`,
    });
  });

/** A list of at least one item, each once. */
export function list(item: z.ZodType<string>, what: string) {
  const requirement = `must be a list of at least one ${what}`;
  return z
    .array(item, requirement)
    .min(1, requirement)
    .superRefine((values, context) => {
      const repeat = values.findIndex((value, index) => values.indexOf(value) < index);
      if (repeat >= 0) context.addIssue({ code: 'custom', path: [repeat], message: 'must be listed once only' });
    });
}

/** An object with these keys and no others. */
export function object<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `there is no such key, only ${keys}` : `must be an object of ${keys}`,
  });
}

/** An object of at least one value by its name. Names become parts of CloudFormation's names, in PascalCase. */
export function named<Value extends z.ZodType>(value: Value, what: string) {
  const requirement = `must be an object of at least one ${what} by its name`;
  return z.record(name, value, requirement).superRefine((things, context) => {
    const names = Object.keys(things);
    if (names.length === 0) context.addIssue({ code: 'custom', message: requirement });
    names.forEach((second, index) => {
      const first = names.slice(0, index).find((other) => pascalCase(other) === pascalCase(second));
      if (first === undefined) return;
      const message = `must differ in PascalCase from "${first}"`;
      context.addIssue({ code: 'custom', path: [second], params: AT_KEY, message });
    });
  });
}

/** `catalog-reader` becomes `CatalogReader`, as in CloudFormation's names. */
export function pascalCase(hyphenated: string): string {
  return hyphenated.replace(/(?:^|-)(.)/g, (_, first: string) => first.toUpperCase());
}

function text(pattern: RegExp, requirement: string) {
  return z.string(requirement).regex(pattern, requirement);
}

function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  const bounds = max < Number.MAX_SAFE_INTEGER ? `from ${min} to ${max}` : `of at least ${min}`;
  const requirement = `must be a whole number ${bounds}`;
  return z.int(requirement).min(min, requirement).max(max, requirement);
}

function isTokenEndpoint(value: string): boolean {
  if (value.length > MAX_TOKEN_ENDPOINT_CHARACTERS || !/^https?:\/\/[^\s\\#]+$/.test(value)) return false;
  if (/^https?:\/\/[^/?]*@/.test(value) || !URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === 'https:' || isLoopback(hostname);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
