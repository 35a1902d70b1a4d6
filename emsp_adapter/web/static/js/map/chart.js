// A map: outlines on a canvas, street tiles where set, and markers that are links and buttons.
//
// Markers are elements of the page, so they take focus, follow the stylesheet and are read aloud.

import { fill, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { listen } from "./gestures.js";
import { grid, names, streets } from "./ground.js";
import { clamp, fitting, latOf, lonOf, metresPerPixel, worldSize, xOf, yOf } from "./mercator.js";
import { draw, outlines } from "./world.js";

const DEEPEST = 18;
const SHALLOWEST = 1;
const QUIET = 250;

const NAMED = 13;
// The scale is at most so many pixels, and at least two fifths of that: its text has room.
const SCALE = 140;

// Half a marker, and beside it what floats over the map: buttons to zoom at the right, on phones
// the way to the list at the bottom.
export const INSETS = { left: 48, top: 56, right: 92, bottom: 80 };
export const NO_INSETS = { left: 0, top: 0, right: 0, bottom: 0 };

export class Chart {
  // `settled` hears {box, zoom} once the map rests; `credit` and `tiles` are of the street tiles.
  constructor({ settled, tiles, credit, signal }) {
    this.settled = settled;
    this.tilesUrl = tiles;
    this.view = { x: xOf(8), y: yOf(50), zoom: 3.5 };
    this.markers = new Map();
    this.rings = [];
    this.here = null;
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.tiles = h("div", { class: "map-tiles", "aria-hidden": "true" });
    this.layer = h("ul", { class: "map-markers" });
    this.element = h(
      "div",
      { class: "map", role: "region", "aria-label": t("map.label") },
      h(
        "div",
        { class: "map-ground", tabindex: "0", role: "group", "aria-label": t("map.hint") },
        this.canvas,
        this.tiles,
        this.layer,
      ),
      h(
        "div",
        { class: "map-controls" },
        h(
          "button",
          { type: "button", "aria-label": t("map.zoom.in"), onclick: () => this.zoomBy(1) },
          icon("plus"),
        ),
        h(
          "button",
          { type: "button", "aria-label": t("map.zoom.out"), onclick: () => this.zoomBy(-1) },
          icon("minus"),
        ),
      ),
      (this.scale = h("div", { class: "map-scale", "aria-hidden": "true" })),
      h("small", { class: "map-credit" }, tiles ? credit : t("map.outlines")),
    );
    this.ground = this.element.firstElementChild;
    listen(this.ground, this);
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.ground);
    document.addEventListener("theme", () => this.redraw(), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw(), {
      signal,
    });
    signal.addEventListener("abort", () => this.close());
  }

  close() {
    this.sizes.disconnect();
    clearTimeout(this.resting);
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.moving);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.ground;
    if (!width || !height) return;
    const first = !this.width;
    [this.width, this.height] = [width, height];
    const dense = Math.min(2, devicePixelRatio);
    this.canvas.width = width * dense;
    this.canvas.height = height * dense;
    this.canvas.getContext("2d").setTransform(dense, 0, 0, dense, 0, 0);
    if (first && this.wanted) this.fit(...this.wanted);
    this.paint();
    this.settle();
  }

  // The box shown, as [west, south, east, north].
  get box() {
    const { left, top, size } = this.window();
    const west = lonOf(clamp(left / size, 0, 1));
    const east = lonOf(clamp((left + this.width) / size, 0, 1));
    return [
      west,
      latOf(clamp((top + this.height) / size, 0, 1)),
      east,
      latOf(clamp(top / size, 0, 1)),
    ];
  }

  window() {
    const size = worldSize(this.view.zoom);
    return {
      size,
      left: this.view.x * size - this.width / 2,
      top: this.view.y * size - this.height / 2,
      width: this.width,
      height: this.height,
    };
  }

  // Shows a box, with `insets` free round it.
  fit(box, insets = INSETS) {
    this.wanted = [box, insets];
    if (!this.width) return;
    this.view = fitting(box, this.width, this.height, insets);
    this.redraw();
    this.settle();
  }

  show(lat, lon, zoom) {
    this.view = { x: xOf(lon), y: yOf(lat), zoom };
    this.redraw();
    this.settle();
  }

  move(dx, dy) {
    const size = worldSize(this.view.zoom);
    this.view.x = clamp(this.view.x - dx / size, 0, 1);
    this.view.y = clamp(this.view.y - dy / size, 0, 1);
    this.redraw();
    this.settle();
  }

  // Zooms towards a point of the window; its middle when none is given.
  zoomBy(by, point = { x: this.width / 2, y: this.height / 2 }, { smooth = true } = {}) {
    const from = this.view.zoom;
    const to = clamp(smooth ? Math.round(from + by) : from + by, SHALLOWEST, DEEPEST);
    cancelAnimationFrame(this.moving);
    if (!smooth || matchMedia("(prefers-reduced-motion: reduce)").matches)
      return this.zoomTo(to, point);
    const begun = performance.now();
    const step = (now) => {
      const done = clamp((now - begun) / 180, 0, 1);
      this.zoomTo(from + (to - from) * (1 - (1 - done) ** 3), point);
      if (done < 1) this.moving = requestAnimationFrame(step);
    };
    this.moving = requestAnimationFrame(step);
  }

  zoomTo(zoom, { x, y }) {
    const before = worldSize(this.view.zoom);
    const after = worldSize(zoom);
    const [offX, offY] = [x - this.width / 2, y - this.height / 2];
    this.view.x = clamp(this.view.x + offX / before - offX / after, 0, 1);
    this.view.y = clamp(this.view.y + offY / before - offY / after, 0, 1);
    this.view.zoom = zoom;
    this.redraw();
    this.settle();
  }

  // Tells where the map is once it has rested for a moment.
  settle() {
    clearTimeout(this.resting);
    this.resting = setTimeout(
      () => this.width && this.settled({ box: this.box, zoom: Math.round(this.view.zoom) }),
      QUIET,
    );
  }

  redraw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    if (!this.width) return;
    const window = this.window();
    outlines(this.view.zoom).then(
      (rings) => this.rings !== rings && ((this.rings = rings), this.redraw()),
      () => null,
    );
    const style = getComputedStyle(this.element);
    const colour = (name) => style.getPropertyValue(`--map-${name}`);
    const context = this.canvas.getContext("2d");
    draw(context, this.rings, window, {
      water: colour("water"),
      land: colour("land"),
      border: colour("border"),
    });
    if (this.tilesUrl) {
      streets(this.tiles, window, this.view.zoom, this.tilesUrl);
    } else {
      grid(context, window, colour("grid"));
      const colours = { ink: colour("ink"), halo: colour("land") };
      names(context, window, this.view.zoom, [...this.markers.values()], colours);
    }
    this.place(window);
    this.measure();
  }

  // Puts markers on the map: each {key, lat, lon, element}. One whose key stays keeps its focus.
  mark(markers) {
    const before = this.markers;
    this.markers = new Map();
    const items = [...markers]
      .sort((a, b) => b.lat - a.lat)
      .map((marker) => {
        const kept = before.get(marker.key);
        const item = kept?.item ?? h("li");
        const focused = item.contains(document.activeElement);
        if (!kept || kept.said !== marker.said) fill(item, marker.element());
        this.markers.set(marker.key, { ...marker, item });
        if (focused && !item.contains(document.activeElement)) item.firstElementChild.focus();
        return item;
      });
    if (this.here) items.push(this.here.item);
    const active = document.activeElement;
    fill(this.layer, items);
    if (this.layer.contains(active)) active.focus({ preventScroll: true });
    this.redraw();
  }

  // Shows where the driver is.
  locate(lat, lon) {
    const item = h(
      "li",
      { class: "map-here" },
      h("span", { role: "img", "aria-label": t("map.here") }),
    );
    this.here?.item.remove();
    this.here = { lat, lon, item };
    this.layer.append(item);
    this.redraw();
  }

  place({ left, top, size }) {
    for (const { lat, lon, item } of [
      ...this.markers.values(),
      ...(this.here ? [this.here] : []),
    ]) {
      item.style.transform = `translate(${Math.round(xOf(lon) * size - left)}px, ${Math.round(yOf(lat) * size - top)}px)`;
    }
  }

  measure() {
    const metres = metresPerPixel(latOf(this.view.y), this.view.zoom) * SCALE;
    const power = 10 ** Math.floor(Math.log10(metres));
    const round = [5, 2, 1].find((step) => step * power <= metres) * power;
    this.scale.style.width = `${(round / metres) * SCALE}px`;
    const text = round < 1000 ? t("unit.m", { n: round }) : t("unit.km", { n: round / 1000 });
    if (this.scale.textContent !== text) this.scale.textContent = text;
  }
}
