// The driver's plan: what each adds to a price, and having another one.

import { call } from "../api.js";
import { h } from "../dom.js";
import { day, money, rate, unitPrice } from "../format.js";
import { t } from "../i18n.js";
import { attempt, confirm, form, notice, section } from "../widgets.js";

// Nothing where there is nothing to choose; `changed` is called once there is another plan.
export function plansOf({ plans, current, next_plan: next, remarks }, changed) {
  if (plans.length < 2) return null;
  const named = (id) => plans.find((one) => one.id === id);
  const own = named(current);
  return section(
    t("account.plan"),
    next && leaving(own, { ...next, name: named(next.id)?.name ?? next.id }, changed),
    form(
      { class: "stack" },
      async ({ elements }) => {
        const chosen = named(elements.plan.value);
        if (chosen.id === current) notice(t("account.plan.same", { plan: chosen.name }));
        else ask(chosen, own, changed);
      },
      h(
        "fieldset",
        { class: "choices" },
        h("legend", { class: "hidden" }, t("account.plan")),
        plans.map((one) => choice(one, current)),
      ),
      h("button", { type: "submit", class: "quiet" }, t("account.plan.change")),
    ),
    remarks.map((remark) => h("p", { class: "muted small" }, remark)),
  );
}

function choice(one, current) {
  const checked = one.id === current;
  return h(
    "label",
    { class: "choice" },
    h("input", { type: "radio", name: "plan", value: one.id, checked }),
    h(
      "span",
      {},
      h("strong", {}, checked ? t("account.plan.own", { plan: one.name }) : one.name),
      h("small", {}, planLine(one)),
    ),
  );
}

// The plan that will follow, which can be taken back.
function leaving(own, next, changed) {
  const keep = h(
    "button",
    {
      type: "button",
      class: "quiet",
      onclick: () => attempt(keep, () => have(own, changed)),
    },
    t("account.plan.keep", { plan: own.name }),
  );
  const told = { plan: own.name, next: next.name, date: day(next.since) };
  return h("div", { class: "stack" }, h("p", { class: "note" }, t("account.plan.next", told)), keep);
}

// Says what another plan costs and from when on, before the driver has it.
function ask(chosen, own, changed) {
  confirm(
    t("account.plan.sure", { plan: chosen.name }),
    terms(chosen, own),
    t("account.plan.do", { plan: chosen.name }),
    () => have(chosen, changed),
    { look: "primary" },
  );
}

function terms({ begins, currency, monthly_gross }, own) {
  const free = nothing(monthly_gross);
  const told = {
    amount: money(monthly_gross, currency),
    date: begins && day(begins),
    plan: own.name,
  };
  if (begins) return t(free ? "account.plan.later.free" : "account.plan.later", told);
  return t(free ? "account.plan.now.free" : "account.plan.now", told);
}

async function have(chosen, changed) {
  const { next_plan: next } = await call("PUT", "/plan", { body: { id: chosen.id } });
  const told = { plan: chosen.name, date: next && day(next.since) };
  notice(t(next ? "account.plan.chosen.later" : "account.plan.chosen", told));
  await changed();
}

const nothing = (amount) => Number(amount) === 0;

function planLine({ currency, monthly_fee, margin_percent, margin_per_kwh, session_fee }) {
  const added = [
    !nothing(margin_percent) && t("account.plan.percent", { percent: rate(margin_percent) }),
    !nothing(margin_per_kwh) &&
      t("account.plan.kwh", { amount: unitPrice(margin_per_kwh, currency) }),
    !nothing(session_fee) && t("account.plan.session", { amount: money(session_fee, currency) }),
  ].filter(Boolean);
  const fee = nothing(monthly_fee)
    ? t("account.plan.free")
    : t("account.plan.fee", { amount: money(monthly_fee, currency) });
  const price = added.length
    ? t("account.plan.added", { parts: added.join(" + ") })
    : t("account.plan.nothing");
  return `${fee} · ${price}`;
}
