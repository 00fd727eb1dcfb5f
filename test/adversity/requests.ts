// The requests that processes made to the table and to Secrets Manager, by their purpose.

import type { ServiceRequest } from '../../testbed/processes/service-proxy.ts';

export function isTokenRead(request: ServiceRequest): boolean {
  return request.operation === 'GetItem' && !isOfCredential(request);
}

export function isCredentialRead(request: ServiceRequest): boolean {
  return request.operation === 'GetItem' && isOfCredential(request);
}

export function isPublication({ input }: ServiceRequest): boolean {
  return input.UpdateExpression?.startsWith('SET sealed') ?? false;
}

export function isAcquisition({ input }: ServiceRequest): boolean {
  return input.UpdateExpression?.startsWith('SET lease_id') ?? false;
}

export function keyOf({ input }: ServiceRequest): string | undefined {
  return input.Key?.pk?.S;
}

/** Of a read of a secret: the version, by its ID or its label. */
export function versionOf({ input }: ServiceRequest): string {
  return input.VersionId ?? input.VersionStage ?? 'AWSCURRENT';
}

function isOfCredential(request: ServiceRequest): boolean {
  return keyOf(request)?.startsWith('CREDENTIAL#') ?? false;
}
