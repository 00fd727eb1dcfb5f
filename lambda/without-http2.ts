// In the bundle, this replaces node:http2. undici would load that module at the first mint, which takes 2 ms, but no
// request uses HTTP/2.

export const constants = {};

export default { constants };
