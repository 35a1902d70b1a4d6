// The driver's account: details, plan, payment, notifications, this app, and the way out.

import { call, download, get, id } from "../api.js";
import { deleted, signOut } from "../auth.js";
import { fill, h, icon } from "../dom.js";
import { day } from "../format.js";
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
import { plansOf } from "./plans.js";

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
      profile(me, again),
      h(
        "nav",
        { class: "card links", "aria-label": t("account.title") },
        way("/cards", "card", "account.cards"),
        way("/problems", "flag", "account.problems"),
      ),
      payment(methods, again, config),
      plansOf(plans, again),
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

function profile(me, changed) {
  return section(
    t("account.profile"),
    form(
      { class: "stack" },
      async (given) => {
        const { name, email } = given.elements;
        const asked = email.value.trim();
        const other = asked.toLowerCase() === me.email ? {} : { email: asked };
        await call("PATCH", "/me", { body: { name: name.value.trim() || null, ...other } });
        notice(t(other.email ? "account.email.asked" : "saved", { email: asked }));
        await changed();
      },
      field(
        t("account.name"),
        h("input", { name: "name", value: me.name ?? "", maxlength: "100", autocomplete: "name" }),
      ),
      field(
        t("account.email"),
        h("input", {
          name: "email",
          type: "email",
          value: me.email ?? "",
          maxlength: "254",
          autocomplete: "email",
          required: true,
        }),
        me.pending_email && t("account.email.pending", { email: me.pending_email }),
      ),
      h("p", { class: "muted small" }, t("account.since", { date: day(me.created_at) })),
      h("button", { type: "submit" }, t("save")),
    ),
  );
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
      { class: "pair roomy" },
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
