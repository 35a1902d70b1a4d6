// What goes on now: charges, planned starts, reservations.

import { call, get, id } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { kwh, moment, money } from "../format.js";
import { t } from "../i18n.js";
import { form, heading, section } from "../widgets.js";
import { liveCharge } from "./charge.js";

const AHEAD = new Set(["requested", "confirmed"]);

export async function charges(main, _params, signal) {
  const [{ charges: open }, { reservations }] = await Promise.all([
    get("/charges?state=open", signal),
    get("/reservations", signal),
  ]);
  const planned = open.filter((one) => one.state === "scheduled");
  const running = open.filter((one) => one.state !== "scheduled");
  fill(
    main,
    h(
      "div",
      { class: "page" },
      heading(t("charges.title")),
      await now(running, signal),
      planned.length > 0 &&
        section(
          t("charges.planned"),
          h(
            "ul",
            { class: "items" },
            planned.map((one) => h("li", {}, chargeRow(one))),
          ),
        ),
      reservations.length > 0 &&
        section(
          t("charges.reservations"),
          h(
            "ul",
            { class: "items" },
            reservations.map((one) =>
              h(
                "li",
                {},
                reservation(one, () => charges(main, _params, signal)),
              ),
            ),
          ),
        ),
    ),
  );
}

async function now(running, signal) {
  if (running.length === 1)
    return h(
      "section",
      { "aria-labelledby": "now" },
      h("h2", { id: "now", class: "hidden" }, t("charges.now")),
      liveCharge(running[0], signal),
    );
  if (running.length)
    return section(
      t("charges.now"),
      h(
        "ul",
        { class: "items" },
        running.map((one) => h("li", {}, chargeRow(one))),
      ),
    );
  return section(
    t("charges.now"),
    h("p", {}, t("charges.none")),
    h("p", { class: "muted" }, t("charges.none.lead")),
    h("a", { class: "button", href: "#/map" }, icon("map"), t("charges.find")),
  );
}

// A charge in two lines, as a link to its page.
export function chargeRow(one, path = "/charge") {
  const when =
    one.start_at && one.state === "scheduled" ? one.start_at : (one.started_at ?? one.requested_at);
  const paid =
    one.cost?.computable && one.started_at ? money(one.cost.total.gross, one.cost.currency) : null;
  return h(
    "article",
    { class: "entry" },
    h(
      "h3",
      {},
      h("a", { href: `#${path}/${id(one.id)}` }, one.location.name || one.location.address),
    ),
    h(
      "p",
      { class: "muted" },
      moment(when),
      one.source !== "app" && ` · ${t(`charge.source.${one.source}`)}`,
    ),
    h(
      "p",
      { class: "row" },
      one.state !== "finished" &&
        h(
          "span",
          { class: `chip ${one.state === "failed" || one.state === "missed" ? "out" : "plain"}` },
          t(`charge.state.${one.state}`),
        ),
      one.energy_kwh !== null && h("span", {}, kwh(one.energy_kwh)),
      paid && h("strong", {}, paid),
    ),
  );
}

function reservation(one, changed) {
  return h(
    "article",
    { class: "entry" },
    h("h3", {}, one.location.name || one.location.address),
    h(
      "p",
      { class: "row" },
      h(
        "span",
        {
          class: `chip ${one.state === "confirmed" ? "free" : one.state === "refused" ? "out" : "plain"}`,
        },
        t(`reservation.state.${one.state}`),
      ),
      h("span", { class: "muted" }, t("reservation.until", { time: moment(one.until) })),
    ),
    one.reason && h("p", {}, one.reason),
    AHEAD.has(one.state) &&
      form(
        {},
        async () => {
          await call("DELETE", `/reservations/${id(one.id)}`);
          await changed();
        },
        h("button", { type: "submit", class: "quiet" }, t("reservation.cancel")),
      ),
  );
}
