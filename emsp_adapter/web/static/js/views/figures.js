// A charge in figures: energy, power, time, cost, payment, and what it all means.

import { fill, h } from "../dom.js";
import { age, duration, kw, kwh, moment, money, percent, secondsSince } from "../format.js";
import { catalogue, language, t, within } from "../i18n.js";
import { fact, priceTable } from "../widgets.js";

const LOOKS = {
  charging: "free",
  starting: "busy",
  stopping: "busy",
  scheduled: "plain",
  finished: "plain",
  failed: "out",
  cancelled: "plain",
  missed: "out",
};

// What goes on, in a sentence.
export function lead(one) {
  if (one.reason) return one.reason;
  const time = { scheduled: one.start_at, charging: one.started_at, finished: one.ended_at }[
    one.state
  ];
  const key = `charge.lead.${one.state}`;
  const said = t(key, { time: time ? moment(time) : "–" });
  return said === key ? "" : said;
}

// What a screen reader hears of a charge that goes on.
export function told(one) {
  const energy = kwh(one.energy_kwh);
  if (!one.cost?.computable) return t("charge.announce.plain", { energy });
  return t("charge.announce", { energy, cost: money(one.cost.total.gross, one.cost.currency) });
}

function cost(one) {
  if (!one.cost?.computable)
    return ["finished", "stopping"].includes(one.state) ? t("charge.cost.pending") : "–";
  return money(one.cost.total.gross, one.cost.currency);
}

// The figures of a charge; `trouble` says how live they are.
export function figuresOf(one, trouble) {
  const running = one.state === "charging" || one.state === "stopping";
  const place = one.location.name || one.location.address;
  return h(
    "section",
    { class: `card charge ${one.state}`, "aria-label": t("charge.title") },
    h(
      "p",
      { class: "row" },
      h(
        "span",
        { class: `chip ${LOOKS[one.state]}`, "data-testid": "charge-state" },
        t(`charge.state.${one.state}`),
      ),
      running && trouble,
    ),
    h(
      "p",
      {},
      h("strong", {}, place),
      one.physical_reference && ` · ${one.physical_reference}`,
      h("br", {}),
      h(
        "span",
        { class: "muted" },
        [one.location.address, one.location.city]
          .filter((part) => part && part !== place)
          .join(", "),
      ),
    ),
    lead(one) && h("p", {}, lead(one)),
    one.energy_kwh !== null &&
      h(
        "p",
        { class: "meter" },
        h("strong", { "data-testid": "charge-energy" }, kwh(one.energy_kwh)),
        one.state_of_charge && battery(one.state_of_charge),
      ),
    h(
      "dl",
      { class: "facts" },
      running && one.power_kw !== null && fact(t("charge.power"), kw(one.power_kw), "charge-power"),
      one.started_at && fact(t("charge.time"), duration(one.started_at, one.ended_at), "charge-minutes"),
      one.state_of_charge && fact(t("charge.soc"), percent(one.state_of_charge), "charge-soc"),
      one.started_at &&
        fact(
          t(one.cost_is === "final" ? "charge.cost.final" : "charge.cost.estimate"),
          cost(one),
          "charge-cost",
        ),
    ),
    one.cost?.computable &&
      one.cost.lines.length > 0 &&
      h("details", {}, h("summary", {}, t("charge.cost.parts")), parts(one)),
    payment(one.payment),
    running &&
      h(
        "p",
        { class: "muted small" },
        t("charge.updated", { age: age(secondsSince(one.updated_at)) }),
      ),
  );
}

// What a receipt says of the parts is said in the receipt's language.
function parts({ cost, cost_language }) {
  if (cost_language === language()) return priceTable(cost);
  const table = h("div", { lang: cost_language });
  catalogue(cost_language).then((paper) =>
    fill(
      table,
      within(paper, () => priceTable(cost)),
    ),
  );
  return table;
}

function battery(level) {
  const bar = h("span", { class: "battery", "aria-hidden": "true" });
  bar.style.setProperty("--level", `${Math.min(100, Number(level))}%`);
  return bar;
}

function payment(paid) {
  if (!paid || paid.state === "none") return null;
  const amount = paid.amount && paid.currency ? money(paid.amount, paid.currency) : null;
  const plain = ["held", "captured", "refunded"].includes(paid.state) && !amount;
  return h(
    "p",
    { class: "muted small" },
    t(`payment.${paid.state}${plain ? ".plain" : ""}`, { amount }),
    // The demonstration alone has a note; it is said in the driver's language.
    paid.provider_note && ` ${t("account.payment.demo")}`,
  );
}
