// A charger: what is free and how old that news is, the price before plug-in, and what to do there.

import { call, get, id, query } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { attempt, backLink, chip, heading } from "../widgets.js";
import { about } from "./about.js";
import { others, panelsOf, startForm, wish } from "./offers.js";
import { address, standing } from "./places.js";
import { plugOf, pointsOf } from "./points.js";
import { pricePanel } from "./price.js";

// Statuses on the screen are asked for again after so many seconds.
const FRESH = 30;

export async function station(main, { key, evse, connector }, signal) {
  const place = await get(`/locations/${id(key)}`, signal);
  const page = new Station(place, plugOf(place, evse, connector), signal);
  fill(main, page.element);
  page.show();
  const timer = setInterval(() => page.renew(), FRESH * 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
}

class Station {
  constructor(place, chosen, signal) {
    this.place = place;
    this.chosen = chosen;
    this.signal = signal;
    this.offered = null;
    this.panels = panelsOf(chosen);
    this.state = h("p", { class: "row" });
    this.points = h("div", { class: "points" });
    this.sum = h("span", { class: "sum" });
    this.bar = h("div", { class: "start", hidden: true });
    this.actions = h("div", { class: "stack" });
    this.price = pricePanel({
      priceAt: (plug, values) => get(`/prices${query({ ...wish(plug), ...values })}`, signal),
      told: (text) => fill(this.sum, text),
    });
    this.element = this.page();
  }

  page() {
    const { place } = this;
    const points = h("h2", { id: "points" }, t("station.points"));
    return h(
      "div",
      { class: "page" },
      backLink("/map", t("explore.title")),
      heading(place.name || address(place), favourite(place)),
      h("p", { class: "muted" }, address(place)),
      this.state,
      h(
        "p",
        { class: "row muted" },
        h("span", {}, t("station.operator", { operator: place.operator })),
        route(place),
      ),
      h("section", { class: "card", "aria-labelledby": "points" }, points, this.points),
      this.price.element,
      this.bar,
      this.actions,
      about(place),
    );
  }

  // What was not told again is older by now; offline nothing is shown at all.
  async renew() {
    if (document.hidden || !navigator.onLine) return;
    const { place, signal } = this;
    this.place = await get(`/locations/${id(place.id)}`, signal).catch(() => older(place));
    if (this.chosen)
      this.chosen = plugOf(this.place, this.chosen.evse.uid, this.chosen.connector.id);
    if (!signal.aborted) this.show();
  }

  show() {
    const { kind, text } = standing(this.place);
    const { open_now } = this.place;
    fill(
      this.state,
      chip(kind, text),
      open_now === true && h("span", { class: "chip plain" }, t("station.open")),
      open_now === false && h("span", { class: "chip out" }, icon("clock"), t("station.closed")),
    );
    const focused = this.points.contains(document.activeElement) && document.activeElement.id;
    fill(
      this.points,
      pointsOf(this.place, this.chosen, (plug) => this.choose(plug)),
    );
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    this.offer();
  }

  choose(plug) {
    this.chosen = plug;
    this.panels = panelsOf(plug);
    this.offer();
  }

  // What can be done with the plug that is chosen. It is made anew only when it is something else:
  // a form that is filled in stays, and a start that got no answer keeps its key.
  offer() {
    const { chosen } = this;
    const { uid, status, startable, start_refusal: refusal, reservable } = chosen?.evse ?? {};
    const offered = JSON.stringify([uid, chosen?.connector.id, status, refusal, reservable]);
    if (offered === this.offered) return;
    this.offered = offered;
    this.price.choose(chosen);
    this.bar.hidden = !startable;
    fill(this.bar, startable && startForm(chosen, this.sum));
    const focused = this.actions.contains(document.activeElement) && document.activeElement;
    fill(this.actions, others(this.place.id, chosen, this.panels));
    if (focused) focused.focus({ preventScroll: true });
  }
}

function older(place) {
  const aged = (seconds) => (seconds === null ? null : seconds + FRESH);
  const evses = place.evses.map((evse) => ({ ...evse, status_age_s: aged(evse.status_age_s) }));
  return { ...place, evses, status_age_s: aged(place.status_age_s) };
}

function route({ lat, lon }) {
  const attributes = { href: `geo:${lat},${lon}?q=${lat},${lon}`, class: "link" };
  return h("a", attributes, icon("route"), t("station.route"));
}

function favourite(place) {
  const button = h("button", { type: "button", class: "plain favourite" }, icon("star"));
  const name = () => {
    const text = t(place.favourite ? "station.favourite.remove" : "station.favourite.add");
    button.setAttribute("aria-label", text);
    button.setAttribute("aria-pressed", String(place.favourite));
  };
  button.onclick = () =>
    attempt(button, async () => {
      await call(place.favourite ? "DELETE" : "PUT", `/favourites/${id(place.id)}`);
      place.favourite = !place.favourite;
      name();
    });
  name();
  return button;
}
