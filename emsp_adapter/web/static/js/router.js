// Which view a hash names. Views are functions (main, params, signal); the signal ends with the view.

const routes = [];
let current = null;

// `pattern` such as "/charge/:id"; `:id*` takes the rest of the path.
export function route(pattern, view, place) {
  const names = [];
  const source = pattern.replace(/:(\w+)(\*?)/g, (_, name, rest) => {
    names.push(name);
    return rest ? "(.+)" : "([^/]+)";
  });
  routes.push({ match: new RegExp(`^${source}$`), names, view, place });
}

// The view of the page's hash with its parameters, those of its query among them.
export function find(hash) {
  const [path, search = ""] = (hash.replace(/^#/, "") || "/map").split("?");
  for (const { match, names, view, place } of routes) {
    const found = match.exec(path);
    if (!found) continue;
    const params = Object.fromEntries(new URLSearchParams(search));
    names.forEach((name, at) => (params[name] = decodeURIComponent(found[at + 1])));
    return { view, place, params };
  }
  return null;
}

// Ends the view before and gives the signal of the next.
export function enter() {
  current?.abort();
  current = new AbortController();
  return current.signal;
}

export function go(path) {
  if (location.hash === `#${path}`) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = path;
}

// In place of the page shown, so that Back does not return to it.
export function replace(path) {
  history.replaceState(null, "", `#${path}`);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}
