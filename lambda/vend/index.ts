export async function handler(event: { rawPath?: string }) {
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path: event.rawPath }),
  };
}
