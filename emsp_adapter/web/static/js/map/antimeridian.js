// Outlines across the 180th meridian: on a flat map they are cut there, else they would be drawn
// from one edge of it to the other.

// A ring of [x, y], x being 0 to 1 round the world, as rings that stay on the map. The last point of
// each is its first.
export function cut(ring) {
  if (!ring.some(([x], at) => at && Math.abs(x - ring[at - 1][0]) > 0.5)) return [ring];
  const whole = unrolled(ring);
  const xs = whole.map(([x]) => x);
  const [west, east] = [Math.min(...xs), Math.max(...xs)];
  const rings = [];
  for (let world = Math.floor(west); world < east; world += 1) rings.push(within(whole, world));
  return rings.filter((one) => one.length > 2).map((one) => [...one, one[0]]);
}

// Each point beside the one before, be it beyond the edge. What goes once round the world has a
// pole inside, and is closed along the edge of the map.
function unrolled(ring) {
  const whole = [];
  for (const [x, y] of ring) {
    const before = whole.at(-1)?.[0] ?? x;
    whole.push([x - Math.round(x - before), y]);
  }
  const [first, last] = [whole[0], whole.at(-1)];
  if (Math.abs(last[0] - first[0]) > 0.5) {
    const pole = first[1] > 0.5 ? 1 : 0;
    whole.push([last[0], pole], [first[0], pole]);
  }
  return whole;
}

// What of a ring lies between two edges of the world, as seen from the western one.
function within(ring, world) {
  const east = beyond(ring, world, (x) => x >= world);
  const both = beyond(east, world + 1, (x) => x <= world + 1);
  return both.map(([x, y]) => [x - world, y]);
}

// A ring without what is on the other side of a meridian.
function beyond(ring, meridian, kept) {
  return ring.flatMap(([x, y], at) => {
    const [fromX, fromY] = ring.at(at - 1);
    const share = (meridian - fromX) / (x - fromX);
    const crossing = [meridian, fromY + share * (y - fromY)];
    return [
      ...(kept(x) === kept(fromX) ? [] : [crossing]),
      ...(kept(x) ? [[x, y]] : []),
    ];
  });
}
