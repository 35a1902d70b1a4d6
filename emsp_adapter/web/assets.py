"""The files of the web app, read once, with what a browser needs to keep and check them."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"

# What the browser is told that a file is. A file of another kind is not served.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_LICENCE = "LICENSE"
_WORTH_PACKING = 1024
# The fastest that is near the smallest: packing is part of the start.
_PACKING = 5


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent; `packed` is its gzip form where that is worth it."""

    body: bytes
    packed: bytes | None
    media_type: str
    etag: str


def asset(body: bytes, media_type: str) -> Asset:
    """Bytes that are served as a file."""
    packed = None
    if len(body) >= _WORTH_PACKING and media_type != TYPES[".png"]:
        packed = gzip.compress(body, _PACKING, mtime=0)
    return Asset(body, packed, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


@cache
def static_files() -> dict[str, Asset]:
    """Every file below `static`, by its path there."""
    return {
        path.relative_to(STATIC).as_posix(): asset(path.read_bytes(), _media_type(path))
        for path in sorted(STATIC.rglob("*"))
        if path.is_file()
    }


def _media_type(path: Path) -> str:
    return TYPES[".txt"] if path.name == _LICENCE else TYPES[path.suffix]


def service_worker(files: dict[str, Asset], made: dict[str, Asset]) -> Asset:
    """The service worker, told which files make the shell and which version they are; `made` are
    those at the root.

    A browser replaces a service worker when a byte of it changes, so each change of a file of the
    shell makes a new one.
    """
    shell = {f"/static/{path}": file for path, file in files.items() if _is_shell(path)}
    shell |= {"/": files["index.html"]} | {f"/{name}": file for name, file in made.items()}
    version = hashlib.sha256("".join(file.etag for file in shell.values()).encode())
    told = {"version": version.hexdigest()[:16], "files": sorted(shell)}
    head = f"const SHELL = {json.dumps(told)};\n".encode()
    return asset(head + files["js/sw.js"].body, TYPES[".js"])


def _is_shell(path: str) -> bool:
    """Whether the app does not start without a file; the finest outlines come when looked at."""
    if path in {"index.html", "js/sw.js"} or path.startswith("vendor/"):
        return path == "vendor/world-atlas/countries-50m.json"
    return True
