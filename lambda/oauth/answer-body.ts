// Reads the body of a token endpoint's answer: bytes in any of HTTP's content codings, as JSON or as a form. Its size is
// limited, both as it was sent and as it is decoded.

/** A body as a value, or a predicate that says why it has none. */
export type AnswerBody = { readonly value: unknown } | { readonly problem: string };

/** More codings than a server has a use for. */
const MAX_CODINGS = 2;

/**
 * @param codings the `Content-Encoding` header
 * @throws the error of the connection if it fails before the body's end
 */
export async function readBody(
  stream: AsyncIterable<Uint8Array>,
  codings: string | undefined,
  limitBytes: number,
): Promise<AnswerBody> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    // This also ends the connection.
    if (bytes > limitBytes) return { problem: 'is too large' };
    chunks.push(chunk);
  }
  const decoded = await decode(Buffer.concat(chunks), codings, limitBytes);
  if ('problem' in decoded) return decoded;
  const body = parse(new TextDecoder().decode(decoded.bytes));
  return 'problem' in body && decoded.hasUnknownCoding ? { problem: 'has an unknown content coding' } : body;
}

interface Decoded {
  readonly bytes: Buffer;
  readonly hasUnknownCoding: boolean;
}

/**
 * Some servers compress what they were asked not to (RFC 9110 §8.4). An unknown coding is passed over: some servers name
 * a charset here, such as UTF-8.
 */
async function decode(
  bytes: Buffer,
  codings = '',
  limitBytes: number,
): Promise<Decoded | { readonly problem: string }> {
  const names = codings
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  if (names.length === 0 || bytes.length === 0) return { bytes, hasUnknownCoding: false };
  if (names.length > MAX_CODINGS) return { problem: 'is encoded too often' };
  const { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } = await import('node:zlib');
  const limit = { maxOutputLength: limitBytes };
  let decoded = bytes;
  let hasUnknownCoding = false;
  try {
    // The coding that was applied last is named last.
    for (const name of names.reverse()) {
      if (name === 'gzip' || name === 'x-gzip') decoded = gunzipSync(decoded, limit);
      else if (name === 'br') decoded = brotliDecompressSync(decoded, limit);
      // Some servers leave out the header of zlib's format.
      else if (name === 'deflate')
        decoded = isZlib(decoded) ? inflateSync(decoded, limit) : inflateRawSync(decoded, limit);
      else hasUnknownCoding = true;
    }
  } catch (error) {
    const isTooLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    return { problem: isTooLarge ? 'is too large' : 'does not have the content coding that it names' };
  }
  return { bytes: decoded, hasUnknownCoding };
}

/** Whether the bytes begin with zlib's header (RFC 1950 §2.2). */
function isZlib(bytes: Buffer): boolean {
  const [method = 0, flags = 0] = bytes;
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}

function parse(text: string): AnswerBody {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // Servers from before RFC 6749 answer with a form, as golang.org/x/oauth2 and oauthlib know.
    const form = /[<{\s]/.test(text.trim()) ? new URLSearchParams() : new URLSearchParams(text.trim());
    const isForm = form.has('access_token') || form.has('error');
    return isForm ? { value: Object.fromEntries(form) } : { problem: 'is not JSON' };
  }
}
