// Loads a handler as Lambda's runtime does: an ES module is imported, CommonJS is required.

import { createRequire } from 'node:module';

/**
 * @typedef {{ statusCode: number, headers?: Record<string, string>, body: string }} Answer
 * @typedef {(event: object, context: object) => Promise<Answer>} Handler
 */

/**
 * @param {string} file absolute
 * @returns {Promise<{ handler?: Handler }>}
 */
export async function load(file) {
  return file.endsWith('.mjs') ? await import(file) : createRequire(import.meta.url)(file);
}
