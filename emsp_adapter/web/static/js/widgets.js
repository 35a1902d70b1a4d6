// What several views show: headings, fields, dialogs, notices, lists that go on, prices, states.

import { ApiError, get, query } from "./api.js";
import { fill, h, icon, newId } from "./dom.js";
import { partsFormat, quantity, rate, unitPrice } from "./format.js";
import { t, word } from "./i18n.js";

// The heading of a page: it takes the focus when the page changes.
export function heading(text, ...beside) {
  return h("header", { class: "page-head" }, h("h1", { tabindex: "-1" }, text), beside);
}

export function backLink(path, text = t("back")) {
  return h("a", { class: "back", href: `#${path}` }, icon("back"), text);
}

export function section(title, ...content) {
  const id = newId("section");
  return h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), content);
}

// A labelled control; `hint` is read with it.
export function field(label, control, hint = null) {
  control.id ||= newId("field");
  const told = hint && h("small", { id: `${control.id}-hint` }, hint);
  if (told) control.setAttribute("aria-describedby", told.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, told);
}

export function check(label, attributes = {}) {
  return h(
    "label",
    { class: "check" },
    h("input", { type: "checkbox", ...attributes }),
    h("span", {}, label),
  );
}

export function select(options, chosen, attributes = {}) {
  return h(
    "select",
    attributes,
    options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
  );
}

// A refusal, said at once.
export function alertOf(error) {
  const text = error instanceof ApiError ? error.message : t("error.page");
  return h("p", { class: "alert", role: "alert" }, icon("wait"), h("span", {}, text));
}

const notices = h("div", { class: "notices", role: "status" });
export const noticesNode = () => notices;

// A notice is often said with the way to another page, and stays for that one.
const TURNING = 1000;
let noticed = 0;

// A sentence that passes by, read aloud politely.
export function notice(text) {
  const shown = h("p", {}, text);
  fill(notices, shown);
  noticed = Date.now();
  setTimeout(() => shown.remove(), 6000);
}

// Takes away what was said on the page before.
export function turnPage() {
  spoken.textContent = "";
  if (Date.now() - noticed > TURNING) fill(notices);
}

const spoken = h("p", { class: "hidden", role: "status" });
export const spokenNode = () => spoken;

// A sentence for screen readers alone.
export function say(text) {
  spoken.textContent = text;
}

// Runs what a button does: the button rests meanwhile, a refusal stands beside it.
export async function attempt(button, work) {
  const around = button.closest("form, section, dialog, article") ?? button.parentElement;
  around.querySelectorAll(":scope > .alert").forEach((old) => old.remove());
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") {
      around.append(alertOf(error));
      if (!(error instanceof ApiError)) throw error;
    }
    return null;
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}

// A form whose submit is an attempt.
export function form(attributes, work, ...content) {
  return h(
    "form",
    {
      ...attributes,
      onsubmit: (event) => {
        event.preventDefault();
        attempt(event.submitter ?? event.target.querySelector("button"), () => work(event.target));
      },
    },
    content,
  );
}

// A dialog of the platform: it traps the focus, Escape closes it, and it goes when closed.
export function dialog(title, ...content) {
  const id = newId("dialog");
  const shown = h(
    "dialog",
    { "aria-labelledby": id, onclose: () => shown.remove() },
    h(
      "header",
      {},
      h("h2", { id }, title),
      h(
        "button",
        { type: "button", class: "plain", "aria-label": t("close"), onclick: () => shown.close() },
        icon("close"),
      ),
    ),
    content,
  );
  document.body.append(shown);
  shown.showModal();
  return shown;
}

// Asks before something that cannot be taken back; the work is done with the dialog open.
export function confirm(title, text, does, work, { look = "danger" } = {}) {
  const shown = dialog(
    title,
    text && h("p", {}, text),
    form(
      { class: "actions" },
      async () => {
        await work();
        shown.close();
      },
      h("button", { type: "submit", class: look }, does),
      h("button", { type: "button", class: "quiet", onclick: () => shown.close() }, t("cancel")),
    ),
  );
}

// A list of the API that goes on: `show` makes an item, `none` stands in an empty one.
export async function pages(
  path,
  name,
  { show, none, signal, into, values = {}, told = () => null },
) {
  const list = h("ul", { class: "items" });
  const more = h("button", { type: "button", class: "quiet wide" }, t("more"));
  let count = 0;
  async function load(cursor) {
    const answer = await get(`${path}${query({ ...values, cursor })}`, signal);
    list.append(...answer[name].map((one) => h("li", {}, show(one))));
    count += answer[name].length;
    more.hidden = !answer.next;
    more.onclick = () => attempt(more, () => load(answer.next));
    told({ count, more: Boolean(answer.next), things: answer[name] });
  }
  await load(null);
  fill(into, count ? [list, more] : h("p", { class: "empty" }, none));
}

// What one of it costs: prices of a unit come without VAT, amounts with it.
function perUnit(line, currency) {
  const once = unitPrice(line.unit_price, currency);
  const price = line.unit === "h" ? t("price.hourly", { price: once }) : once;
  return `× ${Number(line.vat) ? t("price.plus_vat", { price }) : price}`;
}

// The parts of a price; they add up to its sum as they are shown.
export function priceTable(price, caption = t("price.caption")) {
  const amount = partsFormat(
    price.lines.map((line) => line.gross),
    price.currency,
  );
  // What rounding left is told where it is a coin or more.
  const nothing = amount("0", price.currency);
  const told = price.lines.filter(
    (line) => line.kind !== "adjustment" || amount(line.gross, price.currency) !== nothing,
  );
  const lines = told.map((line) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        line.text,
        line.vat_rate !== null && h("small", {}, t("price.vat", { rate: rate(line.vat_rate) })),
      ),
      h(
        "td",
        {},
        line.quantity !== null && quantity(line.quantity, line.unit),
        line.unit_price !== null && h("small", {}, perUnit(line, price.currency)),
      ),
      h("td", {}, amount(line.gross, price.currency)),
    ),
  );
  return h(
    "table",
    { class: "price" },
    h("caption", { class: "hidden" }, caption),
    h(
      "thead",
      { class: "hidden" },
      h(
        "tr",
        {},
        ["line", "quantity", "gross"].map((name) => h("th", { scope: "col" }, t(`price.${name}`))),
      ),
    ),
    h("tbody", {}, lines),
  );
}

const KINDS = {
  AVAILABLE: "free",
  CHARGING: "busy",
  RESERVED: "busy",
  BLOCKED: "busy",
  OUTOFORDER: "out",
  INOPERATIVE: "out",
  REMOVED: "out",
};
const SIGNS = { free: "check", busy: "bolt", out: "cross", unknown: "wait" };

// A point's status in words; one we do not know is unknown.
export const statusText = (status) => word("status", status);

export const kindOf = (status) => KINDS[status] ?? "unknown";

// A state by colour, sign and word.
export function chip(kind, text) {
  return h("span", { class: `chip ${kind}` }, icon(SIGNS[kind]), h("span", {}, text));
}

export function fact(label, value, testid) {
  return h("div", { class: "fact" }, h("dt", {}, label), h("dd", { "data-testid": testid }, value));
}
