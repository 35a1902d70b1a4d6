// What can be done at a charging point: start now, start later, reserve, report a problem.

import { call, id, once, query } from "../api.js";
import { h, icon } from "../dom.js";
import { localInput } from "../format.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { field, form, notice } from "../widgets.js";

const QUARTER = 15 * 60_000;

// The start of a plug; `sum` says what it would cost.
export function startForm(plug, sum) {
  const send = once();
  const reserved = plug.evse.status === "RESERVED";
  const hint = t(reserved ? "station.start.reserved" : "station.start.confirm");
  return form(
    {},
    () => begin(send, wish(plug)),
    h(
      "p",
      { class: "row spread small" },
      h("span", { class: "muted" }, hint),
      sum,
    ),
    h("button", { type: "submit", class: "big" }, icon("bolt"), t("station.start")),
  );
}

// What can be filled in for a plug: it stays while the plug's status changes.
export const panelsOf = (plug) => plug && { later: later(plug), reserve: reserve(plug) };

// Everything beside the start, or why it cannot be.
export function others(key, plug, panels) {
  if (!plug) return [h("p", { class: "muted" }, t("station.cannot.choose")), report(key)];
  if (plug.evse.startable)
    return [panels.later, plug.evse.reservable && panels.reserve, report(key, plug)];
  const why = h("p", { class: "note" }, plug.evse.start_refusal);
  return [why, panels.later, report(key, plug)];
}

// A plug as the API is asked for it.
export const wish = ({ key, evse, connector }) => ({
  location: key,
  evse_uid: evse.uid,
  connector_id: connector.id,
});

async function begin(send, body) {
  const made = await send((key) => call("POST", "/charges", { body, key }));
  go(`/charge/${id(made.id)}`);
}

function later(plug) {
  const send = once();
  return h(
    "details",
    { class: "card" },
    h("summary", {}, icon("calendar"), t("station.later")),
    form(
      { class: "stack" },
      ({ elements }) => begin(send, { ...wish(plug), start_at: moment(elements.at) }),
      field(t("station.later.at"), timeInput("at", 4), t("station.later.hint")),
      h("button", { type: "submit" }, t("station.later.do")),
    ),
  );
}

function reserve({ key: location, evse }) {
  const send = once();
  return h(
    "details",
    { class: "card" },
    h("summary", {}, icon("clock"), t("station.reserve")),
    form(
      { class: "stack" },
      async ({ elements }) => {
        const body = { location, evse_uid: evse.uid, until: moment(elements.until) };
        await send((key) => call("POST", "/reservations", { body, key }));
        notice(t("station.reserve.sent"));
        go("/charges");
      },
      field(t("station.reserve.until"), timeInput("until", 2)),
      h("button", { type: "submit" }, t("station.reserve.do")),
    ),
  );
}

function report(location, plug) {
  const about = query({ location, evse_uid: plug?.evse.uid });
  const attributes = { class: "button quiet wide", href: `#/report${about}` };
  return h("a", attributes, icon("flag"), t("station.report"));
}

const moment = (input) => new Date(input.value).toISOString();

// A time to choose, some quarters of an hour from now.
function timeInput(name, quarters) {
  const soon = new Date(Math.ceil(Date.now() / QUARTER) * QUARTER + (quarters - 1) * QUARTER);
  return h("input", {
    type: "datetime-local",
    name,
    required: true,
    min: localInput(new Date()),
    value: localInput(soon),
  });
}
