// The chargers found, as a list: everything the map shows can be reached here.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { t, tn } from "../i18n.js";
import { pages, say } from "../widgets.js";
import { placeCard } from "./places.js";

const PAGE = 20;
const LONGEST = 100;

export function listPanel(signal) {
  const title = h("h2", { id: "results" }, t("explore.results"));
  const count = h("p", { class: "muted" });
  const body = h("div", { class: "results" });
  const element = h(
    "section",
    { class: "list", "aria-labelledby": "results" },
    h("header", {}, title, count),
    body,
  );
  let asking = null;
  let length = 0;

  // A newer question ends an older one.
  function fresh() {
    asking?.abort();
    asking = new AbortController();
    return AbortSignal.any([signal, asking.signal]);
  }

  function counted(n, more) {
    count.textContent = more ? t("explore.count.more", { n }) : tn("explore.count", n);
  }

  return {
    element,

    // Shows what the API finds and gives the first of it; `again` keeps length and focus.
    async show({ values, name, none }, { again = false } = {}) {
      let found = [];
      const focused =
        again && element.contains(document.activeElement)
          ? document.activeElement.getAttribute("href")
          : null;
      await pages("/locations", "locations", {
        values: { ...values, limit: again ? Math.min(LONGEST, Math.max(PAGE, length)) : PAGE },
        show: placeCard,
        none,
        signal: fresh(),
        into: body,
        told({ count: n, more, things }) {
          if (!found.length) found = things;
          counted(n, more);
          length = n;
        },
      });
      title.textContent = name;
      if (focused)
        body.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      if (!again) say(`${name}: ${count.textContent}`);
      return found;
    },

    async favourites() {
      const { favourites } = await get("/favourites", fresh());
      title.textContent = t("explore.favourites");
      counted(favourites.length, false);
      const items = favourites.map((place) => h("li", {}, placeCard(place)));
      fill(
        body,
        items.length
          ? h("ul", { class: "items" }, items)
          : h("p", { class: "empty" }, t("explore.none.favourites")),
      );
      return favourites;
    },
  };
}
