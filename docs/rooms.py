"""Draw docs/rooms.svg and write the table of docs/architecture.md: the rooms of pipelines/ and what each imports.

    python docs/rooms.py        (`make rooms`)

A room is a package directly under pipelines/ (definitions.py belongs to defs; settings.py, quoting.py and file_names.py are in no room, all may read them).
A room stands above everything that it imports. An arrow that follows from two others is left out.
Both are read off the imports themselves; tests/test_architecture.py fails when they are not of today.
"""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterable
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

import grimp

PICTURE = Path(__file__).with_name("rooms.svg")
PAGE = Path(__file__).with_name("architecture.md")
BEGIN, END = "<!-- rooms -->", "<!-- /rooms -->"
WIDTH, BOX_WIDTH, BOX_HEIGHT, ROW = 980, 220, 78, 130
STYLE = (
    "rect{fill:#f4f6f8;stroke:#3b4a5a}text{fill:#1b2430;font:13px sans-serif}.s{font-size:11px;fill:#4a5866}"
    "path{stroke:#3b4a5a;fill:none;marker-end:url(#a)}"
)
Edges = dict[str, set[str]]


def rooms() -> Edges:
    """Every room with the rooms that it imports."""
    graph = grimp.build_graph("pipelines", cache_dir=None)
    found: Edges = {}
    for module in graph.modules:
        here = _room(module)
        if here:
            imported = {_room(name) for name in graph.find_modules_directly_imported_by(module)}
            found.setdefault(here, set()).update(imported - {here, ""})
    return found


def _room(module: str) -> str:
    name = (module.split(".") + [""])[1]
    return {"settings": "", "quoting": "", "file_names": "", "definitions": "defs"}.get(name, name)


def rows(imports: Edges) -> list[list[str]]:
    """Rooms in rows, the highest first: each room one row below the lowest room that imports it.

    Within a row a room stands as far left as the rooms that import it do.

    >>> rows({"a": {"b", "c"}, "b": {"c"}, "c": set(), "d": {"c"}})
    [['a', 'd'], ['b'], ['c']]
    """
    importers: Edges = {room: {other for other in imports if room in imports[other]} for room in imports}
    depth: dict[str, int] = {}
    for room in TopologicalSorter(importers).static_order():
        depth[room] = max((depth[above] + 1 for above in importers[room]), default=0)
    found: list[list[str]] = []
    place: dict[str, float] = {}
    for level in range(max(depth.values()) + 1):
        row = sorted(
            (room for room in depth if depth[room] == level),
            key=lambda room: (sum(place[a] for a in importers[room]) / max(len(importers[room]), 1), room),
        )
        place |= {room: (column + 0.5) / len(row) for column, room in enumerate(row)}
        found.append(row)
    return found


def direct(imports: Edges) -> list[tuple[str, str]]:
    """Imports that do not follow from others.

    >>> direct({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    [('a', 'b'), ('b', 'c')]
    """

    def below(room: str) -> set[str]:
        return imports[room].union(*(below(name) for name in imports[room]))

    return sorted(
        (room, name)
        for room in imports
        for name in imports[room]
        if not any(name in below(other) for other in imports[room] - {name})
    )


def picture() -> str:
    """The picture as SVG text."""
    imports = rooms()
    levels = rows(imports)
    places = {
        room: ((column + 0.5) * WIDTH / len(level), row * ROW + 20)
        for row, level in enumerate(levels)
        for column, room in enumerate(level)
    }
    height = len(levels) * ROW - (ROW - BOX_HEIGHT) + 40
    drawn = [
        *(_arrow(places[a], places[b]) for a, b in direct(imports)),
        *(_box(room, *places[room]) for room in sorted(places)),
    ]
    listed = "; ".join(
        f"{a} imports {', '.join(sorted(imports[a])) or 'no other room'}" for a in sorted(imports)
    )
    return _svg(height, escape(listed), drawn)


def _svg(height: int, listed: str, drawn: Iterable[str]) -> str:
    marker = (
        '<defs><marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 10 5 0 10z" style="fill:#3b4a5a;stroke:none;marker-end:none"/></marker></defs>'
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{listed}">'
    return "\n".join([head, f"<style>{STYLE}</style>", marker, *drawn, "</svg>\n"])


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    y1 += BOX_HEIGHT
    middle = (y1 + y2) / 2
    return f'<path d="M{x1:.0f} {y1:.0f} C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}"/>'


def _box(room: str, x: float, y: float) -> str:
    lines = textwrap.wrap(_purpose(room), 33)[:3]
    left = x - BOX_WIDTH / 2
    printed = "".join(
        f'<text class="s" x="{left + 10:.0f}" y="{y + 36 + 14 * n:.0f}">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    return (
        f'<g><rect x="{left:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{left + 10:.0f}" y="{y + 20:.0f}" font-weight="bold">{room}</text>{printed}</g>'
    )


def _purpose(room: str) -> str:
    """First sentence of what the room says of itself."""
    stated = importlib.import_module(f"pipelines.{room}").__doc__ or ""
    return " ".join(stated.split()).split(". ")[0].rstrip(".")


def page(text: str) -> str:
    """The text of architecture.md with the table of today's rooms between its two marks."""
    before, rest = text.split(BEGIN)
    imports = rooms()
    lines = [
        f"| `{room}` | {_purpose(room)} | {', '.join(f'`{name}`' for name in sorted(imports[room])) or 'none'} |"
        for level in rows(imports)
        for room in level
    ]
    table = "\n".join(["| room | what is there | imports |", "|---|---|---|", *lines])
    return f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PICTURE.name} and the table of {PAGE.name}")
