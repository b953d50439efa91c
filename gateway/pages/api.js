// Requests to the API: what comes back, or the problem as an error.

/** An answer that is a problem (RFC 9457), or none at all; `crash` is the report, where there is one. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || (status ? `The server answered ${status}.` : "The server does not answer."));
    this.status = status;
    this.code = body?.code ?? "";
    this.crash = body?.crash ?? null;
  }
}

async function request(method, path, body, accept) {
  const headers = { Accept: accept };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, cache: "no-store", body: body && JSON.stringify(body) });
  } catch {
    throw new Problem(0, null);
  }
  if (response.ok) return response;
  throw new Problem(response.status, await response.json().catch(() => null));
}

/** The object that answers; null where the answer is empty. */
export async function ask(method, path, body) {
  const response = await request(method, path, body, "application/json");
  return response.status === 204 ? null : response.json();
}

/** The text that answers. */
export async function askText(path) {
  return (await request("GET", path, undefined, "text/plain, application/problem+json;q=0.5")).text();
}

/** The answer as it came, of the media type that is asked for. */
export function askFor(path, mediaType) {
  return request("GET", path, undefined, mediaType);
}

/** Where the API has the instance. */
export const pathOf = (instanceId) => `/v2/envs/${encodeURIComponent(instanceId)}`;
