// The canary of one profile, a consumer from outside: a function that runs by a schedule and may call that profile's URL
// only.

import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { type CANARY_VARIABLES, REFUSED_SCOPE, REFUSED_SCOPE_VARIABLE } from '../lambda/canary/settings.ts';
import { CANARY_TIMEOUT_MS } from '../lambda/time-limits.ts';
import { vendStatements } from './callers.ts';
import { functionCode } from './function-code.ts';
import type { Profile } from './profile.ts';
import { type FunctionSettings, TokenFunction } from './token-function.ts';
import { writeCanaryCode } from './vend-code.ts';

export interface CanaryProps extends FunctionSettings {
  readonly profile: Profile;
  readonly everyMinutes: number;
  /**
   * The profile's allow-list.
   * @default - all scopes of the credential
   */
  readonly scopes?: readonly string[];
}

export class Canary extends Construct {
  readonly profile: Profile;
  readonly everyMinutes: number;

  constructor(scope: Construct, id: string, { profile, everyMinutes, scopes, ...settings }: CanaryProps) {
    super(scope, id);
    this.profile = profile;
    this.everyMinutes = everyMinutes;
    const { profileName, tokenEndpoint, alias } = profile;
    const environment: Record<(typeof CANARY_VARIABLES)[number], string> = {
      STACK_NAME: Stack.of(this).stackName,
      PROFILE: profileName,
      TOKEN_VENDING_URL: tokenEndpoint,
    };
    const { function: handler } = new TokenFunction(this, 'Default', {
      ...settings,
      description: `Calls the URL of the profile ${profileName} as a consumer does`,
      roleDescription: `The canary of the profile ${profileName}`,
      code: functionCode(writeCanaryCode, {}),
      environment: { ...environment, ...(scopes && { [REFUSED_SCOPE_VARIABLE]: scopeOutside(scopes) }) },
      timeoutMs: CANARY_TIMEOUT_MS,
      statements: vendStatements(alias.functionArn),
    });
    // The next run is the retry. Lambda would repeat a failed run twice, and keep a throttled one for 6 h.
    handler.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    new events.Rule(this, 'Schedule', {
      description: `Runs the canary of the profile ${profileName}`,
      schedule: events.Schedule.rate(Duration.minutes(everyMinutes)),
      targets: [new targets.LambdaFunction(handler, { retryAttempts: 0 })],
    });
  }
}

/** A scope that the allow-list lacks. The function refuses it without asking the authorization server. */
function scopeOutside(allowed: readonly string[]): string {
  let scope: string = REFUSED_SCOPE;
  while (allowed.includes(scope)) scope += '.not';
  return scope;
}
