// A stack in this process: profiles whose real functions are called by a Lambda that can throttle or lose them, and the
// alarms under all circumstances. Time is simulated; the services are the stand-ins, over HTTP.

import { TokenEndpoint } from '../../lambda/oauth/token-endpoint.ts';
import { createRotateFunction } from '../../lambda/rotate/rotate-function.ts';
import { LOCAL_REGION } from '../../local/names.ts';
import { Alarms, CIRCUMSTANCES, Metrics, MINUTE_MS, STACK } from '../../testbed/cloudwatch.ts';
import { invocationContext, tokenRequestEvent } from '../../testbed/function-url-event.mjs';
import { SecretOperator } from '../../testbed/secret-operator.ts';
import { type InstanceOptions, startVending, type Vending, type VendingOptions } from '../../testbed/vending.ts';

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

export async function openScene({ profiles = ['orders'], ...options }: VendingOptions & { profiles?: string[] } = {}) {
  const vending = await startVending(options);
  const { clock } = vending;
  clock.stop();
  clock.forward(MINUTE_MS - (clock.nowMs() % MINUTE_MS));
  const tokenEndpoint = patientEndpoint(vending);
  const metrics = new Metrics();
  const alarms = CIRCUMSTANCES.map((each) => new Alarms(metrics, each, profiles, 'emporix'));
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
    metrics.addLambda('Throttles', profile, clock.nowMs(), Number(isThrottled));
    if (isThrottled) return undefined;
    const instance = instances.get(profile) ?? vending.startInstance({ profile, tokenEndpoint });
    instances.set(profile, instance);
    const calledAtMs = clock.nowMs();
    vending.canPrint(lambda !== 'dies');
    const event = tokenRequestEvent(parameters);
    const answer = await instance.vendFunction.handler(event, invocationContext()).catch(() => undefined);
    vending.canPrint(true);
    metrics.addLambda('Errors', profile, calledAtMs, Number(answer === undefined));
    return answer;
  }

  /** Rotates as Secrets Manager does, with a function that prints beside the others. */
  async function rotate(): Promise<void> {
    const operator = new SecretOperator(vending.secrets.url, 'emporix');
    const settings = {
      ...{ stackName: STACK, credential: 'emporix', secretId: 'emporix', tokenEndpoint: vending.emporix.tokenEndpoint },
      clientAuthentication: 'client_secret_post' as const,
      profiles: Object.fromEntries(profiles.map((profile) => [profile, {}])),
    };
    const { client: secretsManager } = operator;
    const world = { secretsManager, region: LOCAL_REGION, clock, random: () => 0.5, write: vending.print };
    try {
      await operator.runSteps(createRotateFunction(settings, world), await operator.beginRotation());
    } finally {
      await operator.close();
    }
  }

  return {
    ...vending,
    rotate,
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
        for (const profile of profiles) await call(profile);
      }
      clock.forward(Math.max(0, endMs - clock.nowMs()));
      evaluate();
    },
  };
}
