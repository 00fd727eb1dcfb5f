// A stack in this process: profiles whose real functions are called by a Lambda that can throttle or lose them, and the
// alarms under all circumstances. Time is simulated; the services are the stand-ins, over HTTP.

import { TokenVendingError } from '../../client/index.ts';
import { createCanary } from '../../lambda/canary/canary.ts';
import { TokenEndpoint } from '../../lambda/oauth/token-endpoint.ts';
import { createRotateFunction } from '../../lambda/rotate/rotate-function.ts';
import { LOCAL_REGION } from '../../local/names.ts';
import { AlarmWatch, type Circumstances, type WatchedSubject } from '../../operating/alarm-watch.ts';
import { MINUTE_MS, Samples } from '../../operating/samples.ts';
import { invocationContext, tokenRequestEvent } from '../../testbed/function-url-event.mjs';
import { SecretOperator } from '../../testbed/secret-operator.ts';
import { type InstanceOptions, startVending, type Vending, type VendingOptions } from '../../testbed/vending.ts';

const STACK = 'TokenVending';
const CREDENTIAL = 'emporix';

const CIRCUMSTANCES: readonly Circumstances[] = [0, 2 * MINUTE_MS].flatMap((logsLateMs) =>
  [0, 2 * MINUTE_MS].flatMap((lambdaLateMs) =>
    [
      { fillsWithoutData: true, earlierPeriods: 0 },
      { fillsWithoutData: false, earlierPeriods: 2 },
    ].map((behaviour) => ({ logsLateMs, lambdaLateMs, ...behaviour })),
  ),
);

type Instance = ReturnType<Awaited<ReturnType<typeof startVending>>['startInstance']>;

/** What Lambda does with a call. `dies`: the function throws, because nothing that it prints can be written. */
export type Lambda = 'runs' | 'throttles' | 'dies';

/** A mint is limited in real time. A busy machine must not look like a slow server. */
const PATIENT_MS = 60_000;

function patientEndpoint({ emporix, clock }: Vending): NonNullable<InstanceOptions['tokenEndpoint']> {
  const endpoint = new TokenEndpoint({
    url: emporix.tokenEndpoint,
    clientAuthentication: 'client_secret_post',
    clock,
    random: Math.random,
    limits: { connectTimeoutMs: PATIENT_MS, requestTimeoutMs: PATIENT_MS, bodyBytes: 65_536, retryAfterMs: 1_000 },
  });
  return {
    mint: (credential, scopes, deadlineMs) => endpoint.mint(credential, scopes, deadlineMs + PATIENT_MS),
    prepare: () => endpoint.prepare(),
    rehearse: async () => {},
  };
}

export type Scene = Awaited<ReturnType<typeof openScene>>;

export interface SceneOptions extends VendingOptions {
  readonly profiles?: readonly string[];
  /** Each profile has a canary that runs so often. @default none has one */
  readonly canaryEveryMs?: number;
}

