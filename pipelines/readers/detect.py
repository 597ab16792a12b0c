"""The source of a file, and the reader for its layout.

Belongs here: the search for the source that fits a file, and the choice of the reader. Does not belong here: the details
of a layout (each has its own module), numbers, units, areas (core decides them), databases.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pipelines import file_names
from pipelines.readers import archive, grid, kind, text
from pipelines.readers.formats import json_stat, px, sdmx_csv, sdmx_ml, world_bank
from pipelines.readers.publishers import customs_large, customs_query, nbs_export, nbs_json
from pipelines.readers.source import Source
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
# These layouts have no rows (or none if the file is JSON), so their signature may stand anywhere in the text.
WITHOUT_ROWS = {"nbs_json", "sdmx_ml", "json_stat", "px", "world_bank_json"}
ALSO_JSON = {"record_list"}
# Text files of these layouts may be larger than memory. From LARGE_BYTES on, the second reader costs less.
LARGE_LAYOUTS = {"customs_query": customs_large.read, "record_list": record_pieces.read}
WITH_TABS = {"record_list"}  # its reader of large files knows tabs between the cells too
LARGE_BYTES = 8 << 20
# All other files are read in one piece, so they may not be larger.
MOST_BYTES = 64 << 20
BEGINNING_BYTES = 1 << 18
PACKED = (archive.ZIP, kind.OLE)
# A signature stands in the header or the preamble: in the first rows that are not blank.
SIGNATURE_ROWS = 6
# If a file fits no source, the message names this many of the nearest sources.
NEAREST = 5


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read a file by its declared layout.

    Raises:
        ReadError: the whole file is at fault. A fault of a line or cell becomes a reject instead.
    """
    return LAYOUTS[source.layout](content, source, file_name)


def read_file(path: Path, source: Source, file_name: str, scratch: Path) -> Reading:
    """Read a file from disk.

    Args:
        path: the file.
        source: the source that the file belongs to.
        file_name: name of the file for messages.
        scratch: folder for temporary files. The rows of a large file are a SELECT over files in it.

    Raises:
        ReadError: the whole file is at fault.
    """
    size = path.stat().st_size
    if source.layout in LARGE_LAYOUTS and size >= LARGE_BYTES and _has_plain_lines(_start(path), source):
        return LARGE_LAYOUTS[source.layout](path, source, file_name, scratch)
    if size > MOST_BYTES:
        raise _too_large(size, f"layout {source.layout}", file_name)
    return read(path.read_bytes(), source, file_name)


def beginning(path: Path, file_name: str) -> bytes:
    """The bytes that `detect` needs: the whole file, or the first lines of a large one.

    Raises:
        ReadError: a large file is a workbook, or has no line end near its beginning.
    """
    size, start = path.stat().st_size, _start(path)
    if size <= MOST_BYTES:
        return path.read_bytes()
    if start.startswith(PACKED):
        raise _too_large(size, "a workbook", file_name)
    end = max(start.rfind(b"\n"), start.rfind(b"\r", 0, -1)) + 1
    if not end:
        message = f"{file_name}: found no line end in the first {len(start)} bytes, expected lines of a table"
        raise ReadError("long_line", message)
    return start[:end]


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BEGINNING_BYTES)


def _has_plain_lines(start: bytes, source: Source) -> bool:
    """Whether the reader of large files can read a file that begins so: no workbook, no UTF-16, a separator that it knows."""
    if start.startswith((*PACKED, *text.UTF_16_MARKS)):
        return False
    return source.layout in WITH_TABS or text.separator_of(start.decode("latin-1")) == ","


def _too_large(size: int, what: str, file_name: str) -> ReadError:
    message = f"{file_name}: found {size} bytes, expected at most {MOST_BYTES} for {what}; divide the file"
    return ReadError("file_too_large", message)


