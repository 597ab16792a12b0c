"""Layout nbs_export: exports of the statistics office's query site (data.stats.gov.cn, easyquery).

Two or three preamble lines (database, indicator or area, time), a header whose corner says what the rows
are (areas or indicators), periods as columns with the newest first and maybe blank, notes (maybe quoted,
continued by lines that begin with an ideographic space) and the origin at the foot. The prefixes are
options of the source.
"""

from __future__ import annotations

import re
from typing import Any

from pipelines.readers import text
from pipelines.readers.text import ReadError, Reading


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Cells of an export: one row for every area (or indicator) and period, blank ones too."""
    decoded, encoding = text.decode(content, source.encoding, file_name)
    lines, ended = text.split_lines(decoded)
    options = source.options
    preamble, top = _preamble(lines, options, file_name)
    header = text.split_fields(lines[top]) or []
    foot = _foot(lines, top, options, file_name)
    body = text.parse_body(lines[top + 1 : foot], top + 2, len(header), True)
    notes, late = _notes(lines, foot, len(header))
    blanks = sum(text.is_blank(line) for line in lines[:top])
    counts = {
        "header_rows": top - blanks + 1,
        "note_rows": notes,
        "blank_rows": blanks + body.counts["blank_rows"] + len(lines) - foot - notes - len(late),
        "record_rows": body.counts["record_rows"],
        "rejected_rows": body.counts["rejected_rows"] + len(late),
    }
    unknown = [i for i, name in enumerate(header) if i and not re.fullmatch(options["period_pattern"], name)]
    if header[0] == options["corner"]["area"] and "indicator" not in preamble:
        raise _no_indicator(options, f"{file_name}, lines 1 to {top + 1}")
    rows = _cells(body.records, header, unknown, preamble, source)
    rejects = body.rejects + late + text.unknown_cells(body.records, header, unknown, source.source_id)
    return text.reading(
        rows,
        text.CELL_COLUMNS,
        rejects,
        counts,
        encoding=encoding,
        physical_rows=len(lines),
        file_name=file_name,
    )


def _preamble(lines: list[str], options: dict, file_name: str) -> tuple[dict[str, str], int]:
    """What the preamble says, by its kind, and the index of the header line."""
    said = {}
    corners = set(options["corner"].values())
    for index, line in enumerate(lines):
        plain = line.strip().strip('"')
        kind = next((k for k, prefix in options["preamble"].items() if plain.startswith(prefix)), None)
        if kind:
            said[kind] = plain.removeprefix(options["preamble"][kind]).strip()
        elif (text.split_fields(line) or [""])[0] in corners:
            return said, index
        elif not text.is_blank(line):
            break
    found = next((line for line in lines[len(said) :] if not text.is_blank(line)), "")
    raise ReadError(
        "header_changed",
        f"{file_name}, after {len(said)} preamble lines: found {found[:60]!r}, expected a preamble line "
        f"{sorted(options['preamble'].values())} or a header that begins with one of {sorted(corners)}",
    )


def _foot(lines: list[str], top: int, options: dict, file_name: str) -> int:
    """Index of the first line of notes or origin. The origin is the proof that the file is whole."""
    plain = [line.lstrip('"') for line in lines]
    if not any(line.startswith(options["origin"]) for line in plain[top + 1 :]):
        raise ReadError(
            "truncated_file",
            f"{file_name}: found last line {lines[-1][:60]!r}, expected a foot with {options['origin']!r}",
        )
    starts = (*options["notes"], options["origin"])
    return next(i for i in range(top + 1, len(lines)) if plain[i].startswith(starts))


def _notes(lines: list[str], foot: int, width: int) -> tuple[int, list[tuple]]:
    """How many lines of the foot are notes, and rejects for rows of figures that stand after a note."""
    late, notes = [], 0
    for index in range(foot, len(lines)):
        if text.is_blank(lines[index]):
            continue
        if width > 2 and len(text.split_fields(lines[index]) or []) == width:
            reason = f"line {index + 1}: found {width} fields below the notes, expected notes or the origin"
            late.append(text.reject(index + 1, None, lines[index], "row_after_notes", reason))
        else:
            notes += 1
    return notes, late


def _no_indicator(options: dict, place: str) -> ReadError:
    return ReadError(
        "header_changed",
        f"{place}: found areas as rows and no indicator in the preamble, expected a line beginning "
        f"{options['preamble']['indicator']!r}",
    )


def _cells(
    records: list, header: list[str], unknown: list[int], said: dict[str, str], source: Any
) -> list[tuple]:
    by_area = header[0] == source.options["corner"]["area"]
    area = said.get("area", source.options["default_area"])
    periods = [(i, name) for i, name in enumerate(header) if i and i not in unknown]
    rows = []
    for record in records:
        name = record.fields[0].strip()
        indicator = said["indicator"] if by_area else name
        unit = text.unit_in_label(indicator)
        key = ("", name if by_area else area, indicator)
        rows += [
            ("", record.row_no, i + 1, *key, period, unit, "", "", source.title, "", "", record.fields[i])
            for i, period in periods
        ]
    return rows
