// A credential: a client ID and secret as one Secrets Manager secret, created here or used where it is.

import { Arn, ArnFormat, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { CredentialConfig } from './config.ts';
import { configError, show } from './config-error.ts';
import { SecretPolicy } from './secret-policy.ts';

export interface CredentialProps {
  /** The credential's name: lower-case letters, digits and hyphens. */
  readonly credentialName: string;
  /** Where the secret is, and how it is used at the token endpoint. */
  readonly config: CredentialConfig;
  /**
   * A customer-managed key for a secret created here.
   * @default - Secrets Manager's own key
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * ARNs of roles. All principals but these, and the functions that use the credential, are denied the value of a secret
   * created here.
   * @default - IAM alone decides
   */
  readonly administrators?: readonly string[];
}

export class Credential extends Construct {
  readonly credentialName: string;
  readonly config: CredentialConfig;
  /** What `aws secretsmanager put-secret-value --secret-id` takes. */
  readonly secretId: string;
  readonly secretArn: string;
  private readonly keyArn: string | undefined;
  private readonly policy: SecretPolicy | undefined;

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
  }

  /** What a reader of the secret needs: this one secret, and its key where that is a customer's. */
  readStatements(): iam.PolicyStatement[] {
    const read = new iam.PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      resources: [this.secretArn],
    });
    return this.keyArn === undefined ? [read] : [read, decryptVia(this, this.keyArn, 'secretsmanager')];
  }

  /** What the rotation function needs: the versions and labels of this one secret, and its key where that is a customer's. */
  rotateStatements(): iam.PolicyStatement[] {
    const actions = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'];
    const rotate = new iam.PolicyStatement({
      actions: actions.map((action) => `secretsmanager:${action}`),
      resources: [this.secretArn],
    });
    if (this.keyArn === undefined) return [rotate];
    return [rotate, useKeyVia(this, this.keyArn, 'secretsmanager', ['kms:Decrypt', 'kms:GenerateDataKey'])];
  }

  /** Makes known a function's role that was given `readStatements`. */
  addReader(role: iam.IRole): void {
    this.policy?.exemptReader(role);
  }

  /** Makes known a function's role that was given `rotateStatements`. */
  addRotator(role: iam.IRole): void {
    this.policy?.exemptWriter(role);
  }

  /** Its first value is a generated password: no credential, so that vending says what to do until one is put. */
  private createSecret({ credentialName, config, encryptionKey }: CredentialProps): secretsmanager.Secret {
    return new secretsmanager.Secret(this, 'Secret', {
      ...(config.secretName !== undefined && { secretName: config.secretName }),
      ...(encryptionKey !== undefined && { encryptionKey }),
      description: `Client credential "${credentialName}" of token vending: {"client_id": "...", "client_secret": "..."}`,
      // Retained with the stack, but not after a first deploy that failed: its name would be taken at the next one.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
  }

  /** What can be known of an existing secret only where the account and region of the stack are known. */
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

/** Decrypting with a customer-managed key, as one service does it for its caller. */
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
