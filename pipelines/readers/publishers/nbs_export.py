"""Layout nbs_export: exports of the statistics office's query site (data.stats.gov.cn, easyquery), text or Excel.

An export begins with two or three preamble lines (database, indicator or area, time). The corner of the header says what
the rows are (areas or indicators). The columns are periods, the newest first, maybe blank. Notes follow, maybe in quotes;
a line that begins with an ideographic space continues a note. The origin stands at the foot. Changed exports are read too:
- without the preamble or the foot. If nothing states the indicator, the file is refused;
- transposed: the rows are periods, and the columns are indicators (or areas, if the indicator is stated);
- with two header rows, one of periods and one of labels. A label holds until the next one (the cells were merged).
- with dates that a spreadsheet program made of periods (nbs_periods.py);
- with several tables one below the other, each with its own context (nbs_blocks.py).
If a row or column stands twice, it is rejected: the second of two equal ones, both of two different ones.

Options: `preamble` (kind -> prefix; kind `unit` is the unit of labels without one), `max_titles` (how many other sentences
may stand above the header, 0 by default; they stay with every figure as notes do), `corner` (kind -> word, or words; kind
`time` if the rows are periods), `period_pattern`, `notes` (prefixes), `origin` (the foot that proves that the table is
complete; without this option no foot is needed), `default_area` (of national databases only), `indicator` (of files that do not state it; a part
<indicator> of the file's name comes first), `measures` (words of a label row such as 累计 -> the text that the site adds to
the indicator's name).
The sidecar states what the table does not: `area` (a code or a name), `indicator`, `unit`. A table without a region is
refused, because its region stood in a list of the site only. A sidecar that contradicts the file refuses it too.
The notes stay with every figure of the table as its scope text. Option `note_status` reads them: if the pattern `note`
matches (its groups are years), the figures of those years get the status text `status`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pipelines.readers import grid, text
from pipelines.readers.grid import Body, Grid, Part
from pipelines.readers.publishers import nbs_blocks, nbs_periods
from pipelines.readers.publishers.nbs_blocks import begins, corners, kind_of
from pipelines.readers.source import Source
from pipelines.readers.text import ReadError, Reading

AREA, INDICATOR, TIME, UNIT = "area", "indicator", "time", "unit"
AREA_CODE = "area_code"
IS_CODE = re.compile(r"CN|(?=.*\d)[A-Z0-9_.-]+")
KEY, VALUE = slice(3, 7), 13  # of a row of cells: area, indicator and period; the printed figure
NATION, NATION_CODES = {"全国", "中国"}, {"CN", "000000", "000000000000"}
PERIODS = "such as 2023年 or 2023年12月"  # what a period looks like, for messages


@dataclass(frozen=True)
class Header:
    """The header rows, with merged labels repeated, and which of them has periods and which has labels."""

    rows: list[list[str]]
    period_row: int | None
    label_row: int | None
    corner: str

    @property
    def width(self) -> int:
        """The number of cells of a row."""
        return len(self.rows[-1])

    def key(self, index: int) -> tuple[str, str]:
        """Period and label of a column. A text is empty if the header does not have it."""
        period, label = (
            "" if row is None else self.rows[row][index].strip() for row in (self.period_row, self.label_row)
        )
        return period, label


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read an export. Every area (or indicator) and period gives one row, even if its value is blank."""
    return grid.read(content, source, file_name, _table)


def _table(sheet: Grid, source: Source, file_name: str) -> Part:
    """Read the tables of a grid, one below the other. Each has a context of its own."""
    spans = nbs_blocks.spans(sheet, source.options)
    above: dict[str, str] = {}
    parts = []
    for span in spans:
        takes = above if span.goes_on else {k: v for k, v in above.items() if k == "database"}
        part, above = _block(nbs_blocks.window(sheet, span), source, file_name, takes)
        if not span.start:
            _check_origin(sheet, source.options)
        part.counts["blank_rows"] -= span.start
        parts.append(part)
    rows, rejects = _without_contradictions([row for part in parts for row in part.rows])
    rejects = [reject for part in parts for reject in part.rejects] + rejects
    counts = {name: sum(part.counts[name] for part in parts) for name in parts[0].counts}
    return Part(rows, text.CELL_COLUMNS, rejects, counts)


