r"""The rooms and their doors: who may import whom. Read from the source, so nothing has to be run to know it.

             __main__
                |
               app
  ______________|______________
 |              |              |
chat           work       playground
 |______________|______________|
                |
        use cases (bot/*.py)
  ______________|______________
 |         |         |         |
pull      rank      card    storage
 |_________|_________|_________|
                |
          model, errors
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STAGES = ("pull", "rank", "card")
OUTER = ("chat", "work", "playground")
NOUNS = {"bot.model", "bot.errors"}
ENTRANCE = {"bot.app", "bot.__main__"}

NETWORK = {"aiohttp", "arxiv", "requests", "urllib3", "httpx", "httpx2", "socket", "ssl", "http", "urllib.request"}
"""What reaches out of the process."""

BORDERS = {
    "telegram": {"chat", "entrance"},
    "sqlalchemy": {"storage"},
    "sqlalchemy.ext.asyncio": {"storage", "use cases"},
    "alembic": {"storage"},
    "selectolax": {"pull"},
}
"""Library → the rooms that know it."""


@dataclass(frozen=True)
class Import:
    """One imported module as it stands in a file."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def files() -> Iterator[Path]:
    """Every Python file of the program."""
    for room in ("bot", "storage"):
        yield from sorted((ROOT / room).rglob("*.py"))


