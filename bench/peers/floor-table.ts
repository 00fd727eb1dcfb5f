import { read } from './floor.ts';

export const handler = async () => ({ statusCode: 200, body: String((await read()).length) });