def _without_contradictions(rows: list[tuple]) -> tuple[list[tuple], list[tuple]]:
    """Reject the cells of different tables of a grid that give one figure differently. Equal ones stay."""
    values: dict[tuple, set[str]] = {}
    for row in rows:
        values.setdefault(row[KEY], set()).add(row[VALUE])
    doubtful = {key for key, printed in values.items() if len(printed) > 1}
    message = "found another figure of the same region, indicator and period in the file, expected it once"
    rejects = [
        text.reject(row[1], row[2], row[VALUE], "conflicting_row", f"line {row[1]}: {message}")
        for row in rows
        if row[KEY] in doubtful
    ]
    return [row for row in rows if row[KEY] not in doubtful], rejects


def _block(sheet: Grid, source: Source, file_name: str, above: dict[str, str]) -> tuple[Part, dict[str, str]]:
    """Read one table.

    Returns:
        The table, and what its preamble and the table above state of it.
    """
    options = source.options
    own, top = _preamble(sheet, options)
    context = {**above, **own}
    stated = _with_facts(context, source, file_name)
    foot = _foot(sheet, top, options)
    header = _header(sheet, top, foot, source)
    start = top + len(header.rows)
    kinds = _kinds(header, stated, f"{sheet.place}, lines 1 to {start}", source, file_name)
    stated = _with_area(stated, kinds, source, sheet.place, file_name)
    body = grid.body(sheet, start, foot, header.width, whole="origin" in options or foot < len(sheet))
    if kinds[0] == TIME:
        _restore_periods(body, sheet.place, source)
    _reject_rows(body, sheet, header, options)
    notes, late = _notes(sheet, foot, header.width, options)
    columns, unknown = _columns(header, options)
    columns, doubled = _doubled(columns, body.records, f"{sheet.place}, line {start}")
    _check_unit(_labels(body.records, columns, kinds, stated), source, file_name)
    rows = _cells(
        body.records,
        columns,
        kinds,
        {**stated, "notes": "\n".join(filter(None, [stated["titles"], notes]))},
        source,
    )
    rejects = [*body.rejects, *late, *doubled]
    rejects += text.unknown_cells(body.records, header.rows[-1], unknown, source.source_id)
    return Part(rows, text.CELL_COLUMNS, rejects, _counts(sheet, (top, start, foot), body, late)), context


def _counts(sheet: Grid, spans: tuple[int, int, int], body: Body, late: list) -> dict[str, int]:
    """Count the rows of each class: the header up to `start`, records up to `foot`, then notes."""
    top, start, foot = spans
    blanks = sum(sheet.is_blank(index) for index in range(top))
    foot_blanks = sum(sheet.is_blank(index) for index in range(foot, len(sheet)))
    return {
        **body.counts,
        "header_rows": start - blanks,
        "note_rows": len(sheet) - foot - foot_blanks - len(late),
        "blank_rows": blanks + body.counts["blank_rows"] + foot_blanks,
        "rejected_rows": body.counts["rejected_rows"] + len(late),
    }


def _preamble(sheet: Grid, options: dict) -> tuple[dict[str, str], int]:
    """Read the preamble.

    Returns:
        Its statements by kind (other sentences under `titles`), and the index of the first header line.
    """
    stated: dict[str, str] = {}
    titles: list[str] = []
    known = corners(options)
    for index in range(len(sheet)):
        line = nbs_blocks.sentence(sheet, index)
        kind = kind_of(line, options)
        if kind:
            stated[kind] = text.plain(re.split("[：:]", line, maxsplit=1)[1])
        elif text.plain(sheet.fields(index)[0]) in known:
            return {**stated, "titles": "\n".join(titles)}, index
        elif not sheet.is_blank(index) and not nbs_blocks.is_continued(line):
            titles.append(line)
            if (
                len(titles) > options.get("max_titles", 0)
                or sum(bool(cell.strip()) for cell in sheet.fields(index)) > 1
            ):
                break
    raise ReadError(
        "header_changed",
        f"{sheet.place}, after {len(stated)} preamble lines: found {(titles or [''])[-1][:60]!r}, expected a preamble "
        f"line ({', '.join(sorted(options['preamble'].values()))}) or a header that begins with one of: "
        f"{', '.join(sorted(known))}",
    )


