// Who the driver is: OAuth2 authorization code with PKCE (S256), as the public client `web`.
//
// Tokens live in this module's memory and nowhere else. A reload gets new ones by a redirect that the
// identity server answers at once for a driver with a session there (an HttpOnly cookie), so nothing
// in storage is worth stealing, a second tab does not share a refresh token (which would look like a
// stolen one), and a closed app opens signed in. Only the word that somebody was signed in is kept.

import { t } from "./i18n.js";

const CLIENT = "web";
// `support` is given to staff alone; what was given is in the token's answer.
const SCOPE = "openid email profile locations charging history account problems support";
const PENDING = "emsp.sign-in";
const KNOWN = "emsp.signed-in";
const EARLY = 30_000;

let access = null;
let refresh = null;
let ends = 0;
let renewing = null;
let scopes = new Set();

export class SignedOut extends Error {}

export const signedIn = () => access !== null;

// Whether somebody of support is signed in.
export const isStaff = () => access !== null && scopes.has("support");

const encode = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const random = () => encode(crypto.getRandomValues(new Uint8Array(32)));

async function challengeOf(verifier) {
  return encode(
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))),
  );
}

const redirectUri = () => `${location.origin}/`;

// Leaves for the identity server; the driver comes back to where he was.
export async function signIn({ prompt = null, language = null } = {}) {
  const pending = { state: random(), verifier: random(), hash: location.hash };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const asked = new URLSearchParams({
    response_type: "code",
    client_id: CLIENT,
    redirect_uri: redirectUri(),
    scope: SCOPE,
    state: pending.state,
    code_challenge: await challengeOf(pending.verifier),
    code_challenge_method: "S256",
  });
  if (prompt) asked.set("prompt", prompt);
  if (language) asked.set("ui_locales", language);
  location.assign(`/oauth/authorize?${asked}`);
  return new Promise(() => {});
}

// Finishes a sign-in that is under way, or renews the one of an earlier visit. Says why it failed.
export async function begin() {
  const given = new URLSearchParams(location.search);
  if (given.has("code") || given.has("error")) return finish(given);
  if (localStorage.getItem(KNOWN) && navigator.onLine) await signIn({ prompt: "none" });
  return null;
}

async function finish(given) {
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", `/${pending?.hash ?? ""}`);
  // An answer that we did not ask for is somebody else's sign-in, or a link with their words.
  if (!pending || pending.state !== given.get("state")) return t("welcome.stranger");
  if (given.has("error")) {
    localStorage.removeItem(KNOWN);
    return given.get("error") === "login_required" ? null : reason(given.get("error"));
  }
  const answer = await ask({
    grant_type: "authorization_code",
    code: given.get("code"),
    redirect_uri: redirectUri(),
    code_verifier: pending.verifier,
  });
  return answer.ok ? null : answer.error;
}

// Why it failed, in our own words: what a URL says is not ours to show.
function reason(code) {
  if (code === "access_denied") return t("welcome.denied");
  if (code === "server_error" || code === "temporarily_unavailable") return t("welcome.busy");
  return t("welcome.refused");
}

async function ask(fields) {
  const answer = await fetch("/oauth/token", {
    method: "POST",
    body: new URLSearchParams({ client_id: CLIENT, ...fields }),
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok)
    return {
      ok: false,
      refused: answer.status < 500,
      error: reason(answer.status < 500 ? told.error : "server_error"),
    };
  access = told.access_token;
  refresh = told.refresh_token ?? null;
  scopes = new Set((told.scope ?? "").split(" "));
  ends = Date.now() + told.expires_in * 1000;
  localStorage.setItem(KNOWN, "1");
  return { ok: true };
}

// An access token that is good now. Throws SignedOut when the driver has to sign in again.
export async function token({ renewed = false } = {}) {
  if (access === null) throw new SignedOut();
  if (renewed || Date.now() > ends - EARLY) {
    renewing ??= renew().finally(() => (renewing = null));
    await renewing;
  }
  return access;
}

async function renew() {
  const answer =
    refresh === null
      ? { ok: false, refused: true }
      : await ask({ grant_type: "refresh_token", refresh_token: refresh });
  if (answer.ok) return;
  if (!answer.refused) throw new TypeError("the identity server cannot be reached");
  forget();
  throw new SignedOut();
}

// A guest's token is for one charge and cannot be renewed.
export function beGuest(given) {
  access = given;
  refresh = null;
  scopes = new Set();
  ends = Date.now() + 24 * 3600 * 1000;
}

function forget() {
  access = null;
  refresh = null;
  localStorage.removeItem(KNOWN);
}

// Ends the sign-in here and at the identity server, whose page asks once more.
export async function signOut() {
  const last = refresh ?? access;
  forget();
  const body = new URLSearchParams({ client_id: CLIENT, token: last ?? "" });
  await fetch("/oauth/revoke", { method: "POST", body }).catch(() => null);
  location.assign("/account/sign-out");
}

// The account is gone: there is nothing to end.
export function deleted() {
  forget();
}
