// What an instance does before its first request (Lambda's INIT), with each thing that it needs at hand, missing, slow
// and frozen.

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { AuditLog } from '../../../lambda/vend/http/audit-log.ts';
import { type InstanceOptions, startVending, type Vending } from '../../../testbed/vending.ts';

let vending: Vending;
beforeEach(async () => {
  vending = await startVending();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await vending.close();
});

type Fault = (send: () => Promise<unknown>) => Promise<unknown>;

/** Counts what an instance sends, and may put a fault before it. */
function counted(fault: Fault = (send) => send()) {
  const sent = { read: 0, readCredential: 0, readSecret: 0 };
  const count = (name: keyof typeof sent) => (send: () => Promise<unknown>) => {
    sent[name] += 1;
    return fault(send);
  };
  const options: InstanceOptions = {
    faults: { read: count('read'), readCredential: count('readCredential') },
    readSecret: count('readSecret'),
  };
  return { sent, options };
}

/** Notes the order in which an instance loads, rehearses, answers requests and mints. The mint fails. */
function noted(onRehearsal = () => {}) {
  const steps: string[] = [];
  for (const outcome of ['vended', 'refused'] as const) {
    jest.spyOn(AuditLog.prototype, outcome).mockImplementation(() => void steps.push(outcome));
  }
  const options: InstanceOptions = {
    faults: {
      acquireLease: (send) => {
        steps.push('lease');
        return send();
      },
    },
    tokenEndpoint: {
      prepare: async () => void steps.push('prepare'),
      rehearse: async () => {
        steps.push('rehearse');
        onRehearsal();
      },
      mint: () => {
        steps.push('mint');
        return failsWith('Error')();
      },
    },
  };
  return { steps, options };
}

