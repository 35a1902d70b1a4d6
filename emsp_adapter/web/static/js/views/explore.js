// Find a charger: a search, filters, and the same answer as a map and as a list.

import { fill, h, icon } from "../dom.js";
import { t, tn } from "../i18n.js";
import { alertOf, heading, say } from "../widgets.js";
import { asked, choose, inUse, kept } from "./filters.js";
import { listPanel } from "./list.js";
import { mapPanel } from "./map.js";

// Statuses on the screen are asked for again after this long.
const FRESH = 30_000;
const LOCATED = { enableHighAccuracy: false, timeout: 10_000, maximumAge: 60_000 };
const CLOSE_UP = 13;
const NEAR_METRES = 50_000;

// What the driver was looking at stays while the app is open. `mode` is what the list answers: what
// is in the "box" of the map, "near" the driver, found by "text", or the "favourites".
const seen = { filters: null, mode: "box", text: "", near: null, place: null };

export async function explore(main, { as }, signal, config) {
  seen.filters ??= kept();
  const page = new Explore(signal, config);
  fill(
    main,
    h("div", { class: "explore", "data-as": as }, page.panel, page.map.element, switcher(as)),
  );
  await page.start();
}

class Explore {
  constructor(signal, config) {
    this.signal = signal;
    this.trouble = h("div", { class: "trouble" });
    this.list = listPanel(signal);
    this.map = mapPanel({
      config,
      signal,
      settled: (place) => this.settled(place),
      trouble: this.trouble,
    });
    this.search = h("input", {
      type: "search",
      name: "text",
      "aria-label": t("explore.search"),
      placeholder: t("explore.search.hint"),
      value: seen.text,
      maxlength: "200",
      enterkeyhint: "search",
      // The cross of a search field clears it without a submit.
      onsearch: () => this.search.value === "" && seen.mode === "text" && this.look("box"),
    });
    this.filters = tool(() => choose(seen.filters, (chosen) => this.filtered(chosen)));
    this.near = tool(() => this.toggle("near"), icon("near"), t("explore.near"));
    this.favourites = tool(() => this.toggle("favourites"), icon("star"), t("explore.favourites"));
    this.panel = h(
      "div",
      { class: "explore-panel" },
      heading(t("explore.title")),
      this.searchForm(),
      h("div", { class: "row tools" }, this.filters, this.near, this.favourites),
      this.trouble,
      this.list.element,
    );
  }

  searchForm() {
    const submit = (event) => {
      event.preventDefault();
      seen.text = this.search.value.trim();
      this.look(seen.text ? "text" : "box");
    };
    const go = h(
      "button",
      { type: "submit", "aria-label": t("explore.search.go") },
      icon("search"),
    );
    return h("form", { role: "search", class: "search", onsubmit: submit }, this.search, go);
  }

  async start() {
    this.tools();
    const timer = setInterval(() => this.refresh(), FRESH);
    this.signal.addEventListener("abort", () => clearInterval(timer));
    const box = await this.map.start(seen.near);
    // A map that is not shown does not come to rest.
    if (!this.map.element.checkVisibility()) seen.place ??= { box };
    await this.renew();
  }

  refresh() {
    if (document.hidden || !navigator.onLine) return;
    this.map.refresh(asked(seen.filters));
    this.renew({ again: true });
  }

  // What the tools say of themselves.
  tools() {
    const used = inUse(seen.filters);
    const name = used ? tn("explore.filters.active", used) : t("explore.filters");
    fill(this.filters, icon("filter"), name);
    this.favourites.setAttribute("aria-pressed", String(seen.mode === "favourites"));
    this.near.setAttribute("aria-pressed", String(seen.mode === "near"));
  }

  filtered(chosen) {
    seen.filters = chosen;
    this.tools();
    this.map.refresh(asked(seen.filters));
    this.renew();
  }

  toggle(mode) {
    if (seen.mode === mode) this.look("box");
    else if (mode === "near") this.locate();
    else this.look(mode);
  }

  async look(mode) {
    seen.mode = mode;
    if (mode !== "text") seen.text = this.search.value = "";
    this.tools();
    // On a phone the answer is in the list, and so is that there is none.
    if ((mode === "text" || mode === "favourites") && !this.list.element.checkVisibility()) {
      location.hash = "#/list";
      return;
    }
    const found = await this.renew();
    if (mode === "text" && found?.length) this.map.fit(found);
  }

  // The map came to rest: the list follows it unless it answers something else.
  settled(place) {
    seen.place = place;
    this.map.refresh(asked(seen.filters));
    if (seen.mode === "box") this.renew();
  }

  async renew(options = {}) {
    fill(this.trouble);
    if (!this.list.element.checkVisibility()) return null;
    try {
      if (seen.mode === "favourites") return await this.list.favourites();
      const question = this.question();
      return question && (await this.list.show(question, options));
    } catch (error) {
      if (error.name !== "AbortError") fill(this.trouble, alertOf(error));
      return null;
    }
  }

  // What the list asks, under which name, and what it says when there is nothing.
  question() {
    const { mode, text, near, place } = seen;
    const values = asked(seen.filters);
    const none = t("explore.none");
    if (mode === "text") {
      const name = t("explore.results.text", { text });
      return { values: { ...values, text }, name, none: t("explore.none.text", { text }) };
    }
    if (mode === "near") {
      const where = { near: near.join(","), radius_m: NEAR_METRES };
      return { values: { ...values, ...where }, name: t("explore.results.near"), none };
    }
    if (!place) return null;
    const bbox = place.box.map((n) => n.toFixed(5)).join(",");
    return { values: { ...values, bbox }, name: t("explore.results.box"), none };
  }

  locate() {
    if (!navigator.geolocation) {
      this.refuse("explore.unlocated");
      return;
    }
    say(t("explore.locating"));
    this.near.setAttribute("aria-busy", "true");
    const found = ({ coords }) => {
      this.near.removeAttribute("aria-busy");
      seen.near = [coords.latitude.toFixed(5), coords.longitude.toFixed(5)];
      this.map.locate(coords.latitude, coords.longitude, CLOSE_UP);
      this.look("near");
    };
    const refused = (error) => {
      this.near.removeAttribute("aria-busy");
      this.refuse(error.code === error.PERMISSION_DENIED ? "explore.denied" : "explore.unlocated");
    };
    navigator.geolocation.getCurrentPosition(found, refused, LOCATED);
  }

  refuse(key) {
    fill(
      this.trouble,
      h("p", { class: "alert", role: "alert" }, icon("wait"), h("span", {}, t(key))),
    );
  }
}

const tool = (onclick, ...content) =>
  h("button", { type: "button", class: "quiet", onclick }, content);

// On a phone the map and the list take turns.
function switcher(as) {
  const link = (name, sign) =>
    h(
      "a",
      { href: `#/${name}`, "aria-current": as === name ? "page" : null },
      icon(sign),
      t(`explore.${name}`),
    );
  const group = { class: "switcher", role: "group", "aria-label": t("explore.view") };
  return h("div", group, link("map", "map"), link("list", "list"));
}
