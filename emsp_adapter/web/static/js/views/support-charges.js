// Charges of any driver, as support looks them up: a list, and one of them.

import { get, id, query } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { moment } from "../format.js";
import { t } from "../i18n.js";
import { backLink, fact, heading, pages, section } from "../widgets.js";
import { chargeRow } from "./charges.js";
import { figuresOf } from "./figures.js";
import { supportStationPath } from "./support.js";

// The charges that are asked for, the newest first.
export async function chargeList(values, signal) {
  const into = h("div", {});
  await pages("/support/charges", "charges", {
    values: { ...values, limit: 20 },
    show: (one) => chargeRow(one, "/support/charge"),
    none: t("support.charges.none"),
    signal,
    into,
  });
  return into;
}

export async function supportCharges(main, { driver_id, receipt }, signal) {
  const list = await chargeList({ driver_id, receipt }, signal);
  fill(
    main,
    h(
      "div",
      { class: "page" },
      backLink("/support", t("support.title")),
      heading(
        receipt ? t("support.charges.receipt", { number: receipt }) : t("support.charges.driver"),
      ),
      h("h2", { class: "hidden" }, t("support.charges")),
      list,
    ),
  );
}

export async function supportCharge(main, params, signal) {
  const one = await get(`/support/charges/${id(params.id)}`, signal);
  fill(
    main,
    h(
      "div",
      { class: "page" },
      backLink("/support", t("support.title")),
      heading(t("support.charge")),
      h("p", { class: "muted" }, t("support.charge.lead")),
      figuresOf(one, null),
      section(
        t("support.charge.facts"),
        h(
          "dl",
          { class: "facts column" },
          fact(t("support.charge.requested"), moment(one.requested_at)),
          fact(t("support.charge.id"), one.id),
          one.session_id && fact(t("support.charge.session"), one.session_id),
          fact(t("support.charge.source"), t(`support.source.${one.source}`)),
        ),
      ),
      h(
        "nav",
        { class: "card links", "aria-label": t("support.charge.more") },
        way(supportStationPath(one.location.id), "plug", t("support.station")),
        way(
          `/support/charges${query({ driver_id: one.driver_id })}`,
          "person",
          t("support.charges.driver"),
        ),
      ),
    ),
  );
}

function way(path, sign, text) {
  return h("a", { href: `#${path}` }, icon(sign), h("span", {}, text), icon("chevron"));
}
