export interface Reply {
  status: number;
  location: string | null;
  /** Parsed if it is JSON. */
  body: any;
}

/** One request of the demo; a redirect is not followed. */
export async function send(
  method: string,
  url: string,
  { json, form, headers = {} }: { json?: unknown; form?: URLSearchParams; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...(form && { body: form }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    location: response.headers.get('location'),
    body: isJson && text ? JSON.parse(text) : text,
  };
}
