// The chargers of the part of the world that is looked at, on the map.

import { get, query } from "../api.js";
import { fill, h } from "../dom.js";
import { t, tn } from "../i18n.js";
import { Chart, INSETS, NO_INSETS } from "../map/chart.js";
import { alertOf } from "../widgets.js";
import { placePath, standing } from "./places.js";

const KEPT = "emsp.place";
const WORLD = [-180, -85, 180, 85];
const NO_PLACE = [-11, 36, 30, 60];

export function mapPanel({ config, signal, settled, trouble }) {
  let asking = null;
  let place = null;
  const chart = new Chart({
    tiles: config.tiles,
    credit: config.tiles_credit,
    signal,
    settled(now) {
      place = now;
      localStorage.setItem(KEPT, JSON.stringify(now.box));
      settled(now);
    },
  });

  return {
    element: chart.element,

    // Where the driver was last, or where there are chargers at all.
    async start(near) {
      if (near) chart.locate(Number(near[0]), Number(near[1]));
      const kept = keptBox();
      const box = kept ?? (await everywhere());
      chart.fit(box, kept ? NO_INSETS : INSETS);
      return box;
    },

    // Asks again what is in the part shown.
    async refresh(filters) {
      if (!place) return;
      asking?.abort();
      asking = new AbortController();
      try {
        const bbox = place.box.map((n) => n.toFixed(5)).join(",");
        const found = await get(
          `/map${query({ ...filters, bbox, zoom: Math.min(19, place.zoom) })}`,
          AbortSignal.any([signal, asking.signal]),
        );
        chart.mark([...found.clusters.map(cluster), ...found.locations.map(station)]);
      } catch (error) {
        if (error.name === "AbortError") return;
        // A status that cannot be asked for again is not shown as if it were so.
        chart.mark([]);
        fill(trouble, alertOf(error));
      }
    },

    // Shows all of these.
    fit(places) {
      chart.fit(around(places));
    },

    locate(lat, lon, zoom) {
      chart.locate(lat, lon);
      chart.show(lat, lon, zoom);
    },
  };

  async function everywhere() {
    const found = await get(`/map${query({ bbox: WORLD.join(","), zoom: 1 })}`, signal).catch(
      () => null,
    );
    const all = found ? [...found.clusters, ...found.locations] : [];
    return all.length ? around(all) : NO_PLACE;
  }

  function cluster(one) {
    const said = tn("map.cluster", one.locations, one);
    return {
      ...one,
      key: `${one.lat},${one.lon}`,
      said,
      element() {
        const size = Math.min(3, Math.floor(Math.log10(one.locations)) + 1);
        const button = h(
          "button",
          {
            type: "button",
            class: `cluster size-${size}`,
            "aria-label": said,
            onclick: () => chart.fit(padded(one.bbox)),
          },
          h("span", {}, String(one.locations)),
        );
        button.style.setProperty(
          "--share",
          `${Math.round((100 * one.free) / Math.max(1, one.evses))}%`,
        );
        return button;
      },
    };
  }

  function station(one) {
    const { kind, text } = standing(one);
    const said = t("map.station", { name: one.name || one.address, status: text });
    return {
      ...one,
      key: one.id,
      said,
      element: () =>
        h(
          "a",
          {
            class: `pin ${kind}`,
            href: `#${placePath(one.id)}`,
            "aria-label": said,
            title: said,
            draggable: "false",
          },
          h("span", {}, kind === "unknown" ? "?" : String(one.free)),
        ),
    };
  }
}

function keptBox() {
  try {
    const box = JSON.parse(localStorage.getItem(KEPT));
    return Array.isArray(box) && box.length === 4 && box.every(Number.isFinite) ? box : null;
  } catch {
    return null;
  }
}

// The box round places and clusters.
function around(places) {
  const boxes = places.map((one) => one.bbox ?? [one.lon, one.lat, one.lon, one.lat]);
  const side = (at, choose) => choose(...boxes.map((box) => box[at]));
  return padded([side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)]);
}

// One place alone is shown with its surroundings.
function padded([west, south, east, north]) {
  const [across, down] = [
    Math.max(0, 0.02 - (east - west)) / 2,
    Math.max(0, 0.012 - (north - south)) / 2,
  ];
  return [west - across, south - down, east + across, north + down];
}
