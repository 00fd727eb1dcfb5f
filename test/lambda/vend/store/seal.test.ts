import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { open, seal } from '../../../../lambda/vend/store/seal.ts';
import { someCredential, someToken } from '../../../../testbed/test-data.ts';

const credential = someCredential();
const PK = 'default#key';
const token = someToken({
  renew_at: 1_800_011_000,
  expires_at: 1_800_014_399,
  scope: 'a.read b.write',
  tenant: 'yourtenant',
  fields: { session_idle_time: 120, refresh_token: '' },
});

const sealed = seal(token, credential, PK, randomBytes);

test('a sealed token opens as it was', () => {
  expect(open(sealed, credential, PK)?.parts()).toEqual(token.parts());
});

test('two seals of one token differ', () => {
  expect(Buffer.from(seal(token, credential, PK, randomBytes))).not.toEqual(Buffer.from(sealed));
});

test('nothing of a sealed token can be read', () => {
  for (const clear of ['the-token', 'a.read', 'yourtenant', 'access_token']) {
    expect(Buffer.from(sealed).includes(clear)).toBe(false);
  }
});

describe('a sealed token cannot be opened', () => {
  test.each([
    ['with another secret', someCredential({ clientSecret: 'another' }), PK],
    ['with another version of the credential', someCredential({ version: 'version-2' }), PK],
    ['under another item key', credential, 'admin#key'],
  ])('%s', (_, opener, pk) => {
    expect(open(sealed, opener, pk)).toBeUndefined();
  });

  test('with any bit altered', () => {
    fc.assert(
      fc.property(fc.nat({ max: sealed.length - 1 }), fc.nat({ max: 7 }), (index, bit) => {
        const altered = Uint8Array.from(sealed);
        altered[index] = (altered[index] ?? 0) ^ (1 << bit);
        return open(altered, credential, PK) === undefined;
      }),
    );
  });

  test('if it is cut anywhere', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(open(sealed.subarray(0, length), credential, PK)).toBeUndefined();
    }
  });
});

// The vector was made with Web Crypto, by these steps and without this code:
//   key = HKDF-SHA-256 of "the-secret", salt "version-1", info "token-vending sealed token 2", 256 bits
//   aad = '[2,"default#key","version-1"]'
//   0x02 | nonce | AES-GCM(key, nonce, aad) of parts as JSON, with nonce = the bytes 0 to 11
const VECTOR = `
  02000102030405060708090a0b79b700fdbf3807ea06cf5eaa22587257f2f7b1949dc0d1963bf83c198c0f6e5050a6a876b19090155964
  40fd7e6d1b4bbd97434c3f46bc8a1d5695a3c8d29db23a62c819a43d12f524cd5f9307174c8c98a45aae36a5327b04dbc8df1cacc534e5
  5e15789120162a14fd662204a198e74e017d6827a0f8b1b79b5090c9da01addecf66d6de2b4a686912b15ee341b79a32380b8b5aca690f
  ea84991e8c032e5b27357f24498a89cbe5e7b3a7da71dad33593e4c01ffe4a263ad6c22f18b3476584d1ebfbf4ec40c980e4ab2ab3270e
  562fac68c1731d
`.replaceAll(/\s/g, '');

test('the format is fixed: the vector opens, and sealing again with its nonce gives the same bytes', () => {
  expect(open(Buffer.from(VECTOR, 'hex'), credential, PK)?.parts()).toEqual(token.parts());
  const again = seal(token, credential, PK, (size) => Uint8Array.from({ length: size }, (_, index) => index));
  expect(Buffer.from(again).toString('hex')).toBe(VECTOR);
});

test('a sealed token of another format cannot be opened', () => {
  const other = Buffer.from(VECTOR, 'hex');
  other[0] = 1;
  expect(open(other, credential, PK)).toBeUndefined();
});
