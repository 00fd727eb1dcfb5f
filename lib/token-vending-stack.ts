// The stack: one table, the credentials and their rotation, the profiles, and the outputs that operators and callers need.

import { ArnFormat, CfnOutput, RemovalPolicy, Stack, type StackProps, Token } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import { configError, show } from './config-error.ts';
import { pascalCase } from './config-values.ts';
import { Credential } from './credential.ts';
import { Monitoring } from './monitoring.ts';
import { Profile } from './profile.ts';
import { Queries } from './queries.ts';
import { Rotation } from './rotation.ts';

export interface TokenVendingStackProps extends StackProps {
  /** The checked configuration. */
  readonly config: Config;
}

export class TokenVendingStack extends Stack {
  readonly table: dynamodb.Table;
  /** By name. */
  readonly credentials: ReadonlyMap<string, Credential>;
  /** By name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  private readonly encryptionKey: kms.IKey | undefined;

  constructor(scope: Construct, id: string, props: TokenVendingStackProps) {
    super(scope, id, props);
    const { config } = props;
    if (config.encryptionKeyArn !== undefined) this.encryptionKey = this.importKey(config.encryptionKeyArn);
    this.table = this.createTable();
    this.credentials = this.createCredentials(config);
    this.profiles = this.createProfiles(config);
    this.createRotations(config);
    const { alarmEmail } = config;
    new Monitoring(this, 'Monitoring', { profiles: this.profiles, ...(alarmEmail !== undefined && { alarmEmail }) });
    new Queries(this, 'Queries', { profiles: this.profiles });
    this.writeOutputs();
  }

  private importKey(keyArn: string): kms.IKey {
    const { region } = this.splitArn(keyArn, ArnFormat.SLASH_RESOURCE_NAME);
    if (!Token.isUnresolved(this.region) && region !== this.region) {
      throw configError(['encryptionKeyArn'], `is ${show(keyArn)}`, `must be in ${this.region}, where the stack is`);
    }
    return kms.Key.fromKeyArn(this, 'EncryptionKey', keyArn);
  }

  /** A cache: on demand, emptied by its TTL, without backups, removed with the stack. */
  private createTable(): dynamodb.Table {
    const { CUSTOMER_MANAGED, AWS_MANAGED } = dynamodb.TableEncryption;
    return new dynamodb.Table(this, 'Tokens', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expires_at',
      encryption: this.encryptionKey === undefined ? AWS_MANAGED : CUSTOMER_MANAGED,
      ...(this.encryptionKey !== undefined && { encryptionKey: this.encryptionKey }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private createCredentials({ credentials, strictSecretPolicy }: Config): Map<string, Credential> {
    return new Map(
      Object.entries(credentials).map(([credentialName, config]) => {
        const props = { credentialName, config, ...strictSecretPolicy, ...this.encryption() };
        return [credentialName, new Credential(this, `Credential${pascalCase(credentialName)}`, props)];
      }),
    );
  }

  private createProfiles({ logRetentionDays, memoryMb, profiles }: Config): Map<string, Profile> {
    return new Map(
      Object.entries(profiles).map(([profileName, { credential: credentialName, ...rest }]) => {
        const credential = this.credentials.get(credentialName);
        if (credential === undefined) {
          const path = ['profiles', profileName, 'credential'];
          throw configError(path, `is "${credentialName}"`, 'must be the name of a credential');
        }
        const shared = { table: this.table, memoryMb, logRetention: logRetentionDays, ...this.encryption() };
        const props = { profileName, credential, ...rest, ...shared };
        return [profileName, new Profile(this, `Profile${pascalCase(profileName)}`, props)];
      }),
    );
  }

  private createRotations({ logRetentionDays, memoryMb, profiles }: Config): void {
    for (const [name, credential] of this.credentials) {
      if (!credential.config.rotation) continue;
      const users = Object.entries(profiles).filter(([, profile]) => profile.credential === name);
      const shared = { memoryMb, logRetention: logRetentionDays, ...this.encryption() };
      new Rotation(credential, 'Rotation', { credential, profiles: Object.fromEntries(users), ...shared });
    }
  }

  /** In a scope of their own: `ProfileDefaultUrl` is an output here, and may be the construct of a profile too. */
  private writeOutputs(): void {
    const scope = new Construct(this, 'Outputs');
    const write = (name: string, value: string) => new CfnOutput(scope, name, { value }).overrideLogicalId(name);
    write('TokenTableName', this.table.tableName);
    for (const [name, { secretId }] of this.credentials) write(`Credential${pascalCase(name)}SecretName`, secretId);
    for (const [name, profile] of this.profiles) {
      write(`Profile${pascalCase(name)}Url`, profile.functionUrl.url);
      write(`Profile${pascalCase(name)}FunctionName`, profile.function.functionName);
    }
  }

  private encryption(): { readonly encryptionKey?: kms.IKey } {
    return this.encryptionKey === undefined ? {} : { encryptionKey: this.encryptionKey };
  }
}