def _header(sheet: Grid, top: int, foot: int, source: Source) -> Header:
    """Read the header. A second row belongs to it if its corner is blank or repeats the first corner."""
    options = source.options
    corner = text.plain(sheet.fields(top)[0])
    rows = [grid.checked_width(sheet, top)]
    below = top + 1
    if below < foot and not sheet.is_blank(below) and text.plain(sheet.fields(below)[0]) in ("", corner):
        rows.append(grid.checked_width(sheet, below))
        rows = [_filled(row, max(map(len, rows))) for row in rows]
    rows = [_restored(row, f"{sheet.place}, line {top + n + 1}", source) for n, row in enumerate(rows)]
    is_period = re.compile(options["period_pattern"]).fullmatch
    with_periods = [n for n, row in enumerate(rows) if any(is_period(cell.strip()) for cell in row[1:])]
    period_row = with_periods[0] if with_periods else None
    label_row = next((n for n in range(len(rows)) if n != period_row), None)
    if len(with_periods) == len(rows) == 2 or (not with_periods and len(rows) == 2):
        raise ReadError(
            "header_changed",
            f"{sheet.place}, lines {top + 1} and {top + 2}: found {len(with_periods)} rows of periods among two header "
            f"rows, expected one of periods ({PERIODS}) and one of labels",
        )
    return Header(rows, period_row, label_row, corners(options)[corner])


def _restored(cells: list[str], place: str, source: Source) -> list[str]:
    """Cells with the periods that a spreadsheet program made dates of.

    Raises:
        ReadError: a date can mean no period of the source.
    """
    periods = nbs_periods.restored(cells, source.cadence)
    lost = next((cell for cell in cells if nbs_periods.is_date(cell) and cell not in periods), None)
    if lost is not None:
        message = (
            f"{place}: found the date {lost.strip()!r}, which a spreadsheet program may have made of a period, expected a "
            f"period ({PERIODS}) or a date that can mean one only; write the periods as text, or export the table again"
        )
        raise ReadError("header_changed", message)
    return [periods.get(cell, cell) for cell in cells]


def _restore_periods(body: Body, place: str, source: Source) -> None:
    """The same for the first cells of the rows of a table whose rows are periods."""
    periods = _restored([record.fields[0] for record in body.records], place, source)
    body.records = [
        replace(record, fields=[period, *record.fields[1:]])
        for record, period in zip(body.records, periods, strict=True)
    ]


def _filled(row: list[str], width: int) -> list[str]:
    """Repeat each label of a header row in the blank cells to its right.

    >>> _filled(["地区", "2023年", ""], 4)
    ['地区', '2023年', '2023年', '2023年']
    """
    filled = row[:1]
    for cell in [*row[1:], *[""] * (width - len(row))]:
        filled.append(cell if cell.strip() or len(filled) == 1 else filled[-1])
    return filled


def _with_facts(stated: dict[str, str], source: Source, file_name: str) -> dict[str, str]:
    """Add what the sidecar, the file's name or the source states and the preamble does not.

    Raises:
        ReadError: the preamble prints another indicator or unit than the sidecar states.
    """
    facts = {kind: text.plain(source.facts.get(kind, "")) for kind in (INDICATOR, UNIT)}
    for kind, fact in facts.items():
        if fact and stated.get(kind, fact) != fact:
            raise _contradicts(file_name, f"the {kind} {stated[kind]!r} in the file", kind, fact)
    in_name = text.plain(text.name_groups(source, file_name).get(INDICATOR, ""))
    indicator = facts[INDICATOR] or in_name or source.options.get(INDICATOR, "")
    beside = {INDICATOR: indicator, UNIT: facts[UNIT]}
    return {**{kind: fact for kind, fact in beside.items() if fact}, **stated}


def _contradicts(file_name: str, found: str, kind: str, fact: str) -> ReadError:
    message = f"{file_name}: found {found} and `{kind}: {fact}` in {file_name}.yml, expected both the same; correct the sidecar"
    return ReadError("sidecar_contradicts", message)


def _with_area(
    stated: dict[str, str], kinds: tuple[str, str], source: Source, place: str, file_name: str
) -> dict[str, str]:
    """Add the region (a code, a name, or both) of a table whose rows and columns name none.

    Raises:
        ReadError: nothing states the region, or the sidecar contradicts the table.
    """
    fact = source.facts.get(AREA, "").strip()
    code, name = (fact, "") if IS_CODE.fullmatch(fact) else ("", text.plain(fact))
    if AREA in kinds:
        if fact:
            raise _contradicts(file_name, "regions in the rows or columns of the table", AREA, fact)
        return stated
    printed = stated.get(AREA) or source.options.get("default_area", "")
    if not printed and not fact:
        message = (
            f"{place}: found no region: the table does not say whose figures these are; write `area: 110000` (the code "
            f"or the name of the region) into {file_name}.yml beside it"
        )
        raise ReadError("area_missing", message)
    if printed and fact and not _agree(printed, code, name):
        raise _contradicts(file_name, f"the region {printed!r} in the file", AREA, fact)
    return {**stated, AREA: printed or name, AREA_CODE: code}


