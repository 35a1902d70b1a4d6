// What a driver looks for: the filters of the map and the list, kept on this device.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { check, dialog, field, form, select } from "../widgets.js";
import { plugName } from "./places.js";

const KEPT = "emsp.filters";
const PLUGS = [
  "IEC_62196_T2",
  "IEC_62196_T2_COMBO",
  "CHADEMO",
  "IEC_62196_T1",
  "IEC_62196_T1_COMBO",
  "TESLA_S",
  "DOMESTIC_F",
];
const POWERS = ["11", "22", "50", "100", "150"];
const NONE = { plug: [], min_kw: "", free: false, open: false, max_price: "", operator: "" };

export function kept() {
  try {
    return { ...NONE, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
  } catch {
    return { ...NONE };
  }
}

// As the API takes them; what is not set is left out.
export function asked(filters) {
  return { ...filters, plug: filters.plug.join(",") };
}

export function inUse(filters) {
  return Object.values(filters).filter((value) => (Array.isArray(value) ? value.length : value))
    .length;
}

// Asks the driver; `changed` hears what he chose.
export function choose(filters, changed) {
  const done = (chosen) => {
    localStorage.setItem(KEPT, JSON.stringify(chosen));
    shown.close();
    changed(chosen);
  };
  const shown = dialog(
    t("explore.filters"),
    form(
      { class: "stack" },
      async (given) => done(read(given)),
      h(
        "fieldset",
        { class: "checks" },
        h("legend", {}, t("filter.plug")),
        PLUGS.map((plug) =>
          check(plugName(plug), {
            name: "plug",
            value: plug,
            checked: filters.plug.includes(plug),
          }),
        ),
      ),
      field(
        t("filter.power"),
        select(
          [
            ["", t("filter.power.any")],
            ...POWERS.map((n) => [n, t("filter.power.from", { kw: n })]),
          ],
          filters.min_kw,
          { name: "min_kw" },
        ),
      ),
      h(
        "div",
        { class: "checks" },
        check(t("filter.free"), { name: "free", checked: filters.free }),
        check(t("filter.open"), { name: "open", checked: filters.open }),
      ),
      field(
        t("filter.price"),
        h("input", {
          name: "max_price",
          inputmode: "decimal",
          pattern: "[0-9]+([.,][0-9]+)?",
          value: filters.max_price,
        }),
      ),
      field(
        t("filter.operator"),
        h("input", { name: "operator", value: filters.operator, maxlength: "100" }),
        t("filter.operator.hint"),
      ),
      h(
        "div",
        { class: "actions" },
        h("button", { type: "submit" }, t("explore.filters.show")),
        h(
          "button",
          { type: "button", class: "quiet", onclick: () => done({ ...NONE }) },
          t("explore.filters.reset"),
        ),
      ),
    ),
  );
}

function read(given) {
  const data = new FormData(given);
  return {
    plug: data.getAll("plug"),
    min_kw: data.get("min_kw"),
    free: data.has("free"),
    open: data.has("open"),
    max_price: data.get("max_price").replace(",", ".").trim(),
    operator: data.get("operator").trim(),
  };
}
