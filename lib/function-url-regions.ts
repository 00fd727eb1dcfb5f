// A warning where a stack is for a region that has no Lambda function URLs, as far as this version knows. AWS may have
// added the region since, so this is no error. The CDK's own rule knows some of these regions, and makes it one.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
// https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-lambda.html
// https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html

import * as cdk from 'aws-cdk-lib';
import { Annotations, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

const WITHOUT_FUNCTION_URLS = [
  'ap-east-2',
  'ap-south-2',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-west-1',
  'cn-north-1',
  'cn-northwest-1',
  'eu-central-2',
  'eu-south-2',
  'il-central-1',
  'me-central-1',
  // Only the CDK's rules name this one.
  'mx-central-1',
  'us-gov-east-1',
  'us-gov-west-1',
];

/** Versions of the CDK that lack it also lack the rule. */
const { Validations }: { readonly Validations?: typeof cdk.Validations } = cdk;

/** False where only the deploy knows the region. */
function isWithoutFunctionUrls(scope: Construct): boolean {
  return WITHOUT_FUNCTION_URLS.includes(Stack.of(scope).region);
}

export function warnWithoutFunctionUrls(scope: Construct): void {
  const stack = Stack.of(scope);
  if (!isWithoutFunctionUrls(stack)) return;
  Annotations.of(stack).addWarningV2(
    'token-vending:region-without-function-urls',
    `Lambda had no function URLs in ${stack.region} when this version was made. Unless AWS has added them since, the deploy fails: choose another region`,
  );
}

/** The warning replaces the CDK's error. */
export function acknowledgeWarnedUrl(functionUrl: Construct): void {
  if (!isWithoutFunctionUrls(functionUrl)) return;
  const reason = 'TokenVending warns of the region.';
  Validations?.of(functionUrl).acknowledge({ id: 'CloudFormation-Validate::F3006', reason });
}
