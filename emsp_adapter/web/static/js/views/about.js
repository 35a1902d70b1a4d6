// What the operator tells about a charger. Its pictures are links: showing them would tell the
// operator's host who looks.

import { h, icon, safeUrl } from "../dom.js";
import { language, t, word } from "../i18n.js";
import { section } from "../widgets.js";

export function about(place) {
  const phone = place.help_phone && safeUrl(`tel:${place.help_phone.replace(/[^+\d]/g, "")}`);
  const photos = place.images
    .map((image) => ({ ...image, url: safeUrl(image.url) }))
    .filter((image) => image.url?.startsWith("https:"));
  return section(
    t("station.about"),
    part("station.hours", h("p", {}, hours(place.opening_times))),
    place.directions.length > 0 &&
      part(
        "station.directions",
        place.directions.map((text) => h("p", {}, text)),
      ),
    place.facilities.length > 0 &&
      part(
        "station.facilities",
        h(
          "p",
          {},
          place.facilities
            .map((one) => word("facility", one, { facility: one.replaceAll("_", " ") }))
            .join(", "),
        ),
      ),
    phone &&
      part("station.help", h("p", {}, h("a", { class: "link", href: phone }, place.help_phone))),
    photos.length > 0 &&
      part(
        "station.photos",
        photos.map(({ url, category }) =>
          h(
            "p",
            {},
            h(
              "a",
              { class: "link", href: url, target: "_blank", rel: "noopener noreferrer" },
              icon("chevron"),
              t("station.photo", { category: category.toLowerCase(), host: new URL(url).host }),
            ),
          ),
        ),
      ),
  );
}

function part(key, ...content) {
  return h("div", { class: "part" }, h("h3", {}, t(key)), content);
}

function hours(times) {
  if (!times) return t("station.hours.none");
  if (times.twentyfourseven) return t("station.hours.always");
  const name = new Intl.DateTimeFormat(language(), { weekday: "long", timeZone: "UTC" });
  // 2024-01-01 was a Monday, which is day 1.
  const weekday = (n) => name.format(new Date(Date.UTC(2024, 0, n)));
  return (times.regular_hours ?? []).map((one) =>
    h("span", { class: "line" }, `${weekday(one.weekday)} ${one.period_begin}–${one.period_end}`),
  );
}
