// Reads the headers of Signature Version 4, `Authorization` and `X-Amz-Date`, as strictly as AWS does.

export interface Authorization {
  readonly accessKeyId: string;
  readonly scope: { readonly date: string; readonly region: string; readonly service: string; readonly end: string };
  /** Names in lower case. */
  readonly signedHeaders: ReadonlySet<string>;
  /** Hexadecimal. */
  readonly signature: string;
}

/** Returns the header's parts, or AWS's error message about the header. */
export function parseAuthorization(header: string): Authorization | string {
  const [, parameters] = /^AWS4-HMAC-SHA256 +(.*)$/.exec(header) ?? [];
  if (parameters === undefined) return "Authorization header requires the algorithm 'AWS4-HMAC-SHA256'.";
  const values = new Map(
    parameters.split(',').map((parameter) => {
      const [name = '', value = ''] = parameter.trim().split('=', 2);
      return [name, value];
    }),
  );
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !values.get(name));
  if (missing.length > 0) return missing.map((name) => `Authorization header requires '${name}' parameter.`).join(' ');
  const credential = values.get('Credential') ?? '';
  const [, accessKeyId, date, region, service, end] = /^(.+)\/(.*)\/(.*)\/(.*)\/(.*)$/.exec(credential) ?? [];
  if (!accessKeyId || date === undefined || region === undefined || service === undefined || end === undefined) {
    const example = 'keyid/date/region/service/term';
    return `Credential must have at least 5 slash-delimited elements, e.g. ${example}, got '${credential}'`;
  }
  return {
    accessKeyId,
    scope: { date, region, service, end },
    signedHeaders: new Set(values.get('SignedHeaders')?.split(';')),
    signature: values.get('Signature') ?? '',
  };
}

/** Converts `20261124T053419Z` to milliseconds. Returns NaN for any other format. */
export function parseAmzDate(date: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export function formatAmzDate(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
