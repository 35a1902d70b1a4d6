// A charger in a few words: in the list, among favourites, on the map.

import { h, icon } from "../dom.js";
import { age, distance, kw, unitPrice } from "../format.js";
import { t, word } from "../i18n.js";
import { chip } from "../widgets.js";

// Older than this, a status is what was, not what is.
export const OLD = 24 * 3600;

// What a charger's points say together: "free", "busy" or "unknown", with its sentence.
export function standing(place) {
  // A charger in a list has the number of its points, one on its page the points themselves.
  const evses = Array.isArray(place.evses) ? place.evses.length : place.evses;
  const unknown = place.status_age_s === null || place.status_age_s > OLD;
  if (unknown) return { kind: "unknown", text: t("station.status.unknown") };
  if (place.free > 0) return { kind: "free", text: t("station.free", { free: place.free, evses }) };
  return { kind: "busy", text: t("station.free.none", { evses }) };
}

export const placePath = (key) => `/station/${encodeURIComponent(key)}`;

export const plugName = (standard) =>
  word("plug", standard, { standard: standard.replaceAll("_", " ") });

export function address(place) {
  return [place.address, [place.postal_code, place.city].filter(Boolean).join(" ")]
    .filter(Boolean)
    .join(", ");
}

// A charger as a card that leads to its page.
export function placeCard(place, path = placePath(place.id)) {
  const { kind, text } = standing(place);
  const price = place.price_from;
  return h(
    "article",
    { class: "place" },
    h(
      "h3",
      {},
      h("a", { href: `#${path}` }, place.name || address(place)),
      place.favourite && icon("star"),
    ),
    h("p", { class: "muted" }, address(place)),
    h(
      "p",
      { class: "row" },
      chip(kind, text),
      place.open_now === false &&
        h("span", { class: "chip out" }, icon("clock"), t("station.closed")),
      place.status_age_s !== null && h("small", { class: "muted" }, age(place.status_age_s)),
    ),
    h(
      "p",
      { class: "row muted" },
      place.max_kw && h("span", {}, icon("bolt"), kw(place.max_kw)),
      h("span", {}, icon("plug"), place.plugs.map(plugName).join(", ")),
      price &&
        h("span", {}, t("station.price.from", { price: unitPrice(price.kwh, price.currency) })),
      place.distance_m !== null && h("span", {}, distance(place.distance_m)),
    ),
  );
}
