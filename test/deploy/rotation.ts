// The deployed rotation function, called with Secrets Manager's four events under its own role.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Suite } from '../../testbed/suite.ts';
import type { Setup } from './setup.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];

export async function checkRotation(
  suite: Suite,
  { account, emporix }: Setup,
  secretId: string,
  functionName: string,
): Promise<void> {
  const { aws, invoke } = account;
  const put = (clientSecret: string, label: string) => {
    const value = JSON.stringify({ client_id: emporix.clientId, client_secret: clientSecret });
    const args = ['--version-stages', label, '--secret-string', value];
    return aws('secretsmanager', 'put-secret-value', '--secret-id', secretId, ...args);
  };
  /** Runs the four steps. Returns the answer of the first one that fails, or an empty text. */
  const rotate = async (version: string): Promise<string> => {
    for (const Step of STEPS) {
      const answer = await invoke(functionName, { Step, SecretId: secretId, ClientRequestToken: version });
      if (answer.trim() !== 'null') return answer;
    }
    return '';
  };
  /** Removes CANDIDATE. In MiniStack a label that is put on a new version stays on the one before as well. */
  const withdrawCandidate = async () => {
    for (const [version, on] of Object.entries(await labels())) {
      if (!on.includes('CANDIDATE')) continue;
      const args = ['--version-stage', 'CANDIDATE', '--remove-from-version-id', version];
      await aws('secretsmanager', 'update-secret-version-stage', '--secret-id', secretId, ...args);
    }
  };
  const labels = async () => {
    const described = ['secretsmanager', 'describe-secret', '--secret-id', secretId];
    return (await aws<{ VersionIdsToStages: Record<string, string[]> }>(...described)).VersionIdsToStages;
  };

  await suite.check('testSecret alone, as when the schedule is set up, succeeds', async () => {
    const event = { Step: 'testSecret', SecretId: secretId, ClientRequestToken: randomUUID() };
    assert.equal((await invoke(functionName, event)).trim(), 'null');
  });
  await suite.check('without a candidate the rotation says what to run', async () => {
    assert.match(await rotate(randomUUID()), /aws secretsmanager put-secret-value .*--version-stages CANDIDATE/);
  });
  await suite.check('a candidate with a wrong secret does not become current', async () => {
    const before = await labels();
    await put('wrong', 'CANDIDATE');
    assert.match(await rotate(randomUUID()), /the candidate fails: the authorization server refused it/);
    const current = Object.entries(before).find(([, on]) => on.includes('AWSCURRENT'))?.[0];
    assert.deepEqual(
      (await labels())[String(current)]?.filter((label) => !['AWSPREVIOUS', 'COMPARED'].includes(label)),
      ['AWSCURRENT'],
    );
    assert.ok(
      !Object.values(await labels())
        .flat()
        .includes('AWSPENDING'),
    );
  });
  await suite.check(
    'a good candidate does, in place of a wrong one, under the role of the rotation function',
    async () => {
      await withdrawCandidate();
      await put('wrong', 'AWSCURRENT');
      await put(emporix.clientSecret, 'CANDIDATE');
      const version = randomUUID();
      assert.equal(await rotate(version), '');
      assert.deepEqual((await labels())[version], ['AWSCURRENT']);
      assert.ok(
        !Object.values(await labels())
          .flat()
          .includes('CANDIDATE'),
      );
    },
  );
}
