// The CDK's feature flags are pinned in cdk.json: an upgrade of the library alone changes no flag of a live stack.

import { describe, expect, it } from '@jest/globals';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import cdkJson from '../../cdk.json' with { type: 'json' };

const pinned = Object.keys(cdkJson.context).filter((key) => key.startsWith('@aws-cdk'));

describe('the feature flags in cdk.json', () => {
  it('are flags that the installed library knows', () => {
    expect(pinned.filter((flag) => !Object.hasOwn(recommendedFlags, flag))).toEqual([]);
  });

  it('decide every flag that the installed library recommends', () => {
    expect(Object.keys(recommendedFlags).filter((flag) => !pinned.includes(flag))).toEqual([]);
  });
});