const failsWith = (name: string) => () => Promise.reject(Object.assign(new Error(), { name, $fault: 'client' }));
const outcomeOf = (call: Promise<{ source: string }>) =>
  call.then(
    ({ source }) => source,
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
/** A request that names no scope. */
const handle = ({ vendFunction }: ReturnType<Vending['startInstance']>, awsRequestId: string) =>
  vendFunction.handler(
    { rawPath: '/', requestContext: { http: { method: 'POST' } } },
    { awsRequestId, getRemainingTimeInMillis: () => 25_000 },
  );

describe('an instance that starts', () => {
  test('has read all that its first answer needs', async () => {
    await vending.startInstance().vend();
    const { sent, options } = counted();
    const instance = await vending.startWarmInstance(options);
    expect(sent).toEqual({ read: 1, readCredential: 1, readSecret: 1 });
    expect((await instance.vend()).source).toBe('memory');
    expect(sent).toEqual({ read: 1, readCredential: 1, readSecret: 1 });
  });

  test('has read the credential for callers who name scopes', async () => {
    await vending.startInstance().vend('order.order_read');
    const { sent, options } = counted();
    const instance = await vending.startWarmInstance(options);
    expect((await instance.vend('order.order_read')).source).toBe('table');
    expect(sent).toEqual({ read: 2, readCredential: 1, readSecret: 1 });
  });

  test('mints nothing and writes nothing, however many start', async () => {
    const writes: string[] = [];
    const write =
      (name: string): Fault =>
      (send) => {
        writes.push(name);
        return send();
      };
    const faults = { acquireLease: write('lease'), publish: write('publish'), other: write('other') };
    const start = () => vending.startWarmInstance({ faults: { ...faults, writeCredential: write('credential') } });
    await Promise.all(Array.from({ length: 50 }, start));
    expect([vending.emporix.requests, writes, vending.events()]).toEqual([[], [], []]);
    expect((await (await start()).vend()).source).toBe('mint');
  });

  test('mints nothing for a token that is due to be renewed', async () => {
    const { response } = await vending.startInstance().vend();
    vending.clock.forward(Number(response.expires_in) * 900);
    const instance = await vending.startWarmInstance();
    expect(vending.emporix.requests).toHaveLength(1);
    expect((await instance.vend()).source).toBe('mint');
  });

  test('prints nothing for the requests that it tries', async () => {
    await vending.startInstance().vend();
    const before = vending.events().length;
    const instance = await vending.startWarmInstance();
    expect(vending.events()).toHaveLength(before);
    await handle(instance, 'first');
    expect(vending.events().slice(before)).toMatchObject([{ event: 'vended', request_id: 'first' }]);
  });

  test("prints the token's list of scopes with its first audit line, and not again", async () => {
    await vending.startInstance().vend();
    const before = vending.events().length;
    const instance = await vending.startWarmInstance();
    await handle(instance, 'first');
    await handle(instance, 'second');
    const [first, second] = vending.events().slice(before);
    expect(first).toMatchObject({ Source: 'memory', scopes_given: expect.stringContaining('order.order_read') });
    expect(second).toMatchObject({ scopes_given_sha256_prefix: first?.scopes_given_sha256_prefix });
    expect(second).not.toHaveProperty('scopes_given');
  });

  test('has run the code of a request', async () => {
    const { steps, options } = noted();
    await vending.startWarmInstance(options);
    expect(steps).toEqual(['rehearse', 'refused']);
  });

  test('has run the code of an answer from memory where there is one, and not that of a mint', async () => {
    await vending.startInstance().vend();
    const { steps, options } = noted();
    await vending.startWarmInstance(options);
    expect(steps).toEqual(['vended']);
  });

  test('loads what a mint needs while it takes the lease', async () => {
    const { steps, options } = noted();
    await outcomeOf(vending.startInstance(options).vend());
    expect(steps).toEqual(['prepare', 'lease', 'mint']);
  });

  test('checks everything again if it is called an hour later', async () => {
    await vending.startInstance().vend();
    const { sent, options } = counted();
    const instance = await vending.startWarmInstance(options);
    vending.clock.forward(3_600_000);
    expect((await instance.vend()).source).toBe('table');
    expect(sent).toEqual({ read: 2, readCredential: 2, readSecret: 2 });
  });
});

/** Each thing that INIT needs. */
const NEEDS: readonly [string, (fault: Fault) => InstanceOptions][] = [
  ['the secret', (fault) => ({ readSecret: (send) => fault(send) })],
  ["the token's item", (fault) => ({ faults: { read: fault } })],
  ["the credential's item", (fault) => ({ faults: { readCredential: fault } })],
  ['the whole table', (fault) => ({ faults: { read: fault, readCredential: fault, acquireLease: fault } })],
];

describe('the first request reports what is missing, as if the instance had not tried before,', () => {
  const missing = ['ResourceNotFoundException', 'AccessDeniedException', 'ThrottlingException', 'TimeoutError'];
  const cases = NEEDS.flatMap(([name, options]) => missing.map((error) => [name, error, options] as const));

  async function reported(start: typeof vending.startWarmInstance, options: InstanceOptions) {
    const from = vending.events().length;
    const instance = await start(options);
    const atStart = vending.events().length - from;
    const outcome = await outcomeOf(instance.vend('', {}, 3_000));
    return {
      atStart,
      outcome,
      events: vending
        .events()
        .slice(from)
        .map(({ event }) => event),
    };
  }

  test.each(cases)('if %s fails with %s', async (_, error, optionsOf) => {
    const warm = await reported(vending.startWarmInstance, optionsOf(failsWith(error)));
    vending = await replaced(vending);
    const cold = await reported(async (options) => vending.startInstance(options), optionsOf(failsWith(error)));
    expect(warm).toEqual(cold);
    expect(warm.atStart).toBe(0);
  });

  test.each(missing)('if only AWSCURRENT fails with %s, and the version of the token can be read', async (error) => {
    await vending.startInstance().vend();
    const readSecret: InstanceOptions['readSecret'] = (send, version) =>
      version === 'AWSCURRENT' ? failsWith(error)() : send();
    const warm = await reported(vending.startWarmInstance, { readSecret });
    const cold = await reported(async (options) => vending.startInstance(options), { readSecret });
    expect(warm).toEqual(cold);
    expect(warm).toMatchObject({ atStart: 0, outcome: 'table' });
    expect(warm.events).toContain('credential_check_failed');
  });

  test('if the secret holds no credential; one that is put a moment later is used at once', async () => {
    await vending.putSecretString('generated');
    const instance = await vending.startWarmInstance();
    expect(vending.events()).toEqual([]);
    await vending.putSecret(vending.emporix.clientSecret);
    expect((await instance.vend()).source).toBe('mint');
  });
});

async function replaced(used: Vending): Promise<Vending> {
  await used.close();
  return await startVending();
}

describe('a start lasts no longer than a second', () => {
  test.each(NEEDS)('if %s is frozen, and what arrives later is discarded', async (_, optionsOf) => {
    await vending.startInstance().vend();
    const before = vending.events().length;
    const late: (() => Promise<unknown>)[] = [];
    let isFrozen = true;
    const options = optionsOf((send) => {
      if (!isFrozen) return send();
      return new Promise((resolve, reject) => late.push(() => send().then(resolve, reject)));
    });
    const waits: number[] = [];
    const { waitAtMost } = vending.clock;
    vending.clock.waitAtMost = async (limitMs, promise) => {
      waits.push(limitMs);
      return await waitAtMost(Math.min(limitMs, 20), promise);
    };
    const instance = await vending.startWarmInstance(options);
    vending.clock.waitAtMost = waitAtMost;
    expect(Math.max(...waits)).toBe(1_000);
    isFrozen = false;
    await Promise.allSettled(late.map((send) => send()));
    expect(vending.events()).toHaveLength(before);
    expect((await instance.vend()).source).toBe('table');
  });

  test.each(NEEDS)('if %s is frozen, and its requests are cancelled', async (_, optionsOf) => {
    const requests: Promise<unknown>[] = [];
    let thaw = () => {};
    const frozen = new Promise<void>((resolve) => {
      thaw = resolve;
    });
    const options = optionsOf((send) => {
      const request = frozen.then(send);
      requests.push(request);
      return request;
    });
    vending.clock.waitAtMost = async () => undefined;
    await vending.startWarmInstance(options);
    thaw();
    const names = (await Promise.allSettled(requests)).map((request) => 'reason' in request && request.reason.name);
    expect(new Set(names)).toEqual(new Set(['AbortError']));
  });

  test.each([
    ['the reads', [], 'reads'],
    ['the rehearsal', ['rehearse'], 'rehearsal'],
  ] as const)('and begins nothing more if it ends during %s', async (_, expected, during) => {
    const limit = new AbortController();
    const { steps, options } = noted(() => during === 'rehearsal' && limit.abort());
    const read: Fault = async (send) => {
      const answer = await send();
      if (during === 'reads') limit.abort();
      return answer;
    };
    const { vendFunction } = vending.startInstance({ ...options, faults: { read } });
    expect(await vendFunction.warmUp(limit.signal)).toBe(false);
    expect(steps).toEqual(expected);
  });

  const slow = NEEDS.flatMap(([name, optionsOf]) =>
    (
      [
        [900, 'memory'],
        [1_000, 'table'],
        [1_100, 'table'],
      ] as const
    ).map(([ms, source]) => [name, ms, source, optionsOf] as const),
  );

  test.each(slow)('if %s takes %d ms, so that the first answer is from the %s', async (_, ms, source, optionsOf) => {
    await vending.startInstance().vend();
    vending.clock.stop();
    vending.clock.waitAtMost = async (limitMs, promise) => {
      const endsAtMs = vending.clock.nowMs() + limitMs;
      const value = await promise;
      return vending.clock.nowMs() < endsAtMs ? value : undefined;
    };
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const starting = vending.startWarmInstance(optionsOf((send) => answered.then(send)));
    vending.clock.forward(ms);
    answer();
    expect((await (await starting).vend()).source).toBe(source);
  });
});