def _labels(records: list, columns: dict, kinds: tuple[str, str], stated: dict[str, str]) -> set[str]:
    """The indicators of a table as printed: in its rows, in its columns, or stated for all of it."""
    if kinds[0] == INDICATOR:
        return {record.fields[0] for record in records}
    return {label for _, label in columns.values()} if kinds[1] == INDICATOR else {stated.get(INDICATOR, "")}


def _check_unit(labels: set[str], source: Source, file_name: str) -> None:
    """Refuse a unit of the sidecar if every indicator of the table prints another one. Raises ReadError."""
    unit = text.plain(source.facts.get(UNIT, ""))
    printed = {text.unit_in_label(label) for label in labels}
    if unit and not printed & {"", unit}:
        raise _contradicts(file_name, f"the units {', '.join(sorted(printed))} in the file", UNIT, unit)


def _agree(printed: str, code: str, name: str) -> bool:
    """Whether a printed region can be that of the sidecar. A code beside a name is compared later, with all names.

    >>> _agree("北京市", "", "北京"), _agree("全国", "110000", ""), _agree("北京市", "310000", "")
    (True, False, True)
    """
    if code:
        return (printed in NATION) == (code in NATION_CODES)
    return name.startswith(printed) or printed.startswith(name)


def _kinds(
    header: Header, stated: dict[str, str], place: str, source: Source, file_name: str
) -> tuple[str, str]:
    """The kind of the rows and the kind of the column labels (empty if there are no labels)."""
    options = source.options
    if header.period_row is None:
        label = header.corner if header.corner != TIME else AREA if INDICATOR in stated else INDICATOR
        found = (TIME, label)
    elif header.corner == TIME:
        raise ReadError(
            "header_changed",
            f"{place}: found periods in the header and in the rows, expected them in one of the two",
        )
    else:
        label = {AREA: INDICATOR, INDICATOR: AREA}[header.corner]
        found = (header.corner, label if header.label_row is not None else "")
    measured = header.label_row is not None and set(header.rows[header.label_row]) & set(
        options.get("measures", {})
    )
    fact = source.facts.get(INDICATOR)
    if fact and INDICATOR in found and not measured:
        raise _contradicts(file_name, "indicators in the rows or columns of the table", INDICATOR, fact)
    if INDICATOR not in stated and (INDICATOR not in found or measured):
        raise ReadError(
            "indicator_missing",
            f"{place}: found no statement of the indicator, expected a line that begins with "
            f"{options['preamble'][INDICATOR]!r}, or the indicator in the file's name, or the line `indicator: NAME` in "
            f"{file_name}.yml beside it",
        )
    return found


def _reject_rows(body: Body, sheet: Grid, header: Header, options: dict) -> None:
    """Reject rows of a transposed table that have no period, and rows that stand twice."""
    if header.period_row is None:
        is_period = re.compile(options["period_pattern"]).fullmatch
        faults = {
            record.row_no: ("key_missing", f"found {record.fields[0][:60]!r}, expected a period")
            for record in body.records
            if not is_period(record.fields[0].strip())
        }
        if len(faults) == len(body.records):
            raise ReadError(
                "header_changed",
                f"{sheet.place}: found no period in the header ({', '.join(header.rows[0][:9])}) and none at the "
                f"beginning of a row, expected periods ({PERIODS}) in one of the two",
            )
        grid.reject_rows(body, sheet, faults)
    grid.reject_repeated(body, sheet, lambda record: record.fields[0].strip())


def _columns(header: Header, options: dict) -> tuple[dict[int, tuple[str, str]], list[int]]:
    """Period and label of each column that the header describes, and the indices of the other columns."""
    is_period = re.compile(options["period_pattern"]).fullmatch
    known, unknown = {}, []
    for index in range(1, header.width):
        period, label = header.key(index)
        has_label = header.label_row is None or label
        if has_label and (header.period_row is None or is_period(period)):
            known[index] = (period, label)
        else:
            unknown.append(index)
    return known, unknown


