// Payment methods: added here or on the provider's page, and removed.

import { call, id, newKey } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt, form, notice, section } from "../widgets.js";

// Where a payment method that is being added waits for the driver to be signed in again.
const SETUP = "emsp.setup";

// Takes the provider's answer out of the address, to be finished on the account page.
export function keepSetup() {
  const setup = new URLSearchParams(location.search).get("setup");
  if (!setup) return;
  sessionStorage.setItem(SETUP, setup);
  window.history.replaceState(null, "", "/#/account");
}

// The driver's payment methods; `changed` is called when they are others.
export function payment(found, changed, config) {
  const methods = found.payment_methods;
  return section(
    t("account.payment"),
    methods.length
      ? h(
          "ul",
          { class: "items" },
          methods.map((one) => h("li", {}, method(one, changed))),
        )
      : h("p", { class: "empty" }, t("account.payment.none")),
    ADDING[config.payment](changed, methods.length > 0),
  );
}

// The demonstration's method is named in the driver's language, a card as the provider names it.
const labelOf = ({ provider, label }) =>
  provider === "demo" ? t("account.payment.demo.label") : label;

function method(one, changed) {
  const label = labelOf(one);
  const remove = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-label": t("account.payment.remove", { label }),
      onclick: () =>
        attempt(remove, async () => {
          await call("DELETE", `/payment-methods/${id(one.id)}`);
          await changed();
        }),
    },
    t("remove"),
  );
  return h(
    "article",
    { class: "entry" },
    h(
      "p",
      { class: "row spread" },
      h(
        "span",
        {},
        h("strong", {}, label),
        one.default && h("span", { class: "muted" }, ` · ${t("account.payment.default")}`),
      ),
      remove,
    ),
    one.note && h("p", { class: "muted small" }, t("account.payment.demo")),
  );
}

// How a payment method is added, by who takes the money here.
const ADDING = {
  demo: (changed, told) =>
    form(
      { class: "stack" },
      async () => {
        await call("POST", "/payment-methods", { body: { kind: "demo" }, key: newKey() });
        await changed();
      },
      !told && h("p", { class: "muted small" }, t("account.payment.demo")),
      h("button", { type: "submit", class: "quiet" }, t("account.payment.add.demo")),
    ),
  stripe: () =>
    form(
      { class: "stack" },
      async () => location.assign((await call("POST", "/payment-setups")).url),
      h("p", { class: "muted small" }, t("account.payment.away")),
      h("button", { type: "submit", class: "quiet" }, t("account.payment.add")),
    ),
  none: () => h("p", { class: "muted small" }, t("account.payment.elsewhere")),
};

// The driver came back from the payment provider's page: what was given there becomes a method.
export async function finishSetup() {
  const setup = sessionStorage.getItem(SETUP);
  if (!setup) return;
  sessionStorage.removeItem(SETUP);
  await call("POST", "/payment-methods", { body: { setup }, key: newKey() });
  notice(t("account.payment.added"));
}
