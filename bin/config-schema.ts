// `npm run schema`: writes config.schema.json anew.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cdkJsonSchema } from '../lib/config-schema.ts';

writeFileSync(join(import.meta.dirname, '../config.schema.json'), `${JSON.stringify(cdkJsonSchema(), null, 2)}\n`);
