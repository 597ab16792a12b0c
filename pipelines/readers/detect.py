"""Readers of publishers' layouts: bytes in, frames of printed text with positions out.

Belongs here: the choice of reader by declared layout, and the recognition of a file. Does not belong here:
one layout's details (one module each), numbers, units, areas (all are core's), files and databases.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.readers import archive, grid, text, workbook
from pipelines.readers.formats import json_stat, px, sdmx_csv, sdmx_ml, world_bank
from pipelines.readers.publishers import customs_large, customs_query, nbs_export, nbs_json
from pipelines.readers.tables import (
    figure_list,
    json_list,
    record_list,
    record_pieces,
    registry,
    wide_panel,
    zone_return,
)
from pipelines.readers.text import ReadError, Reading

__all__ = ["ReadError", "Reading", "beginning", "detect", "read", "read_file"]

LAYOUTS = {
    "wide_panel": wide_panel.read,
    "nbs_export": nbs_export.read,
    "nbs_json": nbs_json.read,
    "figure_list": figure_list.read,
    "customs_query": customs_query.read,
    "registry": registry.read,
    "record_list": record_list.read,
    "zone_return": zone_return.read,
    "sdmx_csv": sdmx_csv.read,
    "sdmx_ml": sdmx_ml.read,
    "json_stat": json_stat.read,
    "px": px.read,
    "world_bank": world_bank.read,
    "world_bank_json": world_bank.read_json,
}
# Of these the signature may stand anywhere in the text: they have no rows, or none where the file is JSON.
WITHOUT_ROWS = {"nbs_json", "sdmx_ml", "json_stat", "px", "world_bank_json"}
ALSO_JSON = {"record_list"}
# Layouts whose text files may be larger than memory. From some size on it costs less to read them that way.
LARGE_LAYOUTS = {"customs_query": customs_large.read, "record_list": record_pieces.read}
LARGE_BYTES = 8 << 20
# All other files are read as one piece.
MOST_BYTES = 64 << 20
BEGINNING_BYTES = 1 << 18
PACKED = (archive.ZIP, workbook.XLS)
# Signatures stand in the header or the preamble: within the first rows that are not blank.
SIGNATURE_ROWS = 6
# Of a file that fits no source so many are named.
NEAREST = 5


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Read a file by its declared layout. Faults of the whole file raise ReadError; others are rejects."""
    return LAYOUTS[source.layout](content, source, file_name)


def read_file(path: Path, source: Any, file_name: str, scratch: Path) -> Reading:
    """Read a file from disk; the rows of a large one are a SELECT over files that are put into `scratch`."""
    size = path.stat().st_size
    if source.layout in LARGE_LAYOUTS and size >= LARGE_BYTES and not _start(path).startswith(PACKED):
        return LARGE_LAYOUTS[source.layout](path, source, file_name, scratch)
    if size > MOST_BYTES:
        raise _too_large(size, f"layout {source.layout}", file_name)
    return read(path.read_bytes(), source, file_name)


def beginning(path: Path, file_name: str) -> bytes:
    """What `detect` needs of a file: all of it, or the first lines of a large one."""
    size, start = path.stat().st_size, _start(path)
    if size <= MOST_BYTES:
        return path.read_bytes()
    if start.startswith(PACKED):
        raise _too_large(size, "a workbook", file_name)
    end = max(start.rfind(b"\n"), start.rfind(b"\r", 0, -1)) + 1
    if not end:
        message = f"{file_name}: found no line end in the first {len(start)} bytes, expected a table"
        raise ReadError("long_line", message)
    return start[:end]


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BEGINNING_BYTES)


def _too_large(size: int, what: str, file_name: str) -> ReadError:
    message = f"{file_name}: found {size} bytes, expected at most {MOST_BYTES} of {what}"
    return ReadError("file_too_large", message)


def detect(content: bytes, file_name: str, sources: Iterable[Any], by_name: bool = True) -> Any:
    """The one declared source whose name pattern (unless not `by_name`), encoding and signature fit the file."""
    if not content.strip():
        raise ReadError("empty_file", f"{file_name}: found {len(content)} blank bytes, expected a table")
    look, sources = _Look(content, file_name), list(sources)
    if look.kind:
        _ = look.sheets  # a workbook that cannot be opened fits nothing, whatever is declared
    named = [source for source in sources if not by_name or re.fullmatch(source.file_pattern, file_name)]
    fitting = [source for source in named if not _misfit(look, source, by_name).reasons]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = [source.source_id for source in fitting]
        raise ReadError("ambiguous_file", f"{file_name}: fits the sources {names}, expected exactly one")
    raise ReadError("unknown_file", f"{file_name}: fits no declared source{_nearest(look, sources, by_name)}")


