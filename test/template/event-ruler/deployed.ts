// A value of a template as it is once deployed, with ARNs and IDs in the form that AWS gives them.

const PSEUDO = { 'AWS::Partition': 'aws', 'AWS::AccountId': '111122223333', 'AWS::Region': 'eu-central-1' };

/** The ARN of a secret that has no name of its own. */
export const secretArn = (logicalId: string) =>
  `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${logicalId}-Qe7Rt2Yu9Io1-AbCd12`;
export const roleId = (logicalId: string) => `AROA${logicalId.toUpperCase()}`;

type Value = unknown;

export function deployed(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(deployed);
  const [[name, argument] = [], ...others] = Object.entries(value);
  if (others.length > 0 || name === undefined) return deployedFields(value);
  switch (name) {
    case 'Ref':
      return Object.entries(PSEUDO).find(([pseudo]) => pseudo === argument)?.[1] ?? secretArn(String(argument));
    case 'Fn::GetAtt':
      if (argument[1] !== 'RoleId') throw new Error(`unexpected attribute ${argument}`);
      return roleId(String(argument[0]));
    case 'Fn::Join':
      return (deployed(argument[1]) as string[]).join(argument[0]);
    case 'Fn::Split':
      return String(deployed(argument[1])).split(argument[0]);
    case 'Fn::Select':
      return (deployed(argument[1]) as unknown[])[Number(argument[0])];
    default:
      return deployedFields(value);
  }
}

function deployedFields(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, deployed(held)]));
}
