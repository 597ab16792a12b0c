"""Readers of publishers' layouts: bytes in, frames of printed text with positions out.

Belongs here: the choice of reader by declared layout, and the recognition of a file. Does not belong here:
one layout's details (one module each), numbers, units, areas (all are core's), files and databases.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.readers import (
    archive,
    customs_large,
    customs_query,
    figure_list,
    grid,
    json_list,
    nbs_export,
    nbs_json,
    record_list,
    registry,
    text,
    wide_panel,
    workbook,
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
}
# Of these the signature may stand anywhere in the text: they have no rows, or none where the file is JSON.
WITHOUT_ROWS = {"nbs_json"}
ALSO_JSON = {"record_list"}
# Layouts whose text files may be larger than memory. From some size on it costs less to read them that way.
LARGE_LAYOUTS = {"customs_query": customs_large.read}
LARGE_BYTES = 8 << 20
# All other files are read as one piece.
MOST_BYTES = 64 << 20
BEGINNING_BYTES = 1 << 18
PACKED = (archive.ZIP, workbook.XLS)
# Signatures stand in the header or the preamble: within the first rows that are not blank.
SIGNATURE_ROWS = 6


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
        words = f"{file_name}: found no line end in the first {len(start)} bytes, expected a table"
        raise ReadError("long_line", words)
    return start[:end]


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BEGINNING_BYTES)


def _too_large(size: int, what: str, file_name: str) -> ReadError:
    words = f"{file_name}: found {size} bytes, expected at most {MOST_BYTES} of {what}"
    return ReadError("file_too_large", words)


def detect(content: bytes, file_name: str, sources: Iterable[Any]) -> Any:
    """The one declared source whose name pattern, encoding and signature fit the file."""
    if not content.strip():
        raise ReadError("empty_file", f"{file_name}: found {len(content)} blank bytes, expected a table")
    if workbook.kind(content):
        grid.grids(content, [], file_name)  # one that cannot be opened fits nothing, whatever is declared
    decode = cache(lambda encodings: text.decode(content, encodings, file_name))
    misfits = {source.source_id: (source, _misfit(content, decode, file_name, source)) for source in sources}
    fitting = [source for source, why in misfits.values() if not why]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = [source.source_id for source in fitting]
        raise ReadError("ambiguous_file", f"{file_name}: fits the sources {names}, expected exactly one")
    nearest_first = sorted(misfits.items(), key=lambda item: item[1][1].count("; "))
    reasons = "".join(f"\n  {source_id}: {why}" for source_id, (_, why) in nearest_first)
    raise ReadError("unknown_file", f"{file_name}: fits no declared source:{reasons}")


def _misfit(content: bytes, decode: Callable, file_name: str, source: Any) -> str:
    """Why the file is not of this source; empty where it is."""
    reasons = []
    if not re.fullmatch(source.file_pattern, file_name):
        reasons.append(f"the name does not match {source.file_pattern!r}")
    try:
        missing = _missing(content, decode, file_name, source)
    except ReadError as error:
        return "; ".join([*reasons, f"{error.reason_code} (declared {list(source.encoding)})"])
    if missing:
        reasons.append(f"the first lines lack {missing}")
    return "; ".join(reasons)


def _missing(content: bytes, decode: Callable, file_name: str, source: Any) -> list[str]:
    """Texts of the signature that the file (or the sheet that has most of them) lacks."""
    if workbook.kind(content) and source.layout not in WITHOUT_ROWS:
        sheets = grid.grids(content, [], file_name)
    else:
        decoded, encoding = decode(tuple(source.encoding))
        if source.layout in WITHOUT_ROWS or (source.layout in ALSO_JSON and json_list.is_json(content)):
            return [s for s in source.signature if s not in decoded]
        sheets = [grid.TextGrid(file_name, encoding, *text.split_lines(decoded[:BEGINNING_BYTES]))]
    return min((_lacks(sheet, source.signature) for sheet in sheets), key=len)


def _lacks(sheet: grid.Grid, signature: list[str]) -> list[str]:
    """Texts of the signature that are neither a cell nor the beginning of one of the first rows."""
    rows = itertools.islice((i for i in range(len(sheet)) if not sheet.is_blank(i)), SIGNATURE_ROWS)
    rows = [sheet.fields(index) for index in rows]
    printed = {cell for row in rows for cell in row}
    starts = [row[0].lstrip('"') for row in rows]
    return [s for s in signature if s not in printed and not any(x.startswith(s) for x in starts)]
