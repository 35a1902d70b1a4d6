// What a charge would cost, before it starts: each part named, for the amounts the driver thinks of.

import { fill, h } from "../dom.js";
import { money, moment, quantity } from "../format.js";
import { t, tn } from "../i18n.js";
import { alertOf, field, priceTable, section } from "../widgets.js";

const PAUSE = 350;
const USUAL_KWH = "20";

// `choose` shows the price of a plug; `priceAt` asks for it, with what the driver has filled in;
// `told` hears the sum.
export function pricePanel({ priceAt, told = () => null }) {
  const energy = h("input", {
    type: "number",
    min: "1",
    max: "200",
    step: "1",
    value: USUAL_KWH,
    inputmode: "numeric",
  });
  const minutes = h("input", {
    type: "number",
    min: "1",
    max: "1440",
    step: "1",
    placeholder: t("station.price.minutes.none"),
    inputmode: "numeric",
  });
  const shown = h("div", { "aria-live": "polite" });
  const element = section(
    t("station.price"),
    h(
      "div",
      { class: "pair" },
      field(t("station.price.energy"), energy),
      field(t("station.price.minutes"), minutes),
    ),
    shown,
  );
  element.hidden = true;
  let plug = null;
  let timer = null;
  for (const input of [energy, minutes]) {
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE);
    });
  }

  async function ask() {
    if (!plug || !energy.validity.valid || !minutes.validity.valid) return;
    const asked = plug;
    const values = { energy_kwh: energy.value, minutes: minutes.value };
    try {
      const price = await priceAt(plug, values);
      if (asked !== plug) return;
      fill(shown, priceOf(price));
      told(price.computable ? sumOf(price, values) : "");
    } catch (error) {
      if (error.name !== "AbortError" && asked === plug) fill(shown, alertOf(error));
    }
  }

  return {
    element,
    choose(chosen) {
      const same =
        plug &&
        chosen &&
        plug.evse.uid === chosen.evse.uid &&
        plug.connector.id === chosen.connector.id;
      plug = chosen;
      element.hidden = !chosen;
      if (!same) told("");
      if (chosen && !same) ask();
    },
  };
}

// The sum with what it is for: the energy that the price itself counts, which is less than what was
// asked for when the minutes are too few.
function sumOf({ total, currency, lines }, { energy_kwh, minutes }) {
  const counted = lines.filter((line) => line.kind === "energy" && line.quantity !== null);
  const billed = counted.reduce((sum, line) => sum + Number(line.quantity), 0);
  const energy = quantity(counted.length ? billed : energy_kwh, "kWh");
  const amount = money(total.gross, currency);
  if (!minutes) return t("station.sum", { amount, energy });
  const stay = tn("unit.minutes", Number(minutes));
  return counted.length
    ? t("station.sum.stay", { amount, energy, minutes: stay })
    : t("station.sum.time", { amount, minutes: stay });
}

// A price with all its parts, or why there is none.
function priceOf(price) {
  if (!price.computable) {
    const why = price.remarks.join(" ");
    return h(
      "p",
      { class: "note" },
      why ? t("station.price.unknown", { reason: why }) : t("station.price.unknown.plain"),
    );
  }
  const { currency, total, tariff, plan } = price;
  return h(
    "div",
    { class: "stack" },
    h(
      "p",
      { class: "total" },
      h("span", {}, t("station.price.total")),
      h("strong", { "data-testid": "price-total" }, money(total.gross, currency)),
      h(
        "small",
        { class: "muted" },
        t("station.price.vat", { amount: money(total.vat, currency) }),
      ),
    ),
    priceTable(price),
    plan && h("p", { class: "muted small" }, t("station.price.plan", { plan: plan.name })),
    price.remarks.map((remark) => h("p", { class: "muted small" }, remark)),
    tariff?.elements_text.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, t("station.price.how")),
        h(
          "ul",
          { class: "plain-list" },
          tariff.elements_text.map((line) => h("li", {}, line)),
        ),
        tariff.valid_until &&
          h(
            "p",
            { class: "muted small" },
            t("station.price.valid", { until: moment(tariff.valid_until) }),
          ),
      ),
  );
}
