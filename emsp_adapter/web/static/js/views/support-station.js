// A charger as support sees it: the status of each point, unlocking, and the charges there.

import { get, id } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { backLink, chip, heading, section } from "../widgets.js";
import { address, standing } from "./places.js";
import { plugText, pointLine, pointNote, pointStatus } from "./points.js";
import { chargeList } from "./support-charges.js";
import { unlocking } from "./unlock.js";

export async function supportStation(main, { key }, signal) {
  const place = await get(`/locations/${id(key)}`, signal);
  const { kind, text } = standing(place);
  fill(
    main,
    h(
      "div",
      { class: "page" },
      backLink("/support", t("support.title")),
      heading(place.name || address(place)),
      h("p", { class: "muted" }, address(place)),
      h(
        "p",
        { class: "row" },
        chip(kind, text),
        h("span", { class: "muted" }, t("station.operator", { operator: place.operator })),
      ),
      section(
        t("station.points"),
        h(
          "ul",
          { class: "items" },
          place.evses.map((evse) => h("li", {}, point(place, evse, signal))),
        ),
      ),
      section(t("support.charges"), await chargeList({ location: place.id }, signal)),
    ),
  );
}

function point(place, evse, signal) {
  return h(
    "article",
    { class: "point" },
    pointLine(evse, pointStatus(evse)),
    h("p", { class: "muted small" }, pointNote(evse)),
    h("p", { class: "muted small" }, t("support.point.ids", { uid: evse.uid, id: evse.evse_id ?? "–" })),
    evse.connectors.map((connector) =>
      h(
        "div",
        { class: "row plug spread" },
        plugText(connector),
        unlocking({ place, evse, connector }, signal),
      ),
    ),
  );
}
