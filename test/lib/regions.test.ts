// Every partition and region: what the stack writes into its template, and the warning where function URLs are missing.

import { describe, expect, it } from '@jest/globals';
import { ACCOUNT, buildStack, synthesize } from './synth.ts';

const warningsIn = (region: string | undefined) => {
  const { stack } = buildStack({}, { env: region === undefined ? null : { account: ACCOUNT, region } });
  return stack.node.metadata.filter(({ type }) => type === 'aws:cdk:warning').map(({ data }) => data);
};

describe('the stack writes no ARN of the partition aws', () => {
  it.each([
    ['aws-cn', 'cn-north-1'],
    ['aws-eusc', 'eusc-de-east-1'],
    ['aws-iso', 'us-iso-east-1'],
    ['aws-new', 'new-far-north-1'],
    ['aws-new', undefined],
  ])('into a template for %s, region %s', (partition, region) => {
    const arn = (rest: string) => `arn:${partition}:${rest}`;
    const key = arn(`kms:${region ?? 'new-far-north-1'}:${ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab`);
    const template = synthesize(
      {
        profiles: { orders: { callers: [arn(`iam::${ACCOUNT}:role/orders`)] } },
        encryptionKeyArn: key,
        strictSecretPolicy: { administrators: [arn(`iam::${ACCOUNT}:role/admin`)] },
        alarmEmail: 'oncall@example.com',
      },
      { env: region === undefined ? null : { account: ACCOUNT, region } },
    );
    const text = JSON.stringify(template.toJSON());
    expect(text).toContain(key);
    expect(text).not.toContain('arn:aws:');
  });
});

describe('a region without function URLs', () => {
  it.each([
    ...['ap-east-2', 'ap-south-2', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7'],
    ...['ca-west-1', 'eu-central-2', 'eu-south-2', 'il-central-1', 'me-central-1', 'mx-central-1'],
    ...['cn-north-1', 'cn-northwest-1', 'us-gov-east-1', 'us-gov-west-1'],
  ])('is warned of: %s', (region) => {
    const line = `Lambda had no function URLs in ${region} when this version was made. Unless AWS has added them since, the deploy fails: choose another region`;
    expect(warningsIn(region)).toEqual([expect.stringContaining(line)]);
  });

  it.each(['eu-central-2', 'me-central-1', 'us-gov-west-1'])('can be synthesized for all the same: %s', (region) => {
    const template = synthesize({}, { env: { account: ACCOUNT, region } });
    template.resourceCountIs('AWS::Lambda::Url', 1);
  });

  it.each(['eu-central-1', 'us-east-1', 'ap-southeast-1', 'eusc-de-east-1', 'new-far-north-1', undefined])(
    'is not: %s',
    (region) => {
      expect(warningsIn(region)).toEqual([]);
    },
  );
});
