// The app: its frame, its pages, and what happens once at the start.

import { ApiError } from "./api.js";
import { begin, isStaff, signedIn } from "./auth.js";
import { fill, h, icon } from "./dom.js";
import { preferred, speak, t } from "./i18n.js";
import { enter, find, go, route } from "./router.js";
import { applyTheme } from "./theme.js";
import { account } from "./views/account.js";
import { cards } from "./views/cards.js";
import { charge } from "./views/charge.js";
import { charges } from "./views/charges.js";
import { explore } from "./views/explore.js";
import { guest } from "./views/guest.js";
import { history } from "./views/history.js";
import { keepSetup } from "./views/payment.js";
import { problem, problems, report } from "./views/problem.js";
import { receipt } from "./views/receipt.js";
import { station } from "./views/station.js";
import { supportCharge, supportCharges } from "./views/support-charges.js";
import { supportReport } from "./views/support-report.js";
import { supportStation } from "./views/support-station.js";
import { support } from "./views/support.js";
import { welcome } from "./views/welcome.js";
import { alertOf, noticesNode, notice, spokenNode, turnPage } from "./widgets.js";

const PLACES = [
  ["explore", "/map", "map"],
  ["charges", "/charges", "bolt"],
  ["history", "/history", "clock"],
  ["account", "/account", "person"],
];
const SUPPORT = ["support", "/support", "headset"];
const GUEST = /^\/g\/([^/]+)$/;
// Answers to a code that names no plug: unknown, or not written like a code.
const NO_CODE = new Set([404, 422]);

const app = { config: null, failed: null, main: null, shown: false };

for (const as of ["map", "list"])
  route(`/${as}`, (main, _params, signal) => explore(main, { as }, signal, app.config), "explore");
route("/station/:key*", station, "explore");
route("/charges", charges, "charges");
route("/charge/:id", charge, "charges");
route("/history", history, "history");
route("/receipt/:id", receipt, "history");
route(
  "/account",
  (main, params, signal) => account(main, params, signal, { relaunch: launch, config: app.config }),
  "account",
);
route("/cards", cards, "account");
route("/report", report, "account");
route("/problems", problems, "account");
route("/problem/:id", problem, "account");
for (const [pattern, view] of [
  ["/support", support],
  ["/support/charges", supportCharges],
  ["/support/charge/:id", supportCharge],
  ["/support/station/:key*", supportStation],
  ["/support/report/:id", supportReport],
])
  route(pattern, view, "support");

function frame() {
  const main = h("main", { id: "content", tabindex: "-1" });
  const offline = h(
    "p",
    { class: "banner", role: "status", hidden: navigator.onLine },
    t("offline.banner"),
  );
  const places = isStaff() ? [...PLACES, SUPPORT] : PLACES;
  const nav =
    signedIn() &&
    h(
      "nav",
      { class: "nav", "aria-label": t("nav.label") },
      places.map(([name, path, sign]) =>
        h(
          "a",
          { href: `#${path}`, "data-place": name },
          icon(sign),
          h("span", {}, t(`nav.${name}`)),
        ),
      ),
    );
  fill(
    document.body,
    h("a", { class: "skip", href: "#content", onclick: skip }, t("skip")),
    h(
      "header",
      { class: "top" },
      h("a", { class: "brand", href: "/" }, icon("bolt"), h("span", {}, app.config.name)),
      nav,
    ),
    offline,
    main,
    noticesNode(),
    spokenNode(),
  );
  document.title = app.config.name;
  Object.assign(app, { main, offline, shown: false });
}

// The hash is the router's, so the skip link moves the focus itself.
function skip(event) {
  event.preventDefault();
  app.main.querySelector("h1")?.focus();
}

async function show() {
  const signal = enter();
  const found = find(location.hash);
  const code = GUEST.exec(location.pathname);
  document.querySelectorAll("dialog").forEach((one) => one.close());
  turnPage();
  for (const link of document.querySelectorAll(".nav a")) {
    if (link.dataset.place === found?.place) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const main = app.main;
  main.setAttribute("aria-busy", "true");
  const waiting = setTimeout(() => fill(main, h("p", { class: "loading" }, t("loading"))), 300);
  headed(main, () => {
    clearTimeout(waiting);
    if (!signal.aborted) arrived(main);
  });
  try {
    if (code) await guest(main, { code: decodeURIComponent(code[1]) }, signal, app.config);
    else if (!signedIn() && !navigator.onLine)
      throw new ApiError(0, { detail: t("error.network") });
    else if (!signedIn()) welcome(main, { failed: app.failed });
    else if (found && (found.place !== "support" || isStaff()))
      await found.view(main, found.params, signal);
    else missing(main, "page");
  } catch (error) {
    clearTimeout(waiting);
    if (signal.aborted || error.name === "AbortError") return;
    if (code && NO_CODE.has(error.status)) missing(main, "code", "/");
    else if (error.status === 404) missing(main, found.place === "explore" ? "station" : "page");
    else failed(main, error);
    if (!(error instanceof ApiError)) throw error;
  } finally {
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

// Tells when a page has its heading: a view may go on loading for long after that.
function headed(main, tell) {
  const watch = new MutationObserver(() => {
    if (!main.querySelector("h1")) return;
    watch.disconnect();
    tell();
  });
  watch.observe(main, { childList: true, subtree: true });
}

// A new page begins at its heading; the first one leaves the focus where the browser put it.
function arrived(main) {
  const title = main.querySelector("h1");
  document.title = `${title.textContent} · ${app.config.name}`;
  if (app.shown) {
    window.scrollTo(0, 0);
    title.focus({ preventScroll: true });
  }
  app.shown = true;
}

// Says in the driver's words that there is no such thing, with a way to where there are some.
function missing(main, what, home = "#/map") {
  fill(
    main,
    h(
      "div",
      { class: "page" },
      h("h1", { tabindex: "-1" }, t(`missing.${what}`)),
      h("p", {}, t(`missing.${what}.why`)),
      h("a", { class: "button", href: home }, t("missing.home")),
    ),
  );
}

function failed(main, error) {
  const text = navigator.onLine ? t("error.title") : t("offline.page");
  fill(
    main,
    h(
      "div",
      { class: "page" },
      h("h1", { tabindex: "-1" }, text),
      alertOf(error),
      h("button", { type: "button", onclick: show }, t("retry")),
    ),
  );
}

// Builds everything again, in the language that is spoken now.
function launch() {
  frame();
  return show();
}

function connection() {
  app.offline.hidden = navigator.onLine;
  if (navigator.onLine) notice(t("online.again"));
  // Offline, what was true a moment ago is not shown as if it were; online, it is asked for again.
  if (signedIn() || GUEST.test(location.pathname)) show();
  else if (navigator.onLine) location.reload();
}

// Only the service worker's own script may become one.
async function keepShell() {
  if (!("serviceWorker" in navigator)) return;
  const url = "/sw.js";
  const policy = globalThis.trustedTypes?.createPolicy("service-worker", {
    createScriptURL: () => url,
  });
  await navigator.serviceWorker.register(policy ? policy.createScriptURL(url) : url);
}

async function start() {
  applyTheme();
  const [config] = await Promise.all([
    fetch("/config.json").then((answer) => answer.json()),
    speak(preferred()),
  ]);
  app.config = config;
  if (!GUEST.test(location.pathname)) {
    keepSetup();
    app.failed = await begin().catch(() => t("error.network"));
    if (signedIn() && !location.hash) go("/map");
  }
  window.addEventListener("hashchange", show);
  window.addEventListener("online", connection);
  window.addEventListener("offline", connection);
  await launch();
  keepShell();
}

start();
