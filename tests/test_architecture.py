"""What may import what, how long things get, and that nothing lies about unused."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ocpi_hub.protocol.quirks import Quirk

ROOT = Path(__file__).parents[1]
PACKAGES = ("ocpi_hub", "cpo_adapter", "emsp_adapter", "migrations")


@dataclass(frozen=True)
class Source:
    """A Python file of the project."""

    path: Path

    @property
    def name(self) -> str:
        """The dotted name of the module."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> frozenset[str]:
        """The modules it imports, names from a package of ours resolved to modules."""
        return frozenset(_imports(self.tree))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                inside = [f"{module}.{alias.name}" for alias in names]
                modules = [name for name in inside if _is_module(name)]
                yield from modules
                if len(modules) < len(inside):
                    yield module


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _sources(*folders: str) -> list[Source]:
    return [Source(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


PRODUCT = _sources(*PACKAGES)
EVERYTHING = [*PRODUCT, *_sources("tests")]


def within(name: str, *packages: str) -> bool:
    """Whether a module is one of these or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


# --- who imports whom ----------------------------------------------------------------------------

_ADAPTER = (
    "ocpi_hub.protocol",
    "ocpi_hub.pricing",
    "ocpi_hub.service",
    "ocpi_hub.node",
    "ocpi_hub.peering",
    "migrations.runner",
)

# What a package may import of ours beside itself.
LAYERS: dict[str, tuple[str, ...]] = {
    "ocpi_hub.service": (),
    # The seam is all that the client and the handshake know of a connection.
    "ocpi_hub.protocol": ("ocpi_hub.service.transport",),
    "ocpi_hub.pricing": ("ocpi_hub.protocol",),
    "ocpi_hub.node": ("ocpi_hub.protocol", "ocpi_hub.service", "migrations.runner"),
    "ocpi_hub.peering": ("ocpi_hub.protocol", "ocpi_hub.service", "ocpi_hub.node"),
    "ocpi_hub.store": (
        "ocpi_hub.protocol",
        "ocpi_hub.service",
        "ocpi_hub.node",
        "migrations.runner",
    ),
    "ocpi_hub.demo": ("ocpi_hub.protocol", "ocpi_hub.service"),
    "cpo_adapter": _ADAPTER,
    "emsp_adapter": _ADAPTER,
    "migrations": ("ocpi_hub.peering.store.ddl",),
}


@pytest.mark.parametrize(("package", "allowed"), LAYERS.items(), ids=LAYERS)
def test_imports_go_one_way(package: str, allowed: tuple[str, ...]) -> None:
    found = {
        f"{source.name} imports {name}"
        for source in PRODUCT
        if within(source.name, package)
        for name in source.imports
        if within(name, *PACKAGES) and not within(name, package, *allowed)
    }

    assert not found


# Only the outermost know what everything is put together from.
_OUTER = ("ocpi_hub.cli", "ocpi_hub.__main__", "ocpi_hub.app")
OUTER: dict[str, tuple[str, ...]] = {
    "ocpi_hub.cli": ("ocpi_hub.cli", "ocpi_hub.__main__"),
    "ocpi_hub.app": _OUTER,
    "ocpi_hub.hub": _OUTER,
    "ocpi_hub.demo": ("ocpi_hub.demo",),
}


@pytest.mark.parametrize(("module", "by"), OUTER.items(), ids=OUTER)
def test_the_outermost_are_imported_by_none_further_in(module: str, by: tuple[str, ...]) -> None:
    found = {
        source.name
        for source in PRODUCT
        if not within(source.name, *by) and any(within(name, module) for name in source.imports)
    }

    assert not found


def test_no_modules_import_each_other() -> None:
    graph = {source.name: source.imports - {source.name} for source in PRODUCT}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        pytest.fail(f"a cycle of imports: {cycle.args[1]}")


# Where a library may be imported.
LIBRARIES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("sqlalchemy", "psycopg", "psycopg_pool", "alembic"): (
        "ocpi_hub.store",
        "ocpi_hub.node.audit",
        "ocpi_hub.node.columns",
        "ocpi_hub.node.engine",
        "ocpi_hub.node.group_commit",
        "ocpi_hub.node.kept",
        "ocpi_hub.node.sealed",
        "ocpi_hub.peering.store",
        "ocpi_hub.peering.commands.adapter",
        "ocpi_hub.service.database",
        "cpo_adapter.store",
        "emsp_adapter.store",
        "migrations",
    ),
    ("fastapi", "starlette"): (
        "ocpi_hub.app",
        "ocpi_hub.node.asgi",
        "ocpi_hub.node.health",
        "ocpi_hub.node.rest",
        "ocpi_hub.demo.desk",
        "cpo_adapter",
        "emsp_adapter",
    ),
    ("httpx", "httpx_aiohttp", "aiohttp"): ("ocpi_hub.service.http",),
    ("httptools",): ("ocpi_hub.service",),
    ("uvicorn",): ("ocpi_hub.service", "ocpi_hub.cli"),
    ("typer", "rich"): (
        "ocpi_hub.cli",
        "ocpi_hub.node",
        "ocpi_hub.peering.commands",
        "ocpi_hub.__main__",
        "ocpi_hub.demo",
        "cpo_adapter",
        "emsp_adapter",
    ),
    ("prometheus_client",): (
        "ocpi_hub.metrics",
        "ocpi_hub.node.health",
        "ocpi_hub.service.metrics",
        "ocpi_hub.node.metrics",
    ),
    ("cryptography",): ("ocpi_hub.node.secrets", "ocpi_hub.service.secret_key"),
    ("ocpp",): ("cpo_adapter",),
    ("authlib", "joserfc", "argon2"): ("emsp_adapter.identity",),
    ("segno",): ("emsp_adapter.charging.plug_codes",),
    ("typst",): ("emsp_adapter.papers",),
    ("aiosmtplib",): ("emsp_adapter.drivers.mail_carriers",),
}


@pytest.mark.parametrize(
    ("libraries", "places"), LIBRARIES.items(), ids=[names[0] for names in LIBRARIES]
)
def test_a_library_stays_in_its_place(libraries: tuple[str, ...], places: tuple[str, ...]) -> None:
    found = {
        f"{source.name} imports {name}"
        for source in PRODUCT
        if not within(source.name, *places)
        for name in source.imports
        if within(name, *libraries)
    }

    assert not found


def test_no_import_is_relative() -> None:
    found = {
        source.name
        for source in EVERYTHING
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    }

    assert not found


def test_no_import_stands_in_a_function() -> None:
    found = {
        f"{source.name}.{function.name}"
        for source in EVERYTHING
        for function in _functions(source)
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
    }

    assert not found


def _functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


# --- how long things get -------------------------------------------------------------------------


def test_a_file_is_about_one_noun() -> None:
    """600 lines is the limit."""
    assert not {
        source.name: lines
        for source in EVERYTHING
        if (lines := len(source.text.splitlines())) > 600
    }


def test_a_function_does_one_thing() -> None:
    """80 lines is the limit."""
    assert not {
        f"{source.name}.{function.name}": lines
        for source in EVERYTHING
        for function in _functions(source)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > 80
    }


def test_every_module_says_what_it_is_about() -> None:
    found = {
        source.name
        for source in EVERYTHING
        if source.text.strip() and ast.get_docstring(source.tree) is None
    }

    assert not found


# --- nothing lies about unused -------------------------------------------------------------------


@pytest.mark.parametrize("quirk", Quirk)
def test_every_quirk_is_read_somewhere(quirk: Quirk) -> None:
    readers = [
        source.name for source in _sources("ocpi_hub") if f"Quirk.{quirk.name}" in source.text
    ]

    assert readers


@pytest.mark.parametrize("quirk", Quirk)
def test_every_quirk_is_tested(quirk: Quirk) -> None:
    words = (f"Quirk.{quirk.name}", quirk.value)
    tests = [
        source.name
        for source in _sources("tests")
        if source.path != Path(__file__) and any(word in source.text for word in words)
    ]

    assert tests


# --- the text speaks of the project alone --------------------------------------------------------

# In two halves, so that this file does not hold what it looks for.
FORBIDDEN = re.compile("|".join(("/wo" + "rk/", "iss" + "ue #?[0-9]", "TO" + "DO", "FIX" + "ME")))
_TEXTS = {".py", ".md", ".toml", ".sql", ".mako", ".ini", ".html", ".css", ".js", ".yml", ".yaml"}
_FOLDERS = (*PACKAGES, "tests", "docs", ".ci")


def _texts() -> Iterator[Path]:
    for folder in _FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and (path.suffix in _TEXTS or folder == ".ci"):
                yield path
    yield from (path for path in ROOT.iterdir() if path.suffix in _TEXTS)
    yield ROOT / "Makefile"


def test_no_text_speaks_of_anything_but_the_project() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in _texts()
        if (match := FORBIDDEN.search(path.read_text()))
    }

    assert not found


# --- the tree ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*_FOLDERS, "README.md", "LICENSE", "Makefile", "pyproject.toml"])
def test_the_tree_has_its_parts(name: str) -> None:
    assert (ROOT / name).exists()


def test_ci_has_something_to_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_with_code_is_a_package(package: str) -> None:
    folders = {source.path.parent for source in _sources(package)}

    assert not {str(folder) for folder in folders if not (folder / "__init__.py").exists()}
