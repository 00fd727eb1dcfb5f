// Calls a profile with axios. aws4-axios signs, with the credentials of the environment.
//
//   TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ AWS_REGION=eu-central-1 \
//     node with-aws4-axios.mjs form 'SCOPE SCOPE'

import { aws4Interceptor } from 'aws4-axios';
import axios from 'axios';

const { TOKEN_VENDING_URL, AWS_REGION } = process.env;
const client = axios.create({ baseURL: TOKEN_VENDING_URL, validateStatus: () => true });
client.interceptors.request.use(
  aws4Interceptor({ instance: client, options: { service: 'lambda', region: AWS_REGION } }),
);
const [kind, scope] = process.argv.slice(2);
const { status, data } = await {
  form: () => client.post('/oauth/token', new URLSearchParams({ scope })),
  json: () => client.post('/oauth/token', { scope }),
  metadata: () => client.get('/.well-known/oauth-authorization-server'),
}[kind]();
if (status !== 200) throw new Error(`${status} ${JSON.stringify(data)}`);
console.log(JSON.stringify(data));
