// The service worker: keeps the app's own files, so that it opens without a connection.
//
// The server puts SHELL, {version, files}, in front of this. What drivers see of chargers, prices and
// charges is never kept: a status from yesterday is worse than none.

const CACHE = `shell-${SHELL.version}`;

self.addEventListener("install", (event) => {
  const fresh = SHELL.files.map((url) => new Request(url, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(clear().then(() => self.clients.claim()));
});

async function clear() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin) return;
  if (mode === "navigate" && (pathname === "/" || pathname.startsWith("/g/")))
    event.respondWith(page());
  else if (pathname.startsWith("/static/") || SHELL.files.includes(pathname))
    event.respondWith(kept(event.request));
});

// The page's files are all of one version: those of this worker.
async function page() {
  const cache = await caches.open(CACHE);
  return (await cache.match("/")) ?? fetch("/");
}

async function kept(request) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && request.url.includes("/static/vendor/"))
    await cache.put(request, answer.clone());
  return answer;
}
