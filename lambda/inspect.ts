/**
 * The symbol `inspect.custom` of node:util, by which an object prints itself. That module would slow each cold start.
 */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');
