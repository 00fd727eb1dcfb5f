// A process of two function URLs of local mode, one instance each: the vend function, and the constant handler.

import { dirname } from 'node:path';
import { startFunctionUrl } from '../local/function-url.ts';

const urls = await Promise.all(
  process.argv.slice(2).map(async (module) => {
    const codeDirectory = dirname(module);
    const environment = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, String(value)]));
    return (await startFunctionUrl({ codeDirectory, environment, instances: 1 })).url;
  }),
);
process.on('disconnect', () => process.exit());
process.send?.(urls);