def detect(content: bytes, file_name: str, sources: Iterable[Any], by_name: bool = True) -> Any:
    """Find the one declared source that fits the file by name, encoding and signature.

    If a general source (all tables of a database) and a special one (one indicator of it) fit, the special one is found.

    Args:
        content: the file, or its beginning.
        file_name: name of the file.
        sources: the declared sources.
        by_name: whether the name of the file must fit; False if a sidecar names the source.

    Raises:
        ReadError: the file is empty, or of a kind that is not read, or no source fits, or several sources fit.
    """
    if not content.strip():
        raise ReadError(
            "empty_file", f"{file_name}: found {len(content)} blank bytes, expected a table; export it again"
        )
    _check_kind(content, file_name)
    look, sources = _Look(content, file_name), list(sources)
    if look.kind:
        _ = look.sheets  # raises now if the workbook cannot be opened
    named = [source for source in sources if not by_name or file_names.match(source.file_pattern, file_name)]
    fitting = [source for source in named if not _misfit(look, source, by_name).reasons]
    fitting = [source for source in fitting if not any(_asks_more(other, source) for other in fitting)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = [source.source_id for source in fitting]
        raise ReadError(
            "ambiguous_file",
            f"{file_name}: found {len(names)} sources that fit ({', '.join(names)}), expected exactly one; write the line "
            f"`source: NAME` into {file_name}.yml beside it",
        )
    raise ReadError("unknown_file", f"{file_name}: fits no declared source{_nearest(look, sources, by_name)}")


def _asks_more(other: Source, source: Source) -> bool:
    """Whether a source asks for all signs of another of its layout, and for more: the general source gives way to it."""
    signs = [_any_of(sign) for sign in source.signature]
    more = [_any_of(sign) for sign in other.signature]
    same_form = (other.layout, bool(signs)) == (source.layout, True)
    return same_form and len(more) > len(signs) and all(sign in more for sign in signs)


def _check_kind(content: bytes, file_name: str) -> None:
    """Refuse a file of a kind that no reader reads, such as a web page or a PDF document."""
    found = kind.of(content)
    if found.advice:
        name, name_zh = kind.named(found, file_name)
        message = f"{file_name}: this is {name}: {found.advice}. 这是{name_zh}：{found.advice_zh}。"
        raise ReadError("kind_not_read", message)


def _nearest(look: _Look, sources: list[Any], by_name: bool) -> str:
    """List the nearest sources, with what the file lacks of each, and count the other sources.

    A source is near if much of its signature stands in the file.
    """
    misfits = [(source, _misfit(look, source, by_name)) for source in sources]
    misfits.sort(key=lambda pair: (-pair[1].found, len(pair[1].reasons)))
    nearest = "".join(f"\n  {s.source_id} ({s.title}): {'; '.join(m.reasons)}" for s, m in misfits[:NEAREST])
    others = len(misfits) - NEAREST
    return f"; the nearest are{nearest}" + (f"\n  and {others} others" if others > 0 else "")


class _Look:
    """A file while sources are compared with it. Each encoding is tried once only."""

    def __init__(self, content: bytes, file_name: str) -> None:
        self.content, self.file_name = content, file_name
        self.kind, self.is_json = kind.workbook(content), json_list.is_json(content)
        self._texts: dict[str, str | ReadError] = {}
        self._lines: dict[str, grid.Grid] = {}

    def text(self, encodings: Iterable[str]) -> tuple[str, str]:
        """The text, and the first encoding that decodes all of it (see text.decode). Raises ReadError."""
        faults = []
        for encoding in encodings:
            found = self._decoded(encoding)
            if isinstance(found, str):
                return found, encoding
            faults.append(found)
            if found.reason_code != "wrong_encoding":
                break
        raise faults[-1]

    def _decoded(self, encoding: str) -> str | ReadError:
        if encoding not in self._texts:
            try:
                self._texts[encoding] = text.decode(self.content, [encoding], self.file_name)[0]
            except ReadError as error:
                self._texts[encoding] = error
        return self._texts[encoding]

    @cached_property
    def sheets(self) -> list[grid.Grid]:
        """The sheets of a workbook."""
        return grid.grids(self.content, [], self.file_name)

    def lines(self, encoding: str) -> grid.Grid:
        """The first lines of a text."""
        if encoding not in self._lines:
            start = self.text([encoding])[0][:BEGINNING_BYTES]
            lines, separator = text.split_lines(start), text.separator_of(start)
            self._lines[encoding] = grid.TextGrid(self.file_name, encoding, *lines, separator=separator)
        return self._lines[encoding]


class _Misfit(NamedTuple):
    """How many texts of a source's signature stand in a file, and a reason for each thing that the file lacks."""

    found: int
    reasons: list[str]


def _misfit(look: _Look, source: Source, by_name: bool) -> _Misfit:
    """The reasons why a source does not fit a file. No reasons mean that it fits."""
    reasons = []
    if by_name and not file_names.match(source.file_pattern, look.file_name):
        reasons.append("the name of the file does not fit")
    try:
        missing = _missing(look, source)
    except ReadError as error:
        return _Misfit(
            0, [*reasons, f"{error.reason_code} (declared encodings: {', '.join(source.encoding)})"]
        )
    reasons += [f"the first lines lack {wanted!r}" for wanted in missing]
    return _Misfit(len(source.signature) - len(missing), reasons)


def _missing(look: _Look, source: Source) -> list[str]:
    """The texts of the signature that the file lacks. In a workbook, the sheet that lacks least counts."""
    if look.kind and source.layout not in WITHOUT_ROWS:
        return min((_lacks(sheet, source.signature) for sheet in look.sheets), key=len)
    decoded, encoding = look.text(source.encoding)
    if source.layout in WITHOUT_ROWS or (source.layout in ALSO_JSON and look.is_json):
        return [
            " or ".join(_any_of(s)) for s in source.signature if not any(w in decoded for w in _any_of(s))
        ]
    return _lacks(look.lines(encoding), source.signature)


def _lacks(sheet: grid.Grid, signature: list[str | list[str]]) -> list[str]:
    """The texts of the signature that no cell of the first rows has. With a colon, a row may also begin with the text."""
    first = itertools.islice((i for i in range(len(sheet)) if not sheet.is_blank(i)), SIGNATURE_ROWS)
    rows = [sheet.fields(index) for index in first]
    printed = {text.plain(cell) for row in rows for cell in row}
    starts = [text.plain(row[0].lstrip('"')) for row in rows]
    return [
        " or ".join(_any_of(s)) for s in signature if not any(_stands(w, printed, starts) for w in _any_of(s))
    ]


def _any_of(wanted: str | list[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else wanted


def _stands(wanted: str, printed: set[str], starts: list[str]) -> bool:
    plain = text.plain(wanted)
    return plain in printed or (":" in plain and any(start.startswith(plain) for start in starts))
