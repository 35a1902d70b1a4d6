// A receipt: what was charged, where and when, its VAT, whether it is paid, and the PDF.

import { call, download, get, id } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { day, kwh, moment, money, rate } from "../format.js";
import { catalogue, t, within } from "../i18n.js";
import { attempt, backLink, fact, heading, notice, priceTable, section } from "../widgets.js";

const LOOKS = { paid: "free", failed: "out", disputed: "busy" };

export async function receipt(main, params, signal) {
  const one = await get(`/receipts/${id(params.id)}`, signal);
  const paper = await catalogue(one.language);
  fill(
    main,
    h(
      "div",
      { class: "page" },
      backLink("/history", t("history.title")),
      heading(t("receipt.title", { number: one.number })),
      h(
        "p",
        { class: "row" },
        state(one),
        h("span", { class: "muted" }, t("receipt.issued", { date: day(one.issued_at) })),
      ),
      one.corrects && h("p", {}, t("receipt.corrects", { number: one.corrects })),
      h(
        "div",
        { lang: paper.language },
        within(paper, () => content(one)),
      ),
      one.state === "failed" && payAgain(one, () => receipt(main, params, signal)),
      pdfButton(one),
      one.charge_id &&
        h(
          "a",
          { class: "button quiet wide", href: `#/charge/${id(one.charge_id)}` },
          t("receipt.charge"),
        ),
    ),
  );
}

// What stands on the paper, in the language that it was made out in.
const content = (one) =>
  section(t("receipt.lines"), about(one.about), priceTable(one), sums(one), remarks(one));

function about({ station, address, start, energy_kwh }) {
  if (!station) return null;
  const what = [start && moment(start), energy_kwh && kwh(energy_kwh)].filter(Boolean).join(" · ");
  return h("p", {}, h("strong", {}, station), h("br", {}), address, h("br", {}), what);
}

function sums(one) {
  const amount = (value) => money(value, one.currency);
  const taxed = one.vat_rows.filter((row) => row.vat_rate !== null);
  return [
    h(
      "dl",
      { class: "facts" },
      fact(t("receipt.net"), amount(one.net)),
      taxed.map((row) => fact(t("price.vat", { rate: rate(row.vat_rate) }), amount(row.vat))),
    ),
    h(
      "p",
      { class: "total" },
      h("span", {}, t("receipt.gross")),
      h("strong", { "data-testid": "receipt-gross" }, amount(one.gross)),
    ),
  ];
}

function remarks(one) {
  const { name, address, vat_id } = one.seller;
  const seller = [name, ...address, vat_id].filter(Boolean).join(", ");
  return h(
    "div",
    { class: "stack" },
    one.remarks.map((remark) => h("p", { class: "muted small" }, remark)),
    one.note && h("p", { class: "note" }, one.note),
    h("p", { class: "muted small" }, seller),
  );
}

function pdfButton(one) {
  const take = () =>
    attempt(button, () => download(one.pdf, `${one.number}.pdf`, "application/pdf"));
  const button = h(
    "button",
    { type: "button", class: "big", onclick: take },
    icon("down"),
    t("receipt.pdf"),
  );
  return h("div", {}, button);
}

function payAgain(one, changed) {
  const pay = () =>
    attempt(button, async () => {
      await call("POST", `/receipts/${id(one.id)}/pay`);
      notice(t("receipt.pay.asked"));
      await changed();
    });
  const button = h(
    "button",
    { type: "button", class: "big", onclick: pay },
    icon("card"),
    t("receipt.pay"),
  );
  return h(
    "section",
    { class: "card", "aria-label": t("receipt.pay") },
    h("p", {}, t("receipt.unpaid")),
    button,
  );
}

const state = (one) =>
  h("span", { class: `chip ${LOOKS[one.state] ?? "plain"}` }, t(`receipt.state.${one.state}`));

// A receipt in a list.
export function receiptRow(one) {
  return h(
    "article",
    { class: "entry" },
    h("h3", {}, h("a", { href: `#/receipt/${id(one.id)}` }, t("receipt.title", one))),
    h(
      "p",
      { class: "row" },
      state(one),
      h("span", { class: "muted" }, `${t(`receipt.kind.${one.kind}`)}, ${day(one.issued_at)}`),
      h("strong", {}, money(one.gross, one.currency)),
    ),
  );
}
