// The desk of support: who or what a call is about, and the reports that wait.

import { get, query } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { day } from "../format.js";
import { t } from "../i18n.js";
import { go, replace } from "../router.js";
import { field, form, heading, pages, section, select } from "../widgets.js";
import { row } from "./problem.js";
import { placeCard } from "./places.js";

const CHARGE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const RECEIPT = /^\d{4}-\d{6}$/;
const STATES = ["open", "with_operator", "answered", "closed"];

export const supportStationPath = (key) => `/support/station/${encodeURIComponent(key)}`;

export async function support(main, { find = "", state = "open" }, signal) {
  const found = h("div", {});
  const queue = h("div", {});
  fill(
    main,
    h(
      "div",
      { class: "page" },
      heading(t("support.title")),
      section(t("support.find"), search(find), found),
      reports(queue, state, find),
    ),
  );
  await Promise.all([lookUp(find.trim(), found, signal), waiting(queue, state, signal)]);
}

function search(find) {
  return form(
    { class: "stack", role: "search" },
    ({ elements }) => look(elements.find.value.trim()),
    field(
      t("support.find.label"),
      h("input", { name: "find", type: "search", required: true, maxlength: "100", value: find }),
      t("support.find.hint"),
    ),
    h("button", { type: "submit" }, icon("search"), t("support.find.do")),
  );
}

function look(find) {
  if (CHARGE.test(find)) go(`/support/charge/${find.toLowerCase()}`);
  else if (RECEIPT.test(find)) go(`/support/charges?receipt=${find}`);
  else go(`/support${query({ find })}`);
}

// An address is a driver's, everything else the words of a place.
async function lookUp(find, into, signal) {
  if (!find) return;
  if (find.includes("@")) await drivers(find, into, signal);
  else
    await pages("/locations", "locations", {
      values: { text: find, limit: 20 },
      show: (place) => placeCard(place, supportStationPath(place.id)),
      none: t("support.find.nowhere"),
      signal,
      into,
    });
}

async function drivers(email, into, signal) {
  const { drivers: found } = await get(`/support/drivers${query({ email })}`, signal);
  fill(
    into,
    found.length
      ? h(
          "ul",
          { class: "items" },
          found.map((one) => h("li", {}, driver(one))),
        )
      : h("p", { class: "empty" }, t("support.find.nobody")),
  );
}

function driver(one) {
  return h(
    "article",
    { class: "entry" },
    h(
      "h3",
      {},
      h("a", { href: `#/support/charges${query({ driver_id: one.id })}` }, one.email ?? one.id),
    ),
    h(
      "p",
      { class: "muted" },
      [one.name, t(`support.driver.${one.status}`), t("account.since", { date: day(one.created_at) })]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}

function reports(queue, state, find) {
  const states = select(
    STATES.map((one) => [one, t(`problem.state.${one}`)]),
    state,
  );
  states.addEventListener("change", () =>
    replace(`/support${query({ find, state: states.value })}`),
  );
  return section(t("problem.list"), field(t("support.reports.state"), states), queue);
}

async function waiting(into, state, signal) {
  await pages("/support/problems", "problems", {
    values: { state, limit: 20 },
    show: (one) => row(one, "/support/report"),
    none: t("support.reports.none"),
    signal,
    into,
  });
}
