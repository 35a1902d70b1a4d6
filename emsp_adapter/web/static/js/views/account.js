// The driver's account: details, plan, payment, notifications, this app, and the way out.

import { call, download, get, id } from "../api.js";
import { deleted, signOut } from "../auth.js";
import { fill, h, icon } from "../dom.js";
import { day, money, rate } from "../format.js";
import { LANGUAGES, language, speak, t } from "../i18n.js";
import { setTheme, theme, THEMES } from "../theme.js";
import {
  attempt,
  check,
  dialog,
  field,
  form,
  heading,
  notice,
  section,
  select,
} from "../widgets.js";
import { finishSetup, payment } from "./payment.js";

export async function account(main, params, signal, { relaunch, config }) {
  await finishSetup();
  const [me, plans, methods, notifications] = await Promise.all([
    get("/me", signal),
    get("/plans", signal),
    get("/payment-methods", signal),
    get("/notifications", signal),
  ]);
  const again = () => account(main, params, signal, { relaunch, config });
  fill(
    main,
    h(
      "div",
      { class: "page" },
      heading(t("account.title")),
      profile(me),
      h(
        "nav",
        { class: "card links", "aria-label": t("account.title") },
        way("/cards", "card", "account.cards"),
        way("/problems", "flag", "account.problems"),
      ),
      payment(methods, again, config),
      plan(plans, again),
      notify(notifications),
      app(me, relaunch),
      data(me),
    ),
  );
}

function way(path, sign, key) {
  return h(
    "a",
    { href: `#${path}` },
    icon(sign),
    h("span", {}, h("strong", {}, t(key)), h("small", { class: "muted" }, t(`${key}.lead`))),
    icon("chevron"),
  );
}

function profile(me) {
  return section(
    t("account.profile"),
    form(
      { class: "stack" },
      async (given) => {
        await call("PATCH", "/me", { body: { name: given.elements.name.value.trim() } });
        notice(t("saved"));
      },
      field(
        t("account.name"),
        h("input", { name: "name", value: me.name ?? "", maxlength: "100", autocomplete: "name" }),
      ),
      h("p", {}, h("span", { class: "muted" }, `${t("account.email")}: `), me.email),
      h("p", { class: "muted small" }, t("account.since", { date: day(me.created_at) })),
      h("button", { type: "submit" }, t("save")),
    ),
  );
}

function plan({ plans, current }, changed) {
  if (plans.length < 2) return null;
  return section(
    t("account.plan"),
    h(
      "fieldset",
      { class: "choices" },
      h("legend", { class: "hidden" }, t("account.plan")),
      plans.map((one) => {
        const input = h("input", {
          type: "radio",
          name: "plan",
          value: one.id,
          checked: one.id === current,
        });
        input.addEventListener("change", () =>
          attempt(input, async () => {
            await call("PUT", "/plan", { body: { id: one.id } });
            notice(t("saved"));
            await changed();
          }),
        );
        return h(
          "label",
          { class: "choice" },
          input,
          h("span", {}, h("strong", {}, one.name), h("small", {}, planLine(one))),
        );
      }),
    ),
  );
}

function planLine(one) {
  const nothing = (value) => Number(value) === 0;
  return [
    nothing(one.monthly_fee)
      ? t("account.plan.free")
      : t("account.plan.fee", { amount: money(one.monthly_fee, one.currency) }),
    nothing(one.margin_percent)
      ? t("account.plan.margin.none")
      : t("account.plan.margin", { percent: rate(one.margin_percent) }),
    !nothing(one.session_fee) &&
      t("account.plan.session", { amount: money(one.session_fee, one.currency) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

function notify(settings) {
  const kinds = Object.keys(settings.email);
  return section(
    t("account.notifications"),
    form(
      { class: "stack" },
      async (given) => {
        const email = Object.fromEntries(kinds.map((kind) => [kind, given.elements[kind].checked]));
        await call("PUT", "/notifications", { body: { email, webhook: settings.webhook } });
        notice(t("saved"));
      },
      h(
        "fieldset",
        { class: "checks column" },
        h("legend", {}, t("account.notifications.email")),
        kinds.map((kind) =>
          check(t(`notify.${kind}`), { name: kind, checked: settings.email[kind] }),
        ),
      ),
      h("button", { type: "submit" }, t("save")),
    ),
  );
}

function app(me, relaunch) {
  const languages = select(Object.entries(LANGUAGES), language());
  languages.addEventListener("change", async () => {
    await speak(languages.value, { keep: true });
    await call("PATCH", "/me", { body: { locale: languages.value } });
    relaunch();
  });
  const themes = select(
    THEMES.map((one) => [one, t(`account.theme.${one}`)]),
    theme(),
  );
  themes.addEventListener("change", () => setTheme(themes.value));
  return section(
    t("account.app"),
    h(
      "div",
      { class: "pair" },
      field(t("account.language"), languages),
      field(t("account.theme"), themes),
    ),
  );
}

function data(me) {
  const take = h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: () =>
        attempt(take, () => download("/me/export", "my-data.json", "application/json")),
    },
    icon("down"),
    t("account.export"),
  );
  return section(
    t("account.data"),
    h(
      "div",
      { class: "stack" },
      take,
      h(
        "button",
        { type: "button", class: "quiet", onclick: () => remove(me) },
        t("account.delete"),
      ),
      h("button", { type: "button", class: "quiet", onclick: signOut }, t("account.signout")),
    ),
  );
}

// Deleting asks for the e-mail: a slip of the thumb does not type it.
function remove(me) {
  const shown = dialog(
    t("account.delete.sure"),
    h("p", {}, t("account.delete.what")),
    form(
      { class: "stack" },
      async () => {
        await call("DELETE", "/me");
        deleted();
        shown.close();
        notice(t("account.deleted"));
        location.assign("/");
      },
      field(
        t("account.delete.type"),
        h("input", {
          type: "email",
          required: true,
          autocomplete: "off",
          pattern: me.email.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"),
          placeholder: me.email,
        }),
      ),
      h(
        "div",
        { class: "actions" },
        h("button", { type: "submit", class: "danger" }, t("account.delete.do")),
        h("button", { type: "button", class: "quiet", onclick: () => shown.close() }, t("cancel")),
      ),
    ),
  );
}