def name_of(file: Path) -> str:
    """The dotted name of a file's module."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in files()}


def imports_of(module: str, source: str, *, package: bool = False) -> list[Import]:
    """What `module` with this source imports, at its top or later; `from a import b` is a.b where that is a module,
    otherwise a."""
    found: list[Import] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [Import(module, alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node, package=package)
            names = [f"{base}.{alias.name}" for alias in node.names]
            found += [Import(module, name if _is_module(name) else base, node.lineno) for name in names]
    return sorted(found, key=lambda each: each.line)


def _absolute(module: str, node: ast.ImportFrom, *, package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + package]
    return ".".join([*parts, node.module] if node.module else parts)


def _is_module(name: str) -> bool:
    # The map holds nothing but modules, so whatever is imported from it is one.
    return name in MODULES or name in NETWORK or re.fullmatch(r"bot\.\w+", name) is not None


def all_imports() -> list[Import]:
    """Every import of the program."""
    return [
        found
        for name, file in MODULES.items()
        for found in imports_of(name, file.read_text(encoding="utf-8"), package=file.name == "__init__.py")
    ]


def room_of(module: str) -> str:
    """The room a module of ours belongs to: a stage, an outer room, "storage", "nouns", "entrance" or "use cases"."""
    parts = module.split(".")
    if parts[0] == "storage":
        return "storage"
    if module == "bot":
        return "map"
    if module in NOUNS:
        return "nouns"
    if module in ENTRANCE:
        return "entrance"
    if parts[1] in (*STAGES, *OUTER):
        return parts[1]
    return "use cases"


DOORS: Mapping[str, set[str]] = {
    "map": set(),
    "nouns": {"nouns"},
    **{stage: {"nouns", stage} for stage in STAGES},
    "storage": {"nouns", "storage"},
    "use cases": {"nouns", "use cases", "storage", *STAGES},
    "chat": {"nouns", "use cases", "chat"},
    "work": {"nouns", "use cases", "storage", "work"},
    "playground": {"nouns", "use cases", "playground"},
    "entrance": {"nouns", "use cases", "storage", "entrance", *STAGES, *OUTER},
}
"""Room → the rooms it may import from."""

IMPORTS = all_imports()
OURS = [found for found in IMPORTS if found.imported.split(".")[0] in {"bot", "storage", "templates", "tests"}]


def closed(found: Import) -> bool:
    """Whether there is no door for this import."""
    if found.imported.split(".")[0] in {"templates", "tests"}:
        return True
    return room_of(found.imported) not in DOORS[room_of(found.importer)]


@pytest.mark.parametrize("room", DOORS)
def test_rooms_import_only_through_their_doors(room: str) -> None:
    """Stages and storage know the nouns alone, use cases know stages and storage, chat knows use cases."""
    assert [str(found) for found in OURS if room_of(found.importer) == room and closed(found)] == []


def test_only_app_imports_the_outer_rooms() -> None:
    """Chat, work and playground are put together in one place."""
    importers = {
        found.importer
        for found in OURS
        if room_of(found.imported) in OUTER and room_of(found.importer) != room_of(found.imported)
    }
    assert importers <= {"bot.app"}


def test_app_is_imported_by_the_command_line_alone() -> None:
    """Nothing that app puts together knows app."""
    assert {found.importer for found in OURS if found.imported == "bot.app"} <= {"bot.__main__"}


def test_the_map_imports_nothing() -> None:
    """bot/__init__.py is a docstring."""
    body = ast.parse((ROOT / "bot" / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(node) for node in body] == [ast.Expr]


def test_the_map_names_every_room() -> None:
    """Whoever reads bot/__init__.py finds every folder of bot/ there."""
    text = (ROOT / "bot" / "__init__.py").read_text(encoding="utf-8")
    rooms = {file.parent.name for file in files() if file.parent.parent == ROOT / "bot"}
    assert [room for room in sorted(rooms) if f"{room}/" not in text] == []


def test_only_some_rooms_reach_the_network() -> None:
    """Ranking, storage and most use cases cannot reach the network, whatever happens in them."""
    outgoing = {
        found.importer
        for found in IMPORTS
        if any(found.imported == name or found.imported.startswith(f"{name}.") for name in NETWORK)
    }
    free = {
        name for name in outgoing if room_of(name) in {"pull", *OUTER, "entrance"} or name.startswith("bot.card.llm")
    }
    assert outgoing - free <= {"bot.doctor"}


def border_of(imported: str) -> str:
    """The innermost border that an import crosses, "" for none."""
    return max((name for name in BORDERS if f"{imported}.".startswith(f"{name}.")), key=len, default="")


def test_the_libraries_of_a_border_stay_behind_it() -> None:
    """Telegram is chat's business and SQL is storage's; of SQLAlchemy, others know the connection they hand on."""
    crossed = [
        str(found)
        for found in IMPORTS
        if (border := border_of(found.imported)) and room_of(found.importer) not in BORDERS[border]
    ]
    assert crossed == []


def test_the_way_of_a_paper_has_no_circle() -> None:
    """No module imports itself, over whatever others, not even late or for types alone."""
    graph = {name: {found.imported for found in OURS if found.importer == name} for name in MODULES}
    assert circles(graph) == []


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The sets of modules that can reach each other (Tarjan's strongly connected components of more than one)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph.get(name, ())):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1 or name in graph.get(name, ()):
                found.append(sorted(component))

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return found


def test_no_file_is_named_like_a_package_it_could_shadow() -> None:
    """No bot/telegram, no bot/logging: whoever runs a file from its folder still gets the real one."""
    foreign = set(packages_distributions()) - {"bot", "storage", "templates", "tests"}
    names = {file.relative_to(ROOT) for file in files()} | {file.parent.relative_to(ROOT) for file in files()}
    shadows = [
        str(path)
        for path in sorted(names)
        if path.stem in foreign | (set(sys.stdlib_module_names) if len(path.parts) == 2 else set())
    ]
    assert shadows == []


# --------------------------------------------------------------------------- the tests' own eyes


def test_the_reader_sees_every_kind_of_import() -> None:
    """Plain, from, relative, late and type-only imports are all found, each with its line."""
    source = (
        "import aiohttp.web\n"
        "from bot import model\n"
        "from . import listing\n"
        "from bot.errors import Malformed\n"
        "if TYPE_CHECKING:\n    from storage.database import Database\n"
        "def late():\n    import urllib.request\n"
    )
    seen = [(found.imported, found.line) for found in imports_of("bot.pull.client", source)]
    assert seen == [
        ("aiohttp.web", 1),
        ("bot.model", 2),
        ("bot.pull.listing", 3),
        ("bot.errors", 4),
        ("storage.database", 6),
        ("urllib.request", 8),
    ]


@pytest.mark.parametrize(
    ("importer", "imported", "expected"),
    [
        ("bot.rank.score", "bot.model", False),
        ("bot.rank.score", "bot.rank.terms", False),
        ("bot.rank.score", "bot.pull.client", True),
        ("bot.rank.score", "storage.papers", True),
        ("bot.rank.score", "bot.config", True),
        ("storage.papers", "bot.errors", False),
        ("storage.papers", "bot.digest", True),
        ("bot.digest", "storage.papers", False),
        ("bot.digest", "bot.rank.score", False),
        ("bot.digest", "bot.chat.routes", True),
        ("bot.digest", "bot.app", True),
        ("bot.chat.routes", "bot.digest", False),
        ("bot.chat.routes", "storage.papers", True),
        ("bot.chat.routes", "bot.pull.client", True),
        ("bot.work.embedded", "bot.chat.routes", True),
        ("bot.playground.server", "bot.chat.routes", True),
        ("bot.app", "bot.chat.routes", False),
        ("bot.app", "tests.support.world", True),
    ],
)
def test_the_doors_are_where_the_design_has_them(importer: str, imported: str, *, expected: bool) -> None:
    """A few imports that the design allows or forbids, so that a door left open by mistake is seen."""
    assert closed(Import(importer, imported, 1)) is expected


def test_a_circle_is_found() -> None:
    """The search for circles finds one, however long, and a module that imports itself."""
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": {"e"}}
    assert circles(graph) == [["e"], ["a", "b", "c"]]
