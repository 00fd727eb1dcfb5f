// What every part of the story has: the account it deploys to, a folder, and the authorization server.

import type { ServedAuthorizationServer } from '../../local/serve-authorization-server.ts';
import type { Account } from './account.ts';

export interface Setup {
  readonly account: Account;
  /** For files of the run. */
  readonly directory: string;
  readonly emporix: ServedAuthorizationServer;
}
