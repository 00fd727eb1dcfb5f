// Reads the credential out of a secret's value: a JSON object with a client ID and a client secret, as text or as bytes.
// What is wrong with a value is said without the value, because it may be a secret in the wrong form.

import { kindOf } from '../kind-of.ts';
import { Credential } from '../oauth/credential.ts';

/** The value of a version, as Secrets Manager gives and takes it. */
export interface SecretValue {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

/** The names of the two fields in the secret's JSON object. */
export interface SecretFields {
  readonly clientId: string;
  readonly clientSecret: string;
}

export const DEFAULT_SECRET_FIELDS: SecretFields = { clientId: 'client_id', clientSecret: 'client_secret' };

/** What is wrong with a value, as a predicate: `is not JSON`. */
class Problem {
  readonly predicate: string;

  constructor(predicate: string) {
    this.predicate = predicate;
  }
}

/** @returns the credential, or a predicate that says what is wrong with the value */
export function readCredential(value: SecretValue, fields: SecretFields, version: string): Credential | string {
  try {
    const json = textOf(value);
    const object = parse(json);
    return new Credential(field(object, fields.clientId, json), field(object, fields.clientSecret, json), version);
  } catch (error) {
    if (error instanceof Problem) return error.predicate;
    throw error;
  }
}

/** A value as operators are told to put it, with these texts in it. */
export function secretJson(fields: SecretFields, clientId: string, clientSecret: string): string {
  return JSON.stringify({ [fields.clientId]: clientId, [fields.clientSecret]: clientSecret });
}

/** The text of a value, without a byte order mark. */
function textOf({ SecretString, SecretBinary }: SecretValue): string {
  const text = withoutMark(SecretString ?? decoded(SecretBinary));
  if (text === '') throw new Problem('is empty');
  if (text.trim() === '') throw new Problem('holds only blanks');
  if (text.includes('\0')) throw new Problem('holds NUL characters, as a file in UTF-16 does: save it in UTF-8');
  return text;
}

function decoded(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) throw new Problem('has no value');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    throw new Problem(`is ${isUtf16 ? 'UTF-16' : 'not UTF-8'}: save it in UTF-8`);
  }
}

function parse(json: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new Problem('is not JSON'); // The parser's own message would quote the value.
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new Problem(`is ${kindOf(parsed)}, not a JSON object`);
}

/** A field as text, without what only a file can have put there: a byte order mark, and line ends after it. */
function field(object: Readonly<Record<string, unknown>>, name: string, json: string): string {
  const shown = JSON.stringify(name);
  if (!Object.hasOwn(object, name)) throw new Problem(`has no field ${shown}${similarField(object, name)}`);
  const value = object[name];
  if (typeof value === 'number') return exactNumber(value, name, json);
  if (typeof value !== 'string') throw new Problem(`has ${kindOf(value)} as ${shown}, which must be a string`);
  if (value === '') throw new Problem(`has an empty ${shown}`);
  if (value.trim() === '') throw new Problem(`has only blanks as ${shown}`);
  // RFC 6749 appendix A: neither a client ID nor a client secret holds a line end. Spaces are legal, and stay.
  return withoutMark(value).replace(/[\r\n]+$/, '');
}

function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

/** A number as its text, if that is what was written: 1e3 is read as 1000, and a long number loses its last digits. */
function exactNumber(value: number, name: string, json: string): string {
  const everyNumber = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
  const inQuotes = json.replace(everyNumber, (token) => (token.startsWith('"') ? token : `"${token}"`));
  const written = String(value);
  const isWritten = parse(inQuotes)[name] === written;
  if (isWritten && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return written;
  throw new Problem(`has a number as ${JSON.stringify(name)} that can't be read exactly: write it in quotes`);
}

/** Only a name that is almost the missing one is shown. Any other may be a secret in the wrong place. */
function similarField(object: Readonly<Record<string, unknown>>, name: string): string {
  const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const similar = Object.keys(object).find((other) => plain(other) === plain(name));
  return similar === undefined ? '' : `, but has ${JSON.stringify(similar)}`;
}
