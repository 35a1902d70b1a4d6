// Web Mercator: a point of the world as x and y between 0 and 1, north at y = 0.

export const TILE = 256;
const HIGHEST = 85.0511;

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export const xOf = (lon) => (lon + 180) / 360;

export function yOf(lat) {
  const sine = Math.sin((clamp(lat, -HIGHEST, HIGHEST) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

export const lonOf = (x) => x * 360 - 180;

export const latOf = (y) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;

// Pixels that the whole world is wide at a zoom.
export const worldSize = (zoom) => TILE * 2 ** zoom;

// Metres per pixel at a latitude.
export const metresPerPixel = (lat, zoom) =>
  (40_075_016.7 * Math.cos((lat * Math.PI) / 180)) / worldSize(zoom);

// The centre and zoom that show a box [west, south, east, north] in so many pixels, of which
// `insets` are left free at each side.
export function fitting([west, south, east, north], width, height, insets) {
  const [left, right, top, bottom] = [xOf(west), xOf(east), yOf(north), yOf(south)];
  const free = [width - insets.left - insets.right, height - insets.top - insets.bottom];
  const across = Math.max(1, free[0]) / TILE / Math.max(right - left, 1e-9);
  const down = Math.max(1, free[1]) / TILE / Math.max(bottom - top, 1e-9);
  const zoom = clamp(Math.log2(Math.min(across, down)), 1, 16);
  const size = worldSize(zoom);
  return {
    x: clamp((left + right) / 2 + (insets.right - insets.left) / 2 / size, 0, 1),
    y: clamp((top + bottom) / 2 + (insets.bottom - insets.top) / 2 / size, 0, 1),
    zoom,
  };
}
