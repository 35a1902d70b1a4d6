// Charge cards: added by their number, named, blocked, removed.

import { call, get, id } from "../api.js";
import { fill, h } from "../dom.js";
import { moment } from "../format.js";
import { t } from "../i18n.js";
import {
  attempt,
  backLink,
  chip,
  confirm,
  field,
  form,
  heading,
  notice,
  section,
} from "../widgets.js";

export async function cards(main, params, signal) {
  const { cards: all } = await get("/cards", signal);
  const again = () => cards(main, params, signal);
  fill(
    main,
    h(
      "div",
      { class: "page" },
      backLink("/account", t("account.title")),
      heading(t("cards.title")),
      section(
        t("cards.yours"),
        all.length
          ? h(
              "ul",
              { class: "items" },
              all.map((one) => h("li", {}, row(one, again))),
            )
          : h("p", { class: "empty" }, t("cards.none")),
      ),
      section(
        t("cards.add"),
        form(
          { class: "stack" },
          async (given) => {
            const { uid, label } = given.elements;
            await call("POST", "/cards", {
              body: {
                uid: uid.value.trim(),
                ...(label.value.trim() && { label: label.value.trim() }),
              },
            });
            notice(t("cards.added"));
            await again();
          },
          field(
            t("cards.uid"),
            h("input", {
              name: "uid",
              required: true,
              maxlength: "36",
              autocomplete: "off",
              autocapitalize: "characters",
              spellcheck: "false",
            }),
            t("cards.uid.hint"),
          ),
          field(t("cards.label"), h("input", { name: "label", maxlength: "64" })),
          h("button", { type: "submit" }, t("cards.add")),
        ),
      ),
    ),
  );
}

function row(one, changed) {
  const label = one.label || one.uid;
  const active = one.state === "active";
  const block = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-label": t(active ? "cards.block" : "cards.unblock", { label }),
      onclick: () =>
        attempt(block, async () => {
          await call("PATCH", `/cards/${id(one.id)}`, { body: { blocked: active } });
          await changed();
        }),
    },
    t(active ? "cards.block.short" : "cards.unblock.short"),
  );
  const remove = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-label": t("cards.remove", { label }),
      onclick: () =>
        confirm(t("cards.remove.sure", { label }), null, t("remove"), async () => {
          await call("DELETE", `/cards/${id(one.id)}`);
          await changed();
        }),
    },
    t("remove"),
  );
  return h(
    "article",
    { class: "entry" },
    h("h3", {}, label),
    h(
      "p",
      { class: "row" },
      chip(active ? "free" : "out", t(`cards.state.${one.state}`)),
      one.label && h("span", { class: "muted" }, one.uid),
    ),
    one.contract_id && h("p", { class: "muted small" }, one.contract_id),
    one.suspicion &&
      h("p", { class: "note" }, `${moment(one.suspicion.at)}: ${one.suspicion.message}`),
    h("p", { class: "row" }, block, remove),
  );
}