def _doubled(columns: dict[int, tuple[str, str]], records: list, place: str) -> tuple[dict, list[tuple]]:
    """Reject the cells of columns that repeat a period and label. Of equal columns the first stays.

    Returns:
        The columns that stay, and the rejects.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for index, key in columns.items():
        places.setdefault(key, []).append(index)
    faults: dict[int, tuple[str, str]] = {}
    for key, indices in ((k, i) for k, i in places.items() if len(i) > 1):
        equal = len({tuple(record.fields[index] for record in records) for index in indices}) == 1
        why = grid.repeated("column", " ".join(filter(None, key)), [index + 1 for index in indices], equal)
        faults |= dict.fromkeys(indices[1:] if equal else indices, why)
    rejects = [
        text.reject(record.row_no, index + 1, record.fields[index], *why)
        for record in records
        for index, why in faults.items()
    ]
    kept = {index: key for index, key in columns.items() if index not in faults}
    if not kept:
        raise ReadError(
            "header_changed",
            f"{place}: found only columns that contradict each other, expected each period and label once",
        )
    return kept, rejects


def _check_origin(sheet: Grid, options: dict) -> None:
    """Refuse a file that lacks the declared origin, which proves that a file is complete. Raises ReadError."""
    origin = options.get("origin")
    lines = [grid.sentence(sheet, index) for index in range(len(sheet))]
    if origin and not any(begins(line, (origin,)) for line in lines[1:]):
        raise ReadError(
            "truncated_file",
            f"{sheet.place}: found the last line {lines[-1][:60]!r}, expected a foot with {origin!r}; export it again",
        )


def _foot(sheet: Grid, top: int, options: dict) -> int:
    """Index of the first line of notes or origin."""
    starts = (*options["notes"], *([options["origin"]] if "origin" in options else []))
    below = (i for i in range(top + 1, len(sheet)) if begins(grid.sentence(sheet, i), starts))
    return next(below, len(sheet))


def _notes(sheet: Grid, foot: int, width: int, options: dict) -> tuple[str, list[tuple]]:
    """Read the notes, and reject rows of figures that stand below a note."""
    late, notes = [], []
    for index in (i for i in range(foot, len(sheet)) if not sheet.is_blank(i)):
        if sheet.is_row(index, width):
            reason = f"line {index + 1}: found {width} fields below the notes, expected notes or the origin"
            late.append(text.reject(index + 1, None, sheet.printed(index), "row_after_notes", reason))
        elif "origin" not in options or not begins(grid.sentence(sheet, index), (options["origin"],)):
            notes.append(grid.sentence(sheet, index))
    return "\n".join(notes), late


def _status_by_year(notes: str, rules: list[dict]) -> dict[str, str]:
    """The years that notes mention, each with the status that its rule declares."""
    found = {}
    for rule in rules:
        for match in re.finditer(rule["note"], notes):
            found.update({year: rule["status"] for year in match.groups() if year})
    return found


def _measured(indicator: str, measure: str) -> str:
    """Add a measure to the indicator's name, before its unit, as the site prints it.

    >>> _measured("进出口总额(亿元)", "累计值")
    '进出口总额_累计值(亿元)'
    """
    plain = text.plain(indicator)
    unit = text.unit_in_label(plain)
    stem = plain[: -len(unit) - 2] if unit else plain
    return f"{stem}_{measure}{plain[len(stem) :]}"


def _cells(
    records: list,
    columns: dict[int, tuple[str, str]],
    kinds: tuple[str, str],
    stated: dict[str, str],
    source: Source,
) -> list[tuple]:
    options = source.options
    status = _status_by_year(stated["notes"], options.get("note_status", []))
    measures = options.get("measures", {})
    about = (stated["notes"], source.title, "", "")
    row_kind, label_kind = kinds
    rows = []
    for record in records:
        for index, (period, label) in columns.items():
            cell = {
                AREA: stated.get(AREA, ""),
                INDICATOR: stated.get(INDICATOR, ""),
                TIME: period,
            }
            cell[row_kind] = text.plain(record.fields[0])
            if label_kind == INDICATOR and label in measures:
                cell[INDICATOR] = _measured(cell[INDICATOR], measures[label])
            elif label_kind:
                cell[label_kind] = text.plain(label)
            unit = text.unit_in_label(cell[INDICATOR]) or stated.get(UNIT, "")
            key = (stated.get(AREA_CODE, ""), cell[AREA], cell[INDICATOR], cell[TIME])
            state = status.get(cell[TIME][:4], "")
            rows.append(
                ("", record.row_no, index + 1, *key, unit, state, *about, record.fields[index].strip())
            )
    return rows
