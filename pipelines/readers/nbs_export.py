"""Layout nbs_export: exports of the statistics office's query site (data.stats.gov.cn, easyquery), text or Excel.

Two or three preamble lines (database, indicator or area, time), a header whose corner says what the rows
are (areas or indicators), periods as columns with the newest first and maybe blank, notes (maybe quoted,
continued by lines that begin with an ideographic space) and the origin at the foot. The prefixes are
options of the source.

The notes stay with every figure of the table, as its scope text. Option `note_status` reads them: where `note`
(a pattern whose groups are years) matches, the figures of those years get the status text `status`.
"""

from __future__ import annotations

import re
from typing import Any

from pipelines.readers import grid, text
from pipelines.readers.grid import Grid, Part
from pipelines.readers.text import ReadError, Reading


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Cells of an export: one row for every area (or indicator) and period, blank ones too."""
    return grid.read(content, source, file_name, _table)


def _table(sheet: Grid, source: Any, _: str) -> Part:
    options = source.options
    said, top = _preamble(sheet, options)
    header = grid.checked_width(sheet, top)
    foot = _foot(sheet, top, options)
    body = grid.body(sheet, top + 1, foot, len(header), whole=True)
    notes, late = _notes(sheet, foot, len(header), options)
    blanks = sum(sheet.is_blank(index) for index in range(top))
    foot_blanks = sum(sheet.is_blank(index) for index in range(foot, len(sheet)))
    counts = {
        "header_rows": top - blanks + 1,
        "note_rows": len(sheet) - foot - foot_blanks - len(late),
        "blank_rows": blanks + body.counts["blank_rows"] + foot_blanks,
        "record_rows": body.counts["record_rows"],
        "continuation_rows": body.counts["continuation_rows"],
        "rejected_rows": body.counts["rejected_rows"] + len(late),
    }
    unknown = [i for i, name in enumerate(header) if i and not re.fullmatch(options["period_pattern"], name)]
    if header[0] == options["corner"]["area"] and "indicator" not in said:
        raise _no_indicator(options, f"{sheet.place}, lines 1 to {top + 1}")
    rows = _cells(body.records, header, unknown, {**said, "notes": notes}, source)
    rejects = body.rejects + late + text.unknown_cells(body.records, header, unknown, source.source_id)
    return Part(rows, text.CELL_COLUMNS, rejects, counts)


def _preamble(sheet: Grid, options: dict) -> tuple[dict[str, str], int]:
    """What the preamble says, by its kind, and the index of the header line."""
    said = {}
    corners = set(options["corner"].values())
    for index in range(len(sheet)):
        plain = grid.sentence(sheet, index).strip()
        kind = next((k for k, prefix in options["preamble"].items() if plain.startswith(prefix)), None)
        if kind:
            said[kind] = plain.removeprefix(options["preamble"][kind]).strip()
        elif sheet.fields(index)[0] in corners:
            return said, index
        elif not sheet.is_blank(index):
            break
    found = next((grid.sentence(sheet, i) for i in range(len(said), len(sheet)) if not sheet.is_blank(i)), "")
    raise ReadError(
        "header_changed",
        f"{sheet.place}, after {len(said)} preamble lines: found {found[:60]!r}, expected a preamble line "
        f"{sorted(options['preamble'].values())} or a header that begins with one of {sorted(corners)}",
    )


def _foot(sheet: Grid, top: int, options: dict) -> int:
    """Index of the first line of notes or origin. The origin is the proof that the file is whole."""
    plain = [grid.sentence(sheet, index) for index in range(len(sheet))]
    if not any(line.startswith(options["origin"]) for line in plain[top + 1 :]):
        raise ReadError(
            "truncated_file",
            f"{sheet.place}: found last line {plain[-1][:60]!r}, expected a foot with {options['origin']!r}",
        )
    starts = (*options["notes"], options["origin"])
    return next(i for i in range(top + 1, len(sheet)) if plain[i].startswith(starts))


def _notes(sheet: Grid, foot: int, width: int, options: dict) -> tuple[str, list[tuple]]:
    """The notes as printed, and rejects for rows of figures that stand after a note."""
    late, notes = [], []
    for index in (i for i in range(foot, len(sheet)) if not sheet.is_blank(i)):
        if sheet.is_row(index, width):
            reason = f"line {index + 1}: found {width} fields below the notes, expected notes or the origin"
            late.append(text.reject(index + 1, None, sheet.printed(index), "row_after_notes", reason))
        elif not grid.sentence(sheet, index).startswith(options["origin"]):
            notes.append(grid.sentence(sheet, index))
    return "\n".join(notes), late


def _no_indicator(options: dict, place: str) -> ReadError:
    return ReadError(
        "header_changed",
        f"{place}: found areas as rows and no indicator in the preamble, expected a line beginning "
        f"{options['preamble']['indicator']!r}",
    )


def _status_by_year(notes: str, rules: list[dict]) -> dict[str, str]:
    """Years that the notes single out, each with the status that its rule declares."""
    found = {}
    for rule in rules:
        for match in re.finditer(rule["note"], notes):
            found.update({year: rule["status"] for year in match.groups() if year})
    return found


def _cells(
    records: list, header: list[str], unknown: list[int], said: dict[str, str], source: Any
) -> list[tuple]:
    by_area = header[0] == source.options["corner"]["area"]
    area = said.get("area", source.options["default_area"])
    status = _status_by_year(said["notes"], source.options.get("note_status", []))
    skipped = {0, *unknown}
    periods = [(i, name, status.get(name[:4], "")) for i, name in enumerate(header) if i not in skipped]
    about = (said["notes"], source.title, "", "")
    rows = []
    for record in records:
        name = record.fields[0].strip()
        indicator = said["indicator"] if by_area else name
        unit = text.unit_in_label(indicator)
        key = ("", name if by_area else area, indicator)
        rows += [
            ("", record.row_no, i + 1, *key, period, unit, state, *about, record.fields[i])
            for i, period, state in periods
        ]
    return rows