def _nearest(look: _Look, sources: list[Any], by_name: bool) -> str:
    """The sources of whose signature most stands in the file, with what is missing, and how many others there are."""
    misfits = [(source, _misfit(look, source, by_name)) for source in sources]
    misfits.sort(key=lambda pair: (-pair[1].found, len(pair[1].reasons)))
    nearest = "".join(f"\n  {s.source_id} ({s.title}): {'; '.join(m.reasons)}" for s, m in misfits[:NEAREST])
    others = len(misfits) - NEAREST
    return f"; the nearest are{nearest}" + (f"\n  and {others} others" if others > 0 else "")


class _Look:
    """What is seen of a file while sources are compared with it: each encoding is tried once."""

    def __init__(self, content: bytes, file_name: str) -> None:
        self.content, self.file_name = content, file_name
        self.kind, self.is_json = workbook.kind(content), json_list.is_json(content)
        self._texts: dict[str, str | ReadError] = {}
        self._lines: dict[str, grid.Grid] = {}

    def text(self, encodings: Iterable[str]) -> tuple[str, str]:
        """Text and the first encoding that decodes all of it, as text.decode has them. Raises ReadError."""
        for encoding in encodings:
            found = self._decoded(encoding)
            if isinstance(found, str):
                return found, encoding
            if found.reason_code != "wrong_encoding":
                raise found
        raise found

    def _decoded(self, encoding: str) -> str | ReadError:
        if encoding not in self._texts:
            try:
                self._texts[encoding] = text.decode(self.content, [encoding], self.file_name)[0]
            except ReadError as error:
                self._texts[encoding] = error
        return self._texts[encoding]

    @cached_property
    def sheets(self) -> list[grid.Grid]:
        """Sheets of a workbook."""
        return grid.grids(self.content, [], self.file_name)

    def lines(self, encoding: str) -> grid.Grid:
        """The first lines of a text."""
        if encoding not in self._lines:
            lines = text.split_lines(self.text([encoding])[0][:BEGINNING_BYTES])
            self._lines[encoding] = grid.TextGrid(self.file_name, encoding, *lines)
        return self._lines[encoding]


class _Misfit(NamedTuple):
    """How many texts of a source's signature stand in a file, and a reason for each thing that it lacks."""

    found: int
    reasons: list[str]


def _misfit(look: _Look, source: Any, by_name: bool) -> _Misfit:
    """Why the file is not of this source; without reasons where it is."""
    reasons = []
    if by_name and not re.fullmatch(source.file_pattern, look.file_name):
        reasons.append("its files have other names")
    try:
        missing = _missing(look, source)
    except ReadError as error:
        return _Misfit(0, [*reasons, f"{error.reason_code} (declared {list(source.encoding)})"])
    reasons += [f"the first lines lack {wanted!r}" for wanted in missing]
    return _Misfit(len(source.signature) - len(missing), reasons)


def _missing(look: _Look, source: Any) -> list[str]:
    """Texts of the signature that the file (or the sheet that has most of them) lacks."""
    if look.kind and source.layout not in WITHOUT_ROWS:
        return min((_lacks(sheet, source.signature) for sheet in look.sheets), key=len)
    decoded, encoding = look.text(source.encoding)
    if source.layout in WITHOUT_ROWS or (source.layout in ALSO_JSON and look.is_json):
        return [
            " or ".join(_any_of(s)) for s in source.signature if not any(w in decoded for w in _any_of(s))
        ]
    return _lacks(look.lines(encoding), source.signature)


def _lacks(sheet: grid.Grid, signature: list[str | list[str]]) -> list[str]:
    """Texts of the signature that are neither a cell nor the beginning of one of the first rows."""
    rows = itertools.islice((i for i in range(len(sheet)) if not sheet.is_blank(i)), SIGNATURE_ROWS)
    rows = [sheet.fields(index) for index in rows]
    printed = {cell for row in rows for cell in row}
    starts = [row[0].lstrip('"') for row in rows]
    return [
        " or ".join(_any_of(s)) for s in signature if not any(_stands(w, printed, starts) for w in _any_of(s))
    ]


def _any_of(wanted: str | list[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else wanted


def _stands(wanted: str, printed: set[str], starts: list[str]) -> bool:
    return wanted in printed or any(start.startswith(wanted) for start in starts)
