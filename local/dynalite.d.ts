// dynalite (DynamoDB in JavaScript) has no types of its own. These cover what local mode uses.

declare module 'dynalite' {
  import type { Server } from 'node:http';

  export interface DynaliteOptions {
    /** A new table stays in CREATING for this long. */
    readonly createTableMs?: number;
  }

  export default function dynalite(options?: DynaliteOptions): Server;
}
