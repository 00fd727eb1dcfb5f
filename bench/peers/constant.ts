// A handler that only answers.

const response = {
  statusCode: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' },
  body: JSON.stringify({ access_token: 'constant', token_type: 'Bearer', expires_in: 14_399 }),
};

export const handler = async () => response;
