// Fingers, mouse, wheel and keys, as movements of a map: move(dx, dy) and zoom(by, x, y).

const STEP = 80;

const KEYS = {
  ArrowLeft: (map) => map.move(STEP, 0),
  ArrowRight: (map) => map.move(-STEP, 0),
  ArrowUp: (map) => map.move(0, STEP),
  ArrowDown: (map) => map.move(0, -STEP),
  "+": (map) => map.zoomBy(1),
  "=": (map) => map.zoomBy(1),
  "-": (map) => map.zoomBy(-1),
};

export function listen(element, map) {
  const fingers = new Map();
  let dragged = false;

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".map-controls")) return;
    fingers.set(event.pointerId, at(event));
    dragged = false;
  });
  element.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = [...fingers.values()];
    const was = fingers.get(event.pointerId);
    const now = at(event);
    if (fingers.size === 1) {
      // A tap shakes a little; capture only a drag, so that a tap on a marker stays a tap.
      if (!dragged && Math.hypot(now.x - was.x, now.y - was.y) < 5) return;
      if (!dragged) element.setPointerCapture(event.pointerId);
      map.move(now.x - was.x, now.y - was.y);
    }
    dragged = true;
    fingers.set(event.pointerId, now);
    if (fingers.size === 2) pinch(before, [...fingers.values()]);
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
    element.addEventListener(end, (event) => {
      if (fingers.delete(event.pointerId) && dragged) map.settle();
    });
  }
  element.addEventListener(
    "click",
    (event) => {
      if (dragged) {
        event.preventDefault();
        event.stopPropagation();
      }
      dragged = false;
    },
    { capture: true },
  );
  element.addEventListener("dblclick", (event) => {
    if (!event.target.closest("button, a")) map.zoomBy(1, at(event));
  });
  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      map.zoomBy((-event.deltaY * lines) / 240, at(event), { smooth: false });
    },
    { passive: false },
  );
  element.addEventListener("keydown", (event) => {
    const press = KEYS[event.key];
    if (!press || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    press(map);
    map.settle();
  });

  function at(event) {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  function pinch([a, b], [c, d]) {
    const middle = { x: (c.x + d.x) / 2, y: (c.y + d.y) / 2 };
    map.move(middle.x - (a.x + b.x) / 2, middle.y - (a.y + b.y) / 2);
    const [was, is] = [Math.hypot(a.x - b.x, a.y - b.y), Math.hypot(c.x - d.x, c.y - d.y)];
    if (was > 0 && is > 0) map.zoomBy(Math.log2(is / was), middle, { smooth: false });
  }
}
