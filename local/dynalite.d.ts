// dynalite (DynamoDB in JavaScript) ships no types: the little that local mode uses of it.

declare module 'dynalite' {
  import type { Server } from 'node:http';

  export interface DynaliteOptions {
    /** How long a new table stays in CREATING. */
    readonly createTableMs?: number;
  }

  export default function dynalite(options?: DynaliteOptions): Server;
}
