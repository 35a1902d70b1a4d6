// What lies under the markers beside the outlines: names, lines of the world, street tiles.

import { fill, h } from "../dom.js";
import { CITIES } from "./cities.js";
import { clamp, TILE, xOf, yOf } from "./mercator.js";

// From this zoom on chargers lie far enough apart for their names.
const NAMED = 13;
const FINEST = 19;

// Writes the names of cities, and of the places given when they are near enough.
export function names(context, { left, top, size, width, height }, zoom, places, { ink, halo }) {
  context.font = "500 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.lineWidth = 3;
  context.strokeStyle = halo;
  context.fillStyle = ink;
  const taken = [];
  const write = (name, lat, lon, below) => {
    const [x, y] = [xOf(lon) * size - left, yOf(lat) * size - top + below];
    const shown = x > -60 && x < width + 60 && y > 0 && y < height + 20;
    if (!shown || taken.some(([a, b]) => Math.abs(a - x) < 84 && Math.abs(b - y) < 18)) return;
    taken.push([x, y]);
    context.strokeText(name, x, y);
    context.fillText(name, x, y);
  };
  if (zoom >= NAMED) places.forEach(({ name, lat, lon }) => name && write(name, lat, lon, 14));
  CITIES.forEach(([name, lat, lon, from]) => zoom >= from && write(name, lat, lon, 4));
}

// Lines of the world, between 150 and 300 pixels apart: where there is no coast they show movement.
export function grid(context, { left, top, size, width, height }, colour) {
  const side = 150 * 2 ** (Math.log2(size / 150) % 1);
  context.beginPath();
  for (let x = side - (((left % side) + side) % side); x < width; x += side) {
    context.moveTo(x, 0);
    context.lineTo(x, height);
  }
  for (let y = side - (((top % side) + side) % side); y < height; y += side) {
    context.moveTo(0, y);
    context.lineTo(width, y);
  }
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.stroke();
}

// Puts the street tiles of a window into an element; those that are there already stay.
export function streets(element, { left, top, size, width, height }, zoom, url) {
  const level = clamp(Math.round(zoom), 0, FINEST);
  const side = size / 2 ** level;
  const wanted = new Map();
  for (const x of between(left, left + width, side, level)) {
    for (const y of between(top, top + height, side, level)) {
      const tile = url.replace("{z}", level).replace("{x}", x).replace("{y}", y);
      wanted.set(
        tile,
        `translate(${x * side - left}px, ${y * side - top}px) scale(${side / TILE})`,
      );
    }
  }
  const kept = new Map([...element.children].map((tile) => [tile.getAttribute("src"), tile]));
  const tiles = [...wanted].map(([src, transform]) => {
    const tile = kept.get(src) ?? image(src);
    tile.style.transform = transform;
    return tile;
  });
  fill(element, tiles);
}

// The numbers of the tiles from one pixel to another.
function between(first, last, side, level) {
  const [low, high] = [first, last].map((at) => clamp(Math.floor(at / side), 0, 2 ** level - 1));
  return Array.from({ length: high - low + 1 }, (_, at) => low + at);
}

const image = (src) =>
  h("img", {
    src,
    alt: "",
    width: TILE,
    height: TILE,
    draggable: "false",
    referrerpolicy: "no-referrer",
  });
