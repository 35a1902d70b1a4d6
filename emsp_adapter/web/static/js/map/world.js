// The outlines of the world from world-atlas (TopoJSON of Natural Earth), drawn on a canvas.

import { cut } from "./antimeridian.js";
import { xOf, yOf } from "./mercator.js";

const COARSE = "/static/vendor/world-atlas/countries-50m.json";
const FINE = "/static/vendor/world-atlas/countries-10m.json";
// From this zoom on the coarse coast is kilometres off the chargers on it.
export const FINE_FROM = 6.5;

const loading = new Map();

// The rings of all countries, each {points, box}; loaded once per fineness.
export function outlines(zoom) {
  const url = zoom < FINE_FROM ? COARSE : FINE;
  if (!loading.has(url)) {
    const rings = fetch(url)
      .then((answer) => answer.json())
      .then(decode);
    rings.catch(() => loading.delete(url));
    loading.set(url, rings);
  }
  return loading.get(url);
}

// TopoJSON: arcs of whole-numbered steps, shared by the countries on both sides of them.
export function decode(topology) {
  const { scale, translate } = topology.transform;
  const arcs = topology.arcs.map((steps) => {
    let [x, y] = [0, 0];
    return steps.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return [xOf(x * scale[0] + translate[0]), yOf(y * scale[1] + translate[1])];
    });
  });
  return topology.objects.countries.geometries
    .flatMap((country) => (country.type === "Polygon" ? [country.arcs] : country.arcs))
    .flatMap((polygon) => polygon.flatMap((ring) => cut(joined(ring, arcs))))
    .map(boxed);
}

// A ring names its arcs in order; one that is run backwards by its complement.
function joined(ring, arcs) {
  return ring.flatMap((name, at) => {
    const arc = name < 0 ? arcs[~name].toReversed() : arcs[name];
    return at === 0 ? arc : arc.slice(1);
  });
}

// A ring as it is drawn: its points in one row, and the box that they lie in.
function boxed(ring) {
  const box = [1, 1, 0, 0];
  for (const [x, y] of ring) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return { points: Float64Array.from(ring.flat()), box };
}

// Draws what a window of the world shows: {left, top, size} in pixels of a world `size` wide.
export function draw(context, rings, { left, top, size, width, height }, colours) {
  context.fillStyle = colours.water;
  context.fillRect(0, 0, width, height);
  context.beginPath();
  for (const { points, box } of rings) {
    const outside =
      box[2] * size < left ||
      box[0] * size > left + width ||
      box[3] * size < top ||
      box[1] * size > top + height;
    if (!outside) trace(context, points, left, top, size, width, height);
  }
  context.fillStyle = colours.land;
  context.fill("evenodd");
  context.strokeStyle = colours.border;
  context.lineWidth = 1;
  context.lineJoin = "round";
  context.stroke();
}

// Leaves out a point whose neighbours lie on the same outer side of the window, or within half a pixel.
function trace(context, points, left, top, size, width, height) {
  const MARGIN = 40;
  const side = (x, y) =>
    (x < -MARGIN ? 1 : x > width + MARGIN ? 2 : 0) |
    (y < -MARGIN ? 4 : y > height + MARGIN ? 8 : 0);
  let [drawnX, drawnY, before] = [Infinity, Infinity, 0];
  const last = points.length - 2;
  for (let at = 0; at <= last; at += 2) {
    const x = points[at] * size - left;
    const y = points[at + 1] * size - top;
    const here = side(x, y);
    if (at === 0) {
      context.moveTo(x, y);
    } else if (at < last) {
      const next = side(points[at + 2] * size - left, points[at + 3] * size - top);
      if (here & before & next) continue;
      if (Math.abs(x - drawnX) < 0.5 && Math.abs(y - drawnY) < 0.5) continue;
      context.lineTo(x, y);
    }
    [drawnX, drawnY, before] = [x, y, here];
  }
  context.closePath();
}
