/** What node:util's `inspect.custom` is, without loading that module at each cold start: how an object prints itself. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');
