// A credential: a client ID and secret as one Secrets Manager secret, which is created here or exists already.

import { Arn, ArnFormat, Fn, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { DEFAULT_SECRET_FIELDS } from '../lambda/secrets/secret-value.ts';
import type { CredentialConfig } from './config.ts';
import { configError, show } from './config-error.ts';
import { SecretPolicy } from './secret-policy.ts';
import type { TokenFunction } from './token-function.ts';

export interface CredentialProps {
  /** The credential's name: lower-case letters, digits and hyphens. */
  readonly credentialName: string;
  readonly config: CredentialConfig;
  /**
   * The customer-managed key of a secret that is created here.
   * @default - Secrets Manager's own key
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * ARNs of roles. All principals but these, and the functions that use the credential, are denied the value of a
   * secret created here.
   * @default - IAM alone decides
   */
  readonly administrators?: readonly string[];
}

export class Credential extends Construct {
  readonly credentialName: string;
  readonly config: CredentialConfig;
  /** The name or ARN for `aws secretsmanager put-secret-value --secret-id`. */
  readonly secretId: string;
  readonly secretArn: string;
  /** All that a request may name the secret by: its ARN, its ARN without the six characters at the end, its name. */
  readonly requestableIds: readonly string[];
  private readonly keyArn: string | undefined;
  private readonly policy: SecretPolicy | undefined;
  readonly #functionRoleIds: string[] = [];

  constructor(scope: Construct, id: string, props: CredentialProps) {
    super(scope, id);
    this.credentialName = props.credentialName;
    this.config = props.config;
    const { administrators } = props;
    const { secretArn, secretKeyArn, secretName } = props.config;
    if (secretArn === undefined) {
      this.secretArn = this.createSecret(props).secretArn;
      this.secretId = secretName ?? this.secretArn;
      this.keyArn = props.encryptionKey?.keyArn;
      if (administrators !== undefined) {
        this.policy = new SecretPolicy(this, 'SecretPolicy', { administrators, secretArn: this.secretArn });
      }
    } else {
      this.assertUsable(secretArn);
      this.secretArn = secretArn;
      this.secretId = secretArn;
      this.keyArn = secretKeyArn;
    }
    this.requestableIds = requestableIdsOf(this.secretArn, secretName, Stack.of(this));
  }

  /** The unique IDs (AROA…) of the roles that read the secret: no other role, later, has the same one. */
  get functionRoleIds(): readonly string[] {
    return this.#functionRoleIds;
  }

  /** Lets a function read this one secret, and decrypt with its key where that is a customer's. */
  readStatements(): iam.PolicyStatement[] {
    const read = new iam.PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      resources: [this.secretArn],
    });
    return this.keyArn === undefined ? [read] : [read, decryptVia(this, this.keyArn, 'secretsmanager')];
  }

  /**
   * Lets the rotation function read and write the versions and labels of this one secret, and use its customer's key.
   */
  rotateStatements(): iam.PolicyStatement[] {
    const actions = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'];
    const rotate = new iam.PolicyStatement({
      actions: actions.map((action) => `secretsmanager:${action}`),
      resources: [this.secretArn],
    });
    if (this.keyArn === undefined) return [rotate];
    return [rotate, useKeyVia(this, this.keyArn, 'secretsmanager', ['kms:Decrypt', 'kms:GenerateDataKey'])];
  }

  /** For each function that has the `readStatements`: the strict policy must let it through. */
  addReader({ role, roleId }: Pick<TokenFunction, 'role' | 'roleId'>): void {
    this.#functionRoleIds.push(roleId);
    this.policy?.exemptReader(role);
  }

  /** For the function that has the `rotateStatements`: the strict policy must let it through. */
  addRotator({ role, roleId }: Pick<TokenFunction, 'role' | 'roleId'>): void {
    this.#functionRoleIds.push(roleId);
    this.policy?.exemptWriter(role);
  }

  /** Its first value is a generated password. That is no credential, so vending answers how to put one. */
  private createSecret({ credentialName, config, encryptionKey }: CredentialProps): secretsmanager.Secret {
    const { clientId, clientSecret } = config.secretFields ?? DEFAULT_SECRET_FIELDS;
    return new secretsmanager.Secret(this, 'Secret', {
      ...(config.secretName !== undefined && { secretName: config.secretName }),
      ...(encryptionKey !== undefined && { encryptionKey }),
      description: `Client credential "${credentialName}" of token vending: {"${clientId}": "...", "${clientSecret}": "..."}`,
      // Retained with the stack, but not after a first deploy that failed: its name would be taken at the next one.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
  }

  /** Checks an existing secret against the stack's account and region, where these are known. */
  private assertUsable(secretArn: string): void {
    const { account, region } = Stack.of(this);
    const secret = Arn.split(secretArn, ArnFormat.COLON_RESOURCE_NAME);
    const path = ['credentials', this.credentialName];
    if (!Token.isUnresolved(region) && secret.region !== region) {
      const requirement = `must be in ${region}, where the stack is: a secret is read in its own region`;
      throw configError([...path, 'secretArn'], `is ${show(secretArn)}`, requirement);
    }
    if (Token.isUnresolved(account) || secret.account === account) return;
    if (this.config.rotation) {
      const requirement = `must be false for a secret of another account than ${account}`;
      throw configError([...path, 'rotation'], 'is true', requirement);
    }
    if (this.config.secretKeyArn === undefined) {
      const requirement =
        "must be the customer-managed key of the secret: another account's is read only under such a key";
      throw configError([...path, 'secretKeyArn'], 'is missing', requirement);
    }
  }
}

function requestableIdsOf(secretArn: string, secretName: string | undefined, stack: Stack): string[] {
  const {
    account,
    partition,
    region,
    service,
    resource,
    resourceName = '',
  } = stack.splitArn(secretArn, ArnFormat.COLON_RESOURCE_NAME);
  const name = secretName ?? nameIn(resourceName);
  const partial = [`arn:${partition}`, service, region, account, resource, name].join(':');
  // Only principals of its own account can name a secret by its name alone.
  const isOfThisAccount = Token.isUnresolved(account) || Token.isUnresolved(stack.account) || account === stack.account;
  return [secretArn, partial, ...(isOfThisAccount ? [name] : [])];
}

/** Without `-AbCd12` at its end. A name of CloudFormation's own is the logical ID, a hyphen, and letters and digits. */
function nameIn(resourceName: string): string {
  if (!Token.isUnresolved(resourceName)) return resourceName.replace(/-[^-]{6}$/, '');
  const parts = Fn.split('-', resourceName);
  return Fn.join('-', [Fn.select(0, parts), Fn.select(1, parts)]);
}

/** Lets a caller of one service decrypt with a customer-managed key, through that service only. */
export function decryptVia(scope: Construct, keyArn: string, service: string): iam.PolicyStatement {
  return useKeyVia(scope, keyArn, service, ['kms:Decrypt']);
}

function useKeyVia(scope: Construct, keyArn: string, service: string, actions: string[]): iam.PolicyStatement {
  const { region, urlSuffix } = Stack.of(scope);
  return new iam.PolicyStatement({
    actions,
    resources: [keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.${urlSuffix}` } },
  });
}
