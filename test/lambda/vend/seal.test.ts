import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Credential } from '../../../lambda/oauth/credential.ts';
import { Token } from '../../../lambda/oauth/token.ts';
import { open, seal } from '../../../lambda/vend/seal.ts';

const credential = new Credential('client', 'the-secret', 'version-1');
const context = { pk: 'default#key', issuedBy: '["https://api.emporix.io/oauth/token",{}]' };
const token = new Token({
  access_token: 'the-token',
  issued_at: 1_800_000_000,
  renew_at: 1_800_011_000,
  expires_at: 1_800_014_399,
  scope: 'a.read b.write',
  tenant: 'yourtenant',
  fields: { session_idle_time: 120, refresh_token: '' },
});

const sealed = seal(token, credential, context, randomBytes);

test('what was sealed opens as it was', () => {
  expect(open(sealed, credential, context)?.parts()).toEqual(token.parts());
});

test('two seals of one token differ', () => {
  expect(Buffer.from(seal(token, credential, context, randomBytes))).not.toEqual(Buffer.from(sealed));
});

test('nothing of the token can be read in it', () => {
  for (const clear of ['the-token', 'a.read', 'yourtenant', 'access_token']) {
    expect(Buffer.from(sealed).includes(clear)).toBe(false);
  }
});

describe('is a miss', () => {
  test.each([
    ['with another secret', new Credential('client', 'another', 'version-1'), context],
    ['with another version of the credential', new Credential('client', 'the-secret', 'version-2'), context],
    ['at another key', credential, { ...context, pk: 'admin#key' }],
    ['for another token endpoint', credential, { ...context, issuedBy: '["https://staging.example",{}]' }],
  ])('%s', (_, opener, where) => {
    expect(open(sealed, opener, where)).toBeUndefined();
  });

  test('with any bit altered', () => {
    fc.assert(
      fc.property(fc.nat({ max: sealed.length - 1 }), fc.nat({ max: 7 }), (place, bit) => {
        const altered = Uint8Array.from(sealed);
        altered[place] = (altered[place] ?? 0) ^ (1 << bit);
        return open(altered, credential, context) === undefined;
      }),
    );
  });

  test('cut anywhere', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(open(sealed.subarray(0, length), credential, context)).toBeUndefined();
    }
  });
});

// Made with Python's `cryptography`, which knows nothing of this code:
//   key = HKDF(SHA256(), 32, b"version-1", b"token-vending sealed token 1").derive(b"the-secret")
//   aad = '[1,"default#key","version-1","[\\"https://api.emporix.io/oauth/token\\",{}]"]'
//   b"\x01" + nonce + AESGCM(key).encrypt(nonce, parts, aad), with nonce = bytes(range(12)) and parts as JSON
const VECTOR = `
  01000102030405060708090a0b82d588cec6d0938dcbce34790f63a81d0cbab788cfd348fe5785ddb8f463155828d660c8d6e4283a7865
  19b4818fe74053133619181a8bf481a5158932870cf92b98f7918a975bf11b10df8c28ac6fb4def19a828945f296d424ad480b834907fc
  8b0c0fcad1666bf546418618bdc400b6f15f4685bbed8d619a4597dfdc69b0960ac466ceeeead5dd89266a84113bc716338a42170b6a65
  f935d92510c32e2decf4a746354b0eae76b157a5b4ef062bc4c3b23231a47dbd9e9b104fd9ee8353cf8298996153b8fb5d39fe5e21c3e5
  6aeb2efdc47add
`.replaceAll(/\s/g, '');

test('the format is fixed: the vector opens, and sealing with its nonce gives it again', () => {
  expect(open(Buffer.from(VECTOR, 'hex'), credential, context)?.parts()).toEqual(token.parts());
  const again = seal(token, credential, context, (size) => Uint8Array.from({ length: size }, (_, place) => place));
  expect(Buffer.from(again).toString('hex')).toBe(VECTOR);
});

test('an item of another format is a miss', () => {
  const other = Buffer.from(VECTOR, 'hex');
  other[0] = 2;
  expect(open(other, credential, context)).toBeUndefined();
});
