// Sealing is AES-256-GCM under a key that is derived (HKDF-SHA256, RFC 5869) from the client secret and its version. So
// a copy of the table can't be read without the secret. Layout: format (1 byte) | nonce (12) | ciphertext | tag (16).

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Credential } from '../../oauth/credential.ts';
import { Token, type TokenParts } from '../../oauth/token.ts';

const FORMAT = 2;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param pk the item's key. The sealed token can't be opened under another one. */
export function seal(
  token: Token,
  credential: Credential,
  pk: string,
  randomBytes: (size: number) => Uint8Array,
): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(credential), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(credential, pk));
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(token.parts()), 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(FORMAT), nonce, ciphertext, cipher.getAuthTag()]);
}

/** Undefined if it can't be opened: it has another format, secret or item key, or was altered or cut. */
export function open(sealed: Uint8Array, credential: Credential, pk: string): Token | undefined {
  if (sealed[0] !== FORMAT || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(credential), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(credential, pk));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const plaintextStart = decipher.update(sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES), undefined, 'utf8');
    const plaintext = plaintextStart + decipher.final('utf8'); // This throws if the tag is wrong.
    return new Token(JSON.parse(plaintext) as TokenParts);
  } catch {
    return undefined;
  }
}

const keys = new WeakMap<Credential, Uint8Array>();

function sealingKey(credential: Credential): Uint8Array {
  const cached = keys.get(credential);
  if (cached) return cached;
  const info = `token-vending sealed token ${FORMAT}`;
  const key = new Uint8Array(hkdfSync('sha256', credential.sealingSecret, credential.version, info, 32));
  keys.set(credential, key);
  return key;
}

function additionalData(credential: Credential, pk: string): Uint8Array {
  return Buffer.from(JSON.stringify([FORMAT, pk, credential.version]));
}
