"""The reader for large text files of layout record_list. It reads them piece by piece, so they may be larger than memory.

Belongs here: the way through such a file. Does not belong here: rules of the layout: grid.take makes records of lines, and
record_list.py makes rows of records. Tests prove that both readers give the same rows, rejects and counts.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from pipelines.quoting import identifier, literal
from pipelines.readers import grid, text
from pipelines.readers.grid import Body, TextGrid
from pipelines.readers.source import Source
from pipelines.readers.tables import json_list, record_list
from pipelines.readers.text import ReadError, Reading

PIECE_RECORDS = 100_000
LONGEST_LINE = 16 << 20
MOST_WHOLE_BYTES = 64 << 20
MOST_REJECTS = 200_000  # a file with more rejects does not have the declared layout


class _Lines:
    """Physical lines by their index in the file. Only lines from `first` to the last one read are in memory."""

    def __init__(self, handle: TextIO, place: str) -> None:
        self.handle, self.place = handle, place
        self.first = 0
        self.lines: list[str] = []
        self.is_read = self.is_ended = False

    def __len__(self) -> int:
        return self.first + len(self.lines)

    def __getitem__(self, where: int | slice) -> Any:
        if isinstance(where, slice):
            return self.lines[where.start - self.first : max(0, where.stop - self.first)]
        return self.lines[where - self.first]

    def read_on(self, count: int) -> None:
        """Read `count` more lines into memory, or all that are left."""
        for _ in range(count):
            line = self.handle.readline(LONGEST_LINE)
            self.is_read = not line
            if not line:
                return
            if len(line) == LONGEST_LINE:
                message = f"{self.place}, line {len(self) + 1}: found a line of {len(line)} or more characters, expected lines of a table"
                raise ReadError("long_line", message)
            self.is_ended = line.endswith("\n")
            mark = "" if len(self) else "\ufeff"
            self.lines.append(line.removesuffix("\n").removeprefix(mark))

    def drop(self, before: int) -> None:
        """Remove the lines before an index from memory."""
        del self.lines[: before - self.first]
        self.first = before


def read(path: Path, source: Source, file_name: str, scratch: Path) -> Reading:
    """Read the records as printed.

    The rows are a SELECT over files in `scratch`, so they must be used before that folder is deleted.
    """
    with path.open("rb") as file:
        beginning = file.read(1 << 10)
    # the decoder of a stream does not report a byte order mark that is cut off
    if json_list.is_json(beginning) or len(beginning) < len(BOM_UTF8):
        return _read_whole(path, source, file_name)
    failures = []
    encodings = text.encodings_of(beginning, source.encoding)
    for encoding in encodings:
        try:
            with path.open(encoding=encoding, errors="strict") as handle:
                found = _read(_Lines(handle, file_name), encoding, source, file_name, scratch)
            return found or _read_whole(path, source, file_name)
        except UnicodeDecodeError as error:
            failures.append(f"{encoding} fails at {error.object[error.start :][:4].hex(' ')}")
            if error.reason in text.CUT_CHARACTER:
                raise text.cut_character(file_name, failures[-1]) from error
    raise text.wrong_encoding(file_name, encodings, failures)


def _read_whole(path: Path, source: Source, file_name: str) -> Reading:
    """Read the file in one piece: JSON lists and tables with a column for each period have no record for each line."""
    size = path.stat().st_size
    if size > MOST_WHOLE_BYTES:
        raise ReadError(
            "file_too_large", f"{file_name}: found {size} bytes, expected at most {MOST_WHOLE_BYTES}"
        )
    return record_list.read(path.read_bytes(), source, file_name)


def _read(lines: _Lines, encoding: str, source: Source, file_name: str, scratch: Path) -> Reading | None:
    """Read the records of a file. None if one line gives several records."""
    lines.read_on(2 * record_list.MAX_PREAMBLE_ROWS)
    separator = source.options.get("separator") or text.separator_of("\n".join(lines.lines))
    sheet = TextGrid(file_name, encoding, lines, True, separator=separator)
    top, layout, trailing = record_list.header_of(sheet, source)
    if len(layout.values) > 1:
        return None
    body = Body()
    preamble = sum(not sheet.is_blank(index) for index in range(top))
    body.counts.update(header_rows=1 + preamble, blank_rows=top - preamble)
    rejects: list[tuple] = []
    pieces: list[Path] = []
    index: int | None = top + 1
    while index is not None:
        index = _take_piece(lines, index, (sheet, len(layout.header), trailing), body)
        part = record_list.part_of(layout, body, source)
        rejects += part.rejects
        if len(rejects) > MOST_REJECTS:
            raise ReadError(
                "too_many",
                f"{file_name}: found {len(rejects)} rejected lines, expected a file of the declared layout; the last one: {rejects[-1][-1]}",
            )
        pieces.append(scratch / f"{encoding}_{len(pieces)}.parquet")
        text.frame(part.rows, part.columns).write_parquet(pieces[-1])
        body = Body(counts=body.counts)
    checked = text.reading(
        [],
        record_list.carried(source),
        rejects,
        body.counts,
        encoding=encoding,
        physical_rows=len(lines),
        file_name=file_name,
    )
    rows = _select(pieces, source, record_list.constants(source, file_name))
    return Reading(rows, checked.rejects, encoding, checked.accounting)


def _take_piece(lines: _Lines, index: int, form: tuple[TextGrid, int, bool], body: Body) -> int | None:
    """Add the records of one piece.

    Returns:
        The index of the next line, or None at the end of the file.
    """
    sheet, width, trailing = form
    sheet = replace(sheet, ended=lines.is_ended or not lines.is_read)
    while len(body.records) + len(body.rejects) < PIECE_RECORDS:
        # a record needs all lines that it may continue on
        if index + grid.MAX_LINES_PER_RECORD >= len(lines) and not lines.is_read:
            lines.drop(index)
            lines.read_on(PIECE_RECORDS)
            sheet = replace(sheet, ended=lines.is_ended or not lines.is_read)
        if index >= len(lines):
            return None
        if sheet.is_blank(index):
            body.counts["blank_rows"] += 1
            index += 1
        else:
            index += grid.take(sheet, index, width, trailing, body)
    return index


def _select(pieces: list[Path], source: Source, constants: dict[str, str]) -> str:
    """The SELECT of the raw table's columns over the pieces."""
    columns = [
        f"{literal(constants[name])} as {identifier(name)}" if name in constants else identifier(name)
        for name in source.raw_columns
    ]
    return f"select {', '.join(columns)} from read_parquet([{', '.join(map(literal, pieces))}])"
