// Token vending as one construct for any stack: one table, the credentials and their rotation, the profiles, and the
// outputs that operators and callers need.

import { CfnOutput, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { Canary } from './canary.ts';
import { type Config, loadConfig } from './config.ts';
import { ConfigError, configError, show } from './config-error.ts';
import { pascalCase } from './config-values.ts';
import { Credential } from './credential.ts';
import { Dashboard } from './dashboard.ts';
import { GradualDeployment } from './deployment.ts';
import { warnWithoutFunctionUrls } from './function-url-regions.ts';
import { Monitoring } from './monitoring.ts';
import { Profile } from './profile.ts';
import type { TokenVendingProps } from './props.ts';
import { Queries } from './queries.ts';
import { CredentialRotation } from './rotation.ts';
import { SecretReads } from './secret-reads.ts';
import type { FunctionSettings } from './token-function.ts';

export class TokenVending extends Construct {
  readonly table: dynamodb.Table;
  /** By name. */
  readonly credentials: ReadonlyMap<string, Credential>;
  /** By name. */
  readonly profiles: ReadonlyMap<string, Profile>;

  /** @throws ConfigError with one line, at the first mistake in the properties */
  constructor(scope: Construct, id: string, props: TokenVendingProps = {}) {
    super(scope, id);
    this.assertFirstInStack();
    warnWithoutFunctionUrls(this);
    const config = loadConfig(props);
    const encryptionKey = this.importKey(config);
    const settings = {
      memoryMb: config.memoryMb,
      logRetention: config.logRetentionDays,
      ...(encryptionKey !== undefined && { encryptionKey }),
    };
    this.table = this.createTable(encryptionKey);
    this.credentials = this.createCredentials(config, encryptionKey);
    this.profiles = this.createProfiles(config, settings);
    const rotations = this.createRotations(config, settings);
    if (config.deployment?.strategy === 'canary') {
      new GradualDeployment(this, 'Deployment', { profiles: this.profiles });
    }
    const canaries = this.createCanaries(config, settings);
    this.createMonitoring(config, rotations, canaries, encryptionKey);
    if (config.recordSecretReads) new SecretReads(this, 'SecretReads', { credentials: this.credentials, ...settings });
    new Queries(this, 'Queries', { profiles: this.profiles });
    const { profiles, credentials } = this;
    new Dashboard(this, 'Dashboard', { profiles, credentials, canaries, memoryMb: config.memoryMb });
    this.writeOutputs();
  }

  /** @throws ConfigError where there is no profile of this name */
  profile(profileName: string): Profile {
    const profile = this.profiles.get(profileName);
    if (profile !== undefined) return profile;
    const names = [...this.profiles.keys()].join(', ');
    throw new ConfigError(`${this.node.path} has no profile ${show(profileName)}, only: ${names}`);
  }

  /**
   * The names of outputs and queries, and the dimensions of metrics, are those of the one `TokenVending` in a stack.
   */
  private assertFirstInStack(): void {
    const first = Stack.of(this)
      .node.findAll()
      .find((construct) => construct instanceof TokenVending && construct !== this);
    if (first === undefined) return;
    throw new ConfigError(
      `${this.node.path} is a second TokenVending in its stack, beside ${first.node.path}: a stack holds one only, because outputs, parameters and metrics would collide. Add its profiles to the first, or put it into another stack`,
    );
  }

  private importKey({ encryptionKeyArn }: Config): kms.IKey | undefined {
    if (encryptionKeyArn === undefined) return undefined;
    this.assertInRegion('encryptionKeyArn', encryptionKeyArn);
    return kms.Key.fromKeyArn(this, 'EncryptionKey', encryptionKeyArn);
  }

  private assertInRegion(key: string, arn: string): void {
    const { region: regionOfStack } = Stack.of(this);
    const region = arn.split(':')[3];
    if (Token.isUnresolved(regionOfStack) || region === regionOfStack) return;
    throw configError([key], `is ${show(arn)}`, `must be in ${regionOfStack}, where the stack is`);
  }

  /** A cache: on demand, emptied by its TTL, without backups, removed with the stack. */
  private createTable(encryptionKey: kms.IKey | undefined): dynamodb.Table {
    const { CUSTOMER_MANAGED, AWS_MANAGED } = dynamodb.TableEncryption;
    return new dynamodb.Table(this, 'Tokens', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expires_at',
      encryption: encryptionKey === undefined ? AWS_MANAGED : CUSTOMER_MANAGED,
      ...(encryptionKey !== undefined && { encryptionKey }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private createCredentials({ credentials, strictSecretPolicy }: Config, encryptionKey: kms.IKey | undefined) {
    return new Map(
      Object.entries(credentials).map(([credentialName, config]) => {
        const encryption = encryptionKey !== undefined && { encryptionKey };
        const props = { credentialName, config, ...strictSecretPolicy, ...encryption };
        return [credentialName, new Credential(this, `Credential${pascalCase(credentialName)}`, props)] as const;
      }),
    );
  }

  private createProfiles({ profiles }: Config, settings: FunctionSettings) {
    return new Map(
      Object.entries(profiles).map(([profileName, { credential: credentialName, ...options }]) => {
        const credential = this.credentials.get(credentialName);
        if (credential === undefined) throw new Error(`the configuration has no credential ${credentialName}`);
        const props = { profileName, credential, table: this.table, options, ...settings };
        return [profileName, new Profile(this, `Profile${pascalCase(profileName)}`, props)] as const;
      }),
    );
  }

  /** By the name of the credential. */
  private createRotations({ profiles }: Config, settings: FunctionSettings): ReadonlyMap<string, CredentialRotation> {
    return new Map(
      [...this.credentials]
        .filter(([, { config }]) => config.rotation)
        .map(([name, credential]) => {
          const users = Object.entries(profiles).filter(([, profile]) => profile.credential === name);
          const props = { credential, profiles: Object.fromEntries(users), ...settings };
          return [name, new CredentialRotation(credential, 'Rotation', props)] as const;
        }),
    );
  }

  private createMonitoring(
    { alarms, alarmEmail, alarmTopicArn }: Config,
    rotations: ReadonlyMap<string, CredentialRotation>,
    canaries: ReadonlyMap<string, Canary>,
    encryptionKey: kms.IKey | undefined,
  ): void {
    if (alarmTopicArn !== undefined) this.assertInRegion('alarmTopicArn', alarmTopicArn);
    new Monitoring(this, 'Monitoring', {
      profiles: this.profiles,
      credentials: this.credentials,
      rotations,
      canaries,
      thresholds: alarms,
      ...(alarmEmail !== undefined && { alarmEmail }),
      ...(alarmTopicArn !== undefined && { alarmTopicArn }),
      ...(encryptionKey !== undefined && { encryptionKey }),
    });
  }

  /** By the name of the profile. */
  private createCanaries({ profiles }: Config, settings: FunctionSettings): ReadonlyMap<string, Canary> {
    return new Map(
      [...this.profiles].flatMap(([name, profile]) => {
        const { canaryEveryMinutes: everyMinutes, scopes } = profiles[name] ?? {};
        if (everyMinutes === undefined) return [];
        const props = { profile, everyMinutes, ...(scopes !== undefined && { scopes }), ...settings };
        return [[name, new Canary(profile, 'Canary', props)] as const];
      }),
    );
  }

  /** In a scope of their own: `ProfileDefaultUrl` is an output here, and may be the construct of a profile too. */
  private writeOutputs(): void {
    const scope = new Construct(this, 'Outputs');
    const write = (name: string, value: string) => new CfnOutput(scope, name, { value }).overrideLogicalId(name);
    write('TokenTableName', this.table.tableName);
    for (const [name, { secretId }] of this.credentials) write(`Credential${pascalCase(name)}SecretName`, secretId);
    for (const [name, profile] of this.profiles) {
      write(`Profile${pascalCase(name)}Url`, profile.url);
      write(`Profile${pascalCase(name)}TokenEndpoint`, profile.tokenEndpoint);
      write(`Profile${pascalCase(name)}FunctionName`, profile.function.functionName);
    }
  }
}