export async function openScene({ profiles = ['orders'], canaryEveryMs, ...options }: SceneOptions = {}) {
  const vending = await startVending(options);
  const { clock } = vending;
  clock.stop();
  clock.forward(MINUTE_MS - (clock.nowMs() % MINUTE_MS));
  const tokenEndpoint = patientEndpoint(vending);
  const metrics = new Samples();
  const canary = canaryEveryMs !== undefined && { features: ['canary'] as const, canaryEveryMs };
  const subjects: readonly WatchedSubject[] = [
    { of: 'Stack', name: '' },
    { of: 'Credential', name: CREDENTIAL, features: ['rotation'] },
    ...profiles.map((name) => ({ of: 'Profile' as const, name, ...canary })),
  ];
  const alarms = CIRCUMSTANCES.map((each) => new AlarmWatch(metrics, subjects, each));
  /** What canaries find. `nothing`: they don't run. */
  const canaries: { finds: 'all well' | 'a URL that lets anybody in' | 'nothing' } = { finds: 'all well' };
  let canaryDueMs = clock.nowMs();
  const instances = new Map<string, Instance>();
  let readLines = 0;
  let evaluatedMs = clock.nowMs();

  function evaluate(): void {
    if (clock.nowMs() < evaluatedMs + MINUTE_MS) return;
    const lines = vending.events().slice(readLines);
    readLines += lines.length;
    for (const line of lines) metrics.addLine(line);
    while (evaluatedMs + MINUTE_MS <= clock.nowMs()) {
      evaluatedMs += MINUTE_MS;
      for (const each of alarms) each.evaluate(evaluatedMs);
    }
  }

  /** The answer of a call, or undefined where there was none of the function. */
  async function invoke(profile: string, parameters: Readonly<Record<string, string>>, lambda: Lambda) {
    const isThrottled = lambda === 'throttles';
    const subject = { of: 'Profile', name: profile } as const;
    metrics.addLambda('Throttles', subject, clock.nowMs(), Number(isThrottled));
    if (isThrottled) return undefined;
    const instance = instances.get(profile) ?? vending.startInstance({ profile, tokenEndpoint });
    instances.set(profile, instance);
    const calledAtMs = clock.nowMs();
    vending.canPrint(lambda !== 'dies');
    const event = tokenRequestEvent(parameters);
    const answer = await instance.vendFunction.handler(event, invocationContext()).catch(() => undefined);
    vending.canPrint(true);
    metrics.addLambda('Invocations', subject, calledAtMs, 1);
    metrics.addLambda('Errors', subject, calledAtMs, Number(answer === undefined));
    return answer;
  }

  /** Rotates as Secrets Manager does, with a function that prints beside the others. */
  async function rotate(): Promise<void> {
    const operator = new SecretOperator(vending.secrets.url, 'emporix');
    const settings = {
      ...{
        stackName: STACK,
        credential: CREDENTIAL,
        secretId: 'emporix',
        tokenEndpoint: vending.emporix.tokenEndpoint,
      },
      clientAuthentication: 'client_secret_post' as const,
      profiles: Object.fromEntries(profiles.map((profile) => [profile, {}])),
    };
    const { client: secretsManager } = operator;
    const world = { secretsManager, region: LOCAL_REGION, clock, random: () => 0.5, write: vending.print };
    const rotateFunction = createRotateFunction(settings, world);
    const invokeRotation = async (event: unknown) => {
      const calledAtMs = clock.nowMs();
      const failed = await rotateFunction(event).then(
        () => false,
        () => true,
      );
      metrics.addLambda('Errors', { of: 'Credential', name: CREDENTIAL }, calledAtMs, Number(failed));
      if (failed) throw new Error('a step of the rotation failed');
    };
    try {
      await operator.runSteps(invokeRotation, await operator.beginRotation());
    } finally {
      await operator.close();
    }
  }

  async function runCanaries(): Promise<void> {
    if (canaryEveryMs === undefined || clock.nowMs() < canaryDueMs) return;
    canaryDueMs += canaryEveryMs;
    if (canaries.finds !== 'nothing') for (const profile of profiles) await runCanary(profile);
  }

  async function runCanary(profile: string): Promise<void> {
    const getToken = async ({ scope = '' }: { scope?: string | readonly string[] | undefined } = {}) => {
      const answer = await invoke(profile, scope === '' ? {} : { scope: String(scope) }, 'runs');
      const { error, access_token } = JSON.parse(answer?.body ?? '{}');
      if (access_token !== undefined) return access_token;
      throw new TokenVendingError(error ?? 'unavailable', '', { status: answer?.statusCode });
    };
    const settings = {
      stackName: STACK,
      profile,
      tokenEndpoint: 'https://url.test/oauth/token',
      refusedScope: undefined,
    };
    const fetch = async () => new Response(null, { status: canaries.finds === 'all well' ? 403 : 200 });
    await createCanary(settings, { createClient: () => ({ getToken }), fetch, clock, write: vending.print })();
  }

  return {
    ...vending,
    rotate,
    canaries,
    async putSecret(clientSecret: string, ...labels: string[]) {
      const operator = new SecretOperator(vending.secrets.url, 'emporix');
      await operator.put({ clientId: vending.emporix.clientId, clientSecret }, ...labels);
      await operator.close();
    },
    metrics,
    alarms,
    invoke,
    nowMs: () => clock.nowMs(),
    /** The next call of the profile starts an instance. @param policy as in another deploy. @default as before */
    replaceInstances(policy?: Parameters<typeof vending.startInstance>[0]) {
      for (const profile of profiles)
        instances.set(profile, vending.startInstance({ profile, tokenEndpoint, ...policy }));
    },
    /** Calls every profile every so often for this long, and evaluates the alarms at the end of each minute. */
    async run(forMs: number, everyMs: number, call: (profile: string) => Promise<unknown>) {
      const endMs = clock.nowMs() + forMs;
      for (let nextMs = clock.nowMs(); nextMs < endMs; nextMs += everyMs) {
        clock.forward(Math.max(0, nextMs - clock.nowMs()));
        evaluate();
        await runCanaries();
        for (const profile of profiles) await call(profile);
      }
      clock.forward(Math.max(0, endMs - clock.nowMs()));
      evaluate();
    },
  };
}
