// Elements, made without markup: text is always text, whoever wrote it.

const SVG = "http://www.w3.org/2000/svg";

// The element `tag` with these attributes and children. `on…` is a listener, `false` and null leave
// an attribute out, `true` gives it empty; strings become text.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...parts(children));
  return element;
}

// What is to be shown of a list with gaps in it.
function parts(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "");
}

// Puts these in place of what an element holds.
export function fill(element, ...children) {
  element.replaceChildren(...parts(children));
}

// Only https, tel, geo and mailto lead out of the app; anything else a partner may send leads nowhere.
const LEADS_OUT = new Set(["https:", "tel:", "geo:", "mailto:"]);

export function safeUrl(text) {
  try {
    const url = new URL(text);
    return LEADS_OUT.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

const ICONS = {
  bolt: ["M13 2 4.5 13.5H11L10 22l8.5-11.5H12z"],
  map: ["M9 4 3 6.5v13L9 17l6 3 6-2.5v-13L15 7z", "M9 4v13M15 7v13"],
  clock: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 7.5V12l3 2"],
  calendar: ["M4 6h16v14H4z", "M4 10.5h16M8.5 3.5v4M15.5 3.5v4"],
  person: ["M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5"],
  search: ["M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z", "m15.5 15.5 5 5"],
  filter: ["M4 6.5h16M7 12h10M10 17.5h4"],
  near: ["M12 5.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z", "M12 2v4M12 18v4M2 12h4M18 12h4"],
  star: ["m12 3.5 2.6 5.4 5.9.8-4.3 4.1 1 5.9L12 16.9l-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z"],
  back: ["M14.5 5 7.5 12l7 7"],
  close: ["M6 6l12 12M18 6 6 18"],
  plus: ["M12 5v14M5 12h14"],
  minus: ["M5 12h14"],
  list: ["M8 6.5h12M8 12h12M8 17.5h12M4 6.5h.01M4 12h.01M4 17.5h.01"],
  route: [
    "M12 21s7-6.2 7-11.5A7 7 0 0 0 5 9.5C5 14.8 12 21 12 21z",
    "M12 7.5a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6z",
  ],
  flag: ["M5.5 21V4M5.5 4.5h11l-2 4 2 4h-11"],
  receipt: ["M6 3h12v18l-3-2-3 2-3-2-3 2z", "M9 8h6M9 12h6"],
  card: ["M3 6.5h18v11H3z", "M3 10.5h18"],
  stop: ["M7 7h10v10H7z"],
  plug: ["M9 3v5M15 3v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v4"],
  down: ["M12 4v11M7 10.5l5 5 5-5M5 20h14"],
  chevron: ["m9 5 7 7-7 7"],
  check: ["m5 12.5 4.5 4.5L19 7.5"],
  wait: ["M12 7v5.5M12 16.5h.01", "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z"],
  headset: [
    "M5 13v-1a7 7 0 0 1 14 0v1",
    "M5 13h2.5v5H6a1.5 1.5 0 0 1-1.5-1.5V13zM19 13h-2.5v5H18a1.5 1.5 0 0 0 1.5-1.5V13z",
    "M18 18c0 1.7-1.8 2.5-4 2.5",
  ],
  unlock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 6.8-1.2"],
  cross: ["m7.5 7.5 9 9M16.5 7.5l-9 9"],
};

// A picture beside text: it says nothing to a screen reader.
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon", `icon-${name}`);
  for (const line of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}

let made = 0;

// An id for a label and what it labels.
export function newId(of) {
  made += 1;
  return `${of}-${made}`;
}
