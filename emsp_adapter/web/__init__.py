"""The web app for drivers, at `/`: files that a browser runs as they are, and their headers.

It knows no driver and holds no state: what it shows comes from the driver API. See docs/web-app.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from emsp_adapter.settings import EmspSettings
from emsp_adapter.web.assets import TYPES, Asset, asset, service_worker, static_files

__all__ = ["policy", "routes"]

_MANIFEST = "application/manifest+json"
_READ = ["GET", "HEAD"]
# Letters that have room below an icon of a home screen.
_SHORT = 12


def routes(settings: EmspSettings) -> APIRouter:
    """The pages `/` and `/g/{code}` and every file that they load."""
    files = static_files()
    headers = {**_SECURITY, "Content-Security-Policy": policy(settings)}
    made = {
        "manifest.webmanifest": _manifest(settings),
        "config.json": _config(settings),
    }
    page = dict.fromkeys(["", "g/{code}"], files["index.html"])
    worker = {"sw.js": service_worker(files, made)}
    router = APIRouter(include_in_schema=False)
    for path, served in (page | made | worker).items():
        router.add_api_route(f"/{path}", _serving(served, headers), methods=_READ)

    @router.api_route("/static/{path:path}", methods=_READ)
    async def static(request: Request, path: str) -> Response:
        found = files.get(path)
        return Response(status_code=404) if found is None else _answer(request, found, headers)

    return router


def _serving(
    served: Asset, headers: dict[str, str]
) -> Callable[[Request], Coroutine[None, None, Response]]:
    async def one(request: Request) -> Response:
        return _answer(request, served, headers)

    return one


def _answer(request: Request, served: Asset, headers: dict[str, str]) -> Response:
    """A file, or 304 where the browser has it. It asks each time: no page is of two versions."""
    headers = headers | {
        "ETag": served.etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
    if served.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if served.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(served.packed, headers=headers, media_type=served.media_type)
    return Response(served.body, headers=headers, media_type=served.media_type)


_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=()",
}


def policy(settings: EmspSettings) -> str:
    """The Content-Security-Policy: the app loads from its own host, map tiles where set apart."""
    images = " ".join(["'self'", *_tiles_host(settings)])
    return "; ".join(
        [
            "default-src 'self'",
            f"img-src {images}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types service-worker",
        ]
    )


def _tiles_host(settings: EmspSettings) -> list[str]:
    if settings.map_tiles_url is None:
        return []
    url = urlsplit(settings.map_tiles_url)
    return [f"{url.scheme}://{url.netloc}"]


def _config(settings: EmspSettings) -> Asset:
    told = {
        "name": settings.name,
        "payment": settings.payment,
        "tiles": settings.map_tiles_url,
        "tiles_credit": settings.map_tiles_credit,
    }
    return asset(json.dumps(told).encode(), TYPES[".json"])


def _short(name: str) -> str:
    """The words of a name that have room below an icon, or as much of the first as has."""
    if len(name) <= _SHORT:
        return name
    return name[: _SHORT + 1].rpartition(" ")[0].strip() or name[:_SHORT]


def _manifest(settings: EmspSettings) -> Asset:
    told = {
        "id": "/",
        "name": settings.name,
        "short_name": _short(settings.name),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f7f5",
        "theme_color": "#0b6b52",
        "icons": [
            {"src": "/static/icons/icon.svg", "sizes": "any", "type": "image/svg+xml"},
            {"src": "/static/icons/icon-192.png", "sizes": "192x192", "type": "image/png"},
            {"src": "/static/icons/icon-512.png", "sizes": "512x512", "type": "image/png"},
            {
                "src": "/static/icons/maskable-512.png",
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ],
    }
    return asset(json.dumps(told).encode(), _MANIFEST)
