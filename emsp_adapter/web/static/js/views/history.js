// What was: the year in figures, past charges, monthly statements.

import { download, get } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { kwh, money, month } from "../format.js";
import { t, tn } from "../i18n.js";
import { attempt, fact, heading, pages, section } from "../widgets.js";
import { chargeRow } from "./charges.js";
import { receiptRow } from "./receipt.js";

const PAGE = 10;

export async function history(main, _params, signal) {
  const year = new Date().getFullYear();
  const past = h("div", {});
  const receipts = h("div", {});
  const [sums, { statements }] = await Promise.all([
    get(`/statistics?from=${year}-01-01T00:00:00Z&to=${year + 1}-01-01T00:00:00Z`, signal),
    get("/statements", signal),
    pages("/charges", "charges", {
      values: { state: "past", limit: PAGE },
      show: chargeRow,
      none: t("history.none"),
      signal,
      into: past,
    }),
    pages("/receipts", "receipts", {
      values: { limit: PAGE },
      show: receiptRow,
      none: t("history.receipts.none"),
      signal,
      into: receipts,
    }),
  ]);
  const monthly = statements.map((one) => h("li", {}, statement(one)));
  fill(
    main,
    h(
      "div",
      { class: "page" },
      heading(t("history.title")),
      sums.charges > 0 && section(t("history.summary"), summary(sums), months(sums.by_month)),
      section(t("history.charges"), past),
      section(t("history.receipts"), receipts),
      section(
        t("history.statements"),
        monthly.length
          ? h("ul", { class: "items" }, monthly)
          : h("p", { class: "empty" }, t("history.statements.none")),
      ),
    ),
  );
}

function summary(sums) {
  return h(
    "dl",
    { class: "facts" },
    fact(t("history.summary.charges"), String(sums.charges)),
    fact(t("history.summary.energy"), kwh(sums.energy_kwh)),
    fact(
      t("history.summary.cost"),
      sums.cost.map((one) => money(one.gross, one.currency)).join(" + ") || "–",
    ),
  );
}

// Bars for the eye, sentences for the ear.
function months(rows) {
  const energy = new Map();
  for (const row of rows) energy.set(row.month, row);
  const most = Math.max(...[...energy.values()].map((row) => Number(row.energy_kwh)), 1);
  const bars = [...energy.values()].map((row) => {
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", `${(100 * Number(row.energy_kwh)) / most}%`);
    return h(
      "li",
      {},
      bar,
      h(
        "span",
        { class: "hidden" },
        t("history.month", {
          month: month(row.month),
          energy: kwh(row.energy_kwh),
          charges: tn("history.charges.count", row.charges),
        }),
      ),
      h("span", { "aria-hidden": "true" }, month(row.month, "short")),
    );
  });
  return h(
    "figure",
    { class: "months" },
    h("figcaption", { class: "muted small" }, t("history.months")),
    h("ol", {}, bars),
  );
}

function statement(one) {
  const name = t("history.statement.pdf", { month: month(one.month) });
  const button = h(
    "button",
    {
      type: "button",
      class: "plain",
      "aria-label": name,
      onclick: () =>
        attempt(button, () =>
          download(`/statements/${one.month}/pdf`, `${one.month}.pdf`, "application/pdf"),
        ),
    },
    icon("down"),
    "PDF",
  );
  return h("p", { class: "row spread" }, h("span", {}, h("strong", {}, month(one.month))), button);
}
