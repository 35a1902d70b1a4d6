// The driver API. Refusals are problem+json; their sentence is what the driver reads.

import { SignedOut, signIn, token } from "./auth.js";
import { language, t } from "./i18n.js";

const BASE = "/app/v1";

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? t("error.unknown", { status }));
    this.status = status;
    this.field = problem?.field ?? null;
  }
}

async function send(
  method,
  path,
  { body, key, signal, anonymous, accept = "application/json" } = {},
  renewed = false,
) {
  const headers = { Accept: accept, "Accept-Language": language() };
  if (!anonymous) headers.Authorization = `Bearer ${await token({ renewed })}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const sent = body === undefined ? undefined : JSON.stringify(body);
  return fetch(`${BASE}${path}`, { method, headers, body: sent, signal, cache: "no-store" });
}

// The answer to a request, whatever it says; a driver whose sign-in has ended is sent to sign in,
// but for who asks `once` whether a token is still good.
export async function request(method, path, options = {}) {
  if (!navigator.onLine) throw new ApiError(0, { detail: t("error.network") });
  try {
    const answer = await send(method, path, options);
    if (answer.status !== 401 || options.anonymous || options.once) return answer;
    return await send(method, path, options, true);
  } catch (error) {
    if (error instanceof SignedOut) return signIn();
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { detail: t("error.network") });
  }
}

// What the API answers, as data. Throws ApiError with the sentence of a refusal.
export async function call(method, path, options = {}) {
  const answer = await request(method, path, options);
  if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => null));
  return answer.status === 204 ? null : answer.json().catch(() => null);
}

export const get = (path, signal) => call("GET", path, { signal });

// A path segment for every id but a charger's, which may have a slash at the end of a path.
export const id = (value) => encodeURIComponent(value);

export function query(values) {
  const given = Object.entries(values).filter(
    ([, value]) => value !== null && value !== undefined && value !== "" && value !== false,
  );
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

// Hands a file of the API to the driver, under a name.
export async function download(path, name, accept) {
  const answer = await request("GET", path.replace(BASE, ""), { accept });
  if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => null));
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export const newKey = () => crypto.randomUUID();

// Sends something with a key that makes it happen once, however often it is sent. The key stays
// while nobody knows whether it happened; an answer or a refusal ends it.
export function once() {
  let key = newKey();
  return async (work) => {
    try {
      const made = await work(key);
      key = newKey();
      return made;
    } catch (error) {
      if (error.status >= 400 && error.status < 500) key = newKey();
      throw error;
    }
  };
}
