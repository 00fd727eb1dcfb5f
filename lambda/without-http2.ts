// In the bundle this stands in for node:http2, which undici loads for a protocol that it isn't asked to speak, and which
// costs each first mint 2 ms.

export const constants = {};

export default { constants };
