// The points of a charger with their plugs, of which the driver chooses one.

import { h, icon } from "../dom.js";
import { age, kw } from "../format.js";
import { t } from "../i18n.js";
import { chip, kindOf, statusText } from "../widgets.js";
import { OLD, plugName } from "./places.js";

// What can be started now comes first; `choose` hears the plug.
export function pointsOf(place, chosen, choose) {
  const points = place.evses.toSorted((a, b) => b.startable - a.startable);
  return h(
    "fieldset",
    { class: "choices" },
    h("legend", { class: "hidden" }, t("station.points.choose")),
    points.map((evse) => point(place, evse, chosen, choose)),
  );
}

// The plug of a charger that is named so, or its only one.
export function plugOf(place, evse_uid, connector_id) {
  const all = place.evses.flatMap((evse) =>
    evse.connectors.map((connector) => ({ key: place.id, evse, connector })),
  );
  const named = all.filter((one) => one.evse.uid === evse_uid);
  if (named.length) return named.find((one) => one.connector.id === connector_id) ?? named[0];
  return all.length === 1 ? all[0] : null;
}

// What is written at a point, or else what it is known by.
export const pointName = ({ physical_reference, evse_id, uid }) =>
  physical_reference ?? evse_id ?? uid;

// A point by its name and where it is, with what is shown of its status.
export function pointLine(evse, shown) {
  const name = pointName(evse);
  const floor = evse.floor_level && t("station.floor", { floor: evse.floor_level });
  return h(
    "p",
    { class: "row" },
    h("strong", {}, t("station.point", { name })),
    floor && h("span", { class: "muted" }, floor),
    shown,
  );
}

function point(place, evse, chosen, choose) {
  const name = pointName(evse);
  return h(
    "div",
    { class: "point" },
    pointLine(evse, pointStatus(evse)),
    h("p", { class: "muted small" }, pointNote(evse)),
    evse.connectors.map((connector) =>
      choice({ key: place.id, evse, connector }, name, chosen, choose),
    ),
  );
}

// How far a point's status can be relied on.
export const pointNote = (evse) =>
  evse.status_note ?? t("station.age", { age: age(evse.status_age_s) });

// What a point was long ago is said as such.
export function pointStatus({ status: word, status_age_s: old }) {
  const text = statusText(word);
  if (old <= OLD) return chip(kindOf(word), text);
  return chip("unknown", t("station.was", { status: text, age: age(old) }));
}

// A plug by its type and what it gives.
const plugWords = ({ standard, max_kw }) =>
  [plugName(standard), max_kw && kw(max_kw)].filter(Boolean);

// The same with what has to be brought along.
export function plugText(connector) {
  const cable = t(connector.format === "CABLE" ? "station.tethered" : "station.socket");
  return h("span", {}, h("strong", {}, plugWords(connector).join(" · ")), h("small", {}, cable));
}

function choice(plug, name, chosen, choose) {
  const { evse, connector } = plug;
  const said = plugWords(connector);
  const input = h("input", {
    type: "radio",
    name: "plug",
    id: `plug-${evse.uid}-${connector.id}`,
    checked: chosen?.evse.uid === evse.uid && chosen.connector.id === connector.id,
    "aria-label": [t("station.point", { name }), ...said, statusText(evse.status)].join(", "),
    onchange: () => choose(plug),
  });
  return h("label", { class: "choice" }, input, icon("plug"), plugText(connector));
}
