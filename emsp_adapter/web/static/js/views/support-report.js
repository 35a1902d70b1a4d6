// A report of a driver, which support answers or closes.

import { call, get, id, query } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { attempt, backLink, check, field, form, heading, notice, section } from "../widgets.js";
import { about, state, talk } from "./problem.js";
import { supportStationPath } from "./support.js";

export async function supportReport(main, params, signal) {
  const one = await get(`/support/problems/${id(params.id)}`, signal);
  const of = await about(one, signal);
  fill(
    main,
    h(
      "div",
      { class: "page" },
      backLink("/support", t("support.title")),
      heading(t(`problem.kind.${one.kind}`)),
      h("p", { class: "row" }, state(one), h("span", { class: "muted" }, handed(one))),
      of,
      ways(one),
      talk(one, "support"),
      one.state !== "closed" && answering(one),
    ),
  );
}

// Whom it was told, and why they did not take it.
function handed({ operator, refusal }) {
  if (!operator) return t("support.report.ours");
  const named = { operator: operator.toUpperCase().replace("/", "-") };
  return refusal
    ? t("support.report.refused", { ...named, reason: refusal })
    : t("support.report.told", named);
}

function ways({ location, charge_id, driver_id }) {
  const link = (path, text) => h("a", { class: "link", href: `#${path}` }, text);
  return h(
    "p",
    { class: "row" },
    location && link(supportStationPath(location), t("support.station")),
    charge_id && link(`/support/charge/${id(charge_id)}`, t("support.charge")),
    driver_id && link(`/support/charges${query({ driver_id })}`, t("support.charges.driver")),
  );
}

function answering(one) {
  const path = `/support/problems/${id(one.id)}`;
  const again = () => go(`/support/report/${id(one.id)}`);
  const close = h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: () =>
        attempt(close, async () => {
          await call("POST", `${path}/close`);
          again();
        }),
    },
    t("support.report.close"),
  );
  return section(
    t("support.answer"),
    form(
      { class: "stack" },
      async ({ elements }) => {
        const body = { text: elements.text.value.trim(), close: elements.close.checked };
        await call("POST", `${path}/answers`, { body });
        notice(t("support.answer.sent"));
        again();
      },
      field(
        t("support.answer.text"),
        h("textarea", { name: "text", required: true, rows: "4", maxlength: "2000" }),
        t("support.answer.hint"),
      ),
      check(t("support.answer.last"), { name: "close" }),
      h(
        "div",
        { class: "actions" },
        h("button", { type: "submit" }, t("problem.answer.send")),
        close,
      ),
    ),
  );
}
