"""Text that all layouts share: decoding, lines, quotes, headers, labels, and the result of a reader.

Belongs here: text, and the count of every line. Does not belong here: grids of cells (grid.py); which line of a layout is a
header, a note or a record; numbers (values stay text); files and databases.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from pipelines import file_names
from pipelines.readers.source import Source

CELL_COLUMNS = (
    "sheet",
    "row_no",
    "column_no",
    "area_code_text",
    "area_name_text",
    "indicator_text",
    "period_text",
    "unit_text",
    "status_text",
    "scope_text",
    "reference_text",
    "quote_text",
    "known_from_text",
    "value_text",
)
TRADE_COLUMNS = (
    "row_no",
    "period_text",
    "partner_code_text",
    "partner_name_text",
    "commodity_code_text",
    "commodity_name_text",
    "trade_mode_text",
    "region_text",
    "quantity_1_text",
    "quantity_1_unit_text",
    "quantity_2_text",
    "quantity_2_unit_text",
    "value_text",
)
REJECT_COLUMNS = ("sheet", "row_no", "column_no", "printed_text", "reason_code", "reason")
POSITIONS = ("row_no", "column_no")
# A record counts on the line where it begins. If quotes enclose line breaks, its other lines are continuation rows.
LINE_CLASSES = (
    "header_rows",
    "note_rows",
    "blank_rows",
    "record_rows",
    "continuation_rows",
    "rejected_rows",
    "hidden_rows",
)
MAX_NAMES_SHOWN = 300  # of a header, in a message
# Python's decoders give these reasons if a text ends in the middle of a character.
CUT_CHARACTER = ("unexpected end of data", "incomplete multibyte sequence", "truncated data")
UTF_8_MARK = b"\xef\xbb\xbf"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
SEPARATORS_SEEN_IN = 1 << 16  # characters; the separator of a text shows in its first lines
BLANKS = " \t"  # what a publisher or a spreadsheet program pads a cell with
HALF_WIDTH = str.maketrans("（）［］：％，", "()[]:%,")
# Blanks beside a Chinese character or a bracket only spread a label; those between Latin words divide them.
IDLE_BLANK = re.compile(r" (?=[():\u2e80-\u9fff\uff00-\uffef])|(?<=[():\u2e80-\u9fff\uff00-\uffef]) ")


class ReadError(Exception):
    """The fault of a whole file: a reason code for machines, and a message with file, place, found and expected."""

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(
            message.encode("utf-8", "backslashreplace").decode()
        )  # JSON can spell half characters
        self.reason_code = reason_code


@dataclass(frozen=True)
class Reading:
    """The result of a reader: rows and rejects with their places, the encoding, and the count of lines of each class.

    `facts` has what the file states once for all rows: the day of its figures (`updated`, used by the rule of the
    vintage), flow and currency of trade. `hidden` names the hidden rows, columns and sheets of a workbook, which are not read. The rows of a large file are a SELECT, so that they need not fit into memory.
    """

    rows: pl.DataFrame | str
    rejects: pl.DataFrame
    encoding: str
    accounting: dict[str, int]
    facts: Mapping[str, str] = field(default_factory=dict)
    hidden: str = ""

    @property
    def frame(self) -> pl.DataFrame:
        """The rows of a file that was read whole."""
        if isinstance(self.rows, str):
            raise TypeError("found a SELECT, expected the rows of a file that is read whole")
        return self.rows


def decode(content: bytes, encodings: Iterable[str], file_name: str) -> tuple[str, str]:
    """Decode a file by the first encoding that fits all of it.

    A byte order mark decides alone, and it is left out of the text.

    >>> decode("年".encode("gb18030"), ["utf-8-sig", "gb18030"], "a.csv")
    ('年', 'gb18030')
    >>> decode("年".encode("utf-16"), ["utf-8-sig", "gb18030"], "a.csv")
    ('年', 'utf-16')

    Raises:
        ReadError: no encoding fits, or the text is blank, or it ends in the middle of a character.
    """
    failures = []
    encodings = encodings_of(content, list(encodings))
    for encoding in encodings:
        try:
            text = content.decode(encoding, errors="strict")
        except UnicodeDecodeError as error:
            rest = error.object[error.start :]  # the decoder may have taken a byte order mark away
            failures.append(f"{encoding} fails at byte {len(content) - len(rest)} ({rest[:4].hex(' ')})")
            if error.reason in CUT_CHARACTER:
                raise cut_character(file_name, failures[-1]) from error
            continue
        text = text.removeprefix("\ufeff")
        if not text.strip():
            raise ReadError("empty_file", f"{file_name}: found {len(content)} blank bytes, expected a table")
        return text, encoding
    raise wrong_encoding(file_name, encodings, failures)


def wrong_encoding(file_name: str, encodings: list[str], failures: list[str]) -> ReadError:
    """The refusal of a file that none of the encodings decodes; `failures` has where each fails."""
    expected = f"expected one of {', '.join(encodings)}: {'; '.join(failures)}"
    return ReadError(
        "wrong_encoding", f"{file_name}: found bytes that no declared encoding can read, {expected}"
    )


def cut_character(file_name: str, failure: str) -> ReadError:
    """The refusal of a file that ends in the middle of a character; `failure` says where."""
    message = f"{file_name}: found an end in the middle of a character ({failure}), expected a whole file"
    return ReadError("truncated_file", message)


def encodings_of(start: bytes, encodings: list[str]) -> list[str]:
    """The encodings to try for a file that begins with these bytes: the one of its byte order mark, else the given ones.

    >>> encodings_of(UTF_8_MARK, ["utf-8-sig", "gb18030"]), encodings_of(b"a", ["utf-8-sig", "gb18030"])
    (['utf-8-sig'], ['utf-8-sig', 'gb18030'])
    """
    if start.startswith(UTF_16_MARKS):
        return ["utf-16"]
    if start.startswith(UTF_8_MARK):
        return [name for name in encodings if name.lower().startswith("utf")] or ["utf-8-sig"]
    return encodings


def separator_of(text: str) -> str:
    """The separator of a text whose source declares none: a tab if more cells begin behind tabs than behind commas.

    A spreadsheet program separates by tabs when it saves "Unicode text". A tab between a cell and its comma separates
    nothing.

    >>> separator_of("地区\\t2023年\\n北京市\\t1"), separator_of("地区\\t,2023年\\t,\\n")
    ('\\t', ',')
    """
    start = text[:SEPARATORS_SEEN_IN]
    behind_tab, behind_comma = (len(re.findall(rf"{mark}(?=[^,\t\r\n])", start)) for mark in ("\t", ","))
    return "\t" if behind_tab > behind_comma else ","


def plain(label: str) -> str:
    """A label without what carries no meaning: idle blanks of all kinds, and the width of brackets and colons.

    >>> plain("地区生产总值\u3000（亿元） "), plain("Gross  product (USD)")
    ('地区生产总值(亿元)', 'Gross product(USD)')
    """
    return IDLE_BLANK.sub("", " ".join(label.translate(HALF_WIDTH).split()))


def split_lines(text: str) -> tuple[list[str], bool]:
    """Split a text into physical lines. The line ends (LF, CRLF or CR) are left out.

    >>> split_lines("a\\r\\nb")
    (['a', 'b'], False)

    Returns:
        The lines, and whether the last one has a line end.
    """
    lines = re.split(r"\r\n|\n|\r", text)
    ended = lines[-1] == ""
    return (lines[:-1] if ended else lines), ended


def split_fields(line: str, separator: str = ",") -> list[str] | None:
    """Split one complete line of CSV into fields. None if its quotes are broken.

    >>> split_fields('a,"b,c"')
    ['a', 'b,c']
    """
    if '"' not in line:
        return line.split(separator)
    found = _csv_fields(line, separator)
    return found or _csv_fields(_without_padding(line, separator), separator)


def _csv_fields(line: str, separator: str) -> list[str] | None:
    try:
        return next(csv.reader([line], strict=True, delimiter=separator))
    except csv.Error:
        return None


def _without_padding(line: str, separator: str) -> str:
    """A line without the blanks and tabs that stand behind a closing quote.

    >>> _without_padding('"1,000"\t,2', ",")
    '"1,000",2'
    """
    blanks = BLANKS.replace(separator, "")
    return re.sub(rf'(?<=")[{blanks}]+(?={re.escape(separator)}|$)', "", line)


def is_blank(line: str) -> bool:
    """Whether a line has no text: only white space or separators.

    >>> is_blank(' ,,"" ')
    True
    """
    return not line.strip(', \t\u3000\xa0"')


def reject(row_no: int, column_no: int | None, printed_text: str, reason_code: str, reason: str) -> tuple:
    """One row of the rejects frame. The name of its sheet is added when the sheets are joined."""
    return ("", row_no, column_no, printed_text, reason_code, reason)


def check_header(header: list[str], required: Iterable[str], known: Iterable[str], place: str) -> list[int]:
    """Compare a header with the declared columns.

    >>> check_header(["area", "year", "extra"], ["area", "year"], [], "a.csv, line 1")
    [2]

    Args:
        header: the columns as printed.
        required: columns that the file must have.
        known: columns that the file may have.
        place: "file, line n", for the message.

    Returns:
        The indices (from 0) of columns that nothing declares.

    Raises:
        ReadError: a column stands twice, or a required one is missing. The code is header_changed if an undeclared
            column has a similar name, else column_missing.
    """
    doubled = sorted(name for name, times in Counter(header).items() if name and times > 1)
    if doubled:
        raise ReadError(
            "header_changed", f"{place}: found columns twice: {', '.join(doubled)}; expected each once"
        )
    required = list(required)
    declared = set(required) | set(known)
    unknown = [index for index, name in enumerate(header) if name not in declared]
    missing = [name for name in required if name not in header]
    if not missing:
        return unknown
    spare = [header[index] for index in unknown[:MAX_NAMES_SHOWN]]
    closest = {name: difflib.get_close_matches(name, spare, n=1, cutoff=0.5) for name in missing}
    listed = "; ".join(f"{n!r} (closest found: {c[0]!r})" if c else f"{n!r}" for n, c in closest.items())
    code = "header_changed" if any(closest.values()) else "column_missing"
    raise ReadError(
        code,
        f"{place}: missing {listed}; found {header[:MAX_NAMES_SHOWN]}, expected all of {required}; compare the file "
        "with its publisher's page, or declare the new columns",
    )


def unknown_cells(
    records: Iterable[Any], header: list[str], unknown: list[int], source_id: str
) -> list[tuple]:
    """Rejects for the cells with text in columns that nothing declares."""
    return [
        reject(
            record.row_no,
            index + 1,
            record.fields[index],
            "unknown_column",
            f"found a text in the column {header[index]!r}, expected only columns that sources/{source_id} declares",
        )
        for record in records
        for index in unknown
        if record.fields[index].strip()
    ]


def unit_in_label(label: str) -> str:
    """The unit in the last parentheses of a label, where Chinese tables print it. Empty if there is none.

    >>> unit_in_label("地区生产总值(亿元)")
    '亿元'
    """
    match = re.search(r"[(（]([^()（）]*)[)）]$", label.strip())
    return match.group(1).strip() if match else ""


def declared_labels(source: Source) -> list[str]:
    """The labels that sources/<id>/columns.csv declares, in its order."""
    path = source.folder / "columns.csv"
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return [row["printed_text"] for row in csv.DictReader(handle, strict=True)]


def name_groups(source: Source, file_name: str) -> dict[str, str]:
    """The named parts of the file's name by the declared pattern. Empty if the name does not fit."""
    return file_names.groups(source.file_pattern, file_name)


def frame(rows: list, columns: Iterable[str]) -> pl.DataFrame:
    """A frame of texts. Only positions are integers."""
    schema = {name: pl.Int32 if name in POSITIONS else pl.String for name in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")


def reading(
    rows: list,
    columns: Iterable[str],
    rejects: list[tuple],
    counts: Mapping[str, int],
    *,
    encoding: str,
    physical_rows: int,
    file_name: str,
    facts: Mapping[str, str] | None = None,
) -> Reading:
    """Make a reading from rows, rejects and counts.

    Cells of a layout without multipliers get a blank multiplier.

    Raises:
        ReadError: the classes of lines do not add up to the lines of the file.
    """
    accounting = {"physical_rows": physical_rows, **{name: counts.get(name, 0) for name in LINE_CLASSES}}
    accounted = sum(accounting[name] for name in LINE_CLASSES)
    if accounted != physical_rows:
        raise ReadError(
            "unaccounted",
            f"{file_name}: found {accounted} counted lines, expected {physical_rows}; please report this file",
        )
    found = frame(rows, columns)
    if tuple(columns) == CELL_COLUMNS:
        found = found.with_columns(pl.lit("").alias("multiplier_text"))
    return Reading(found, frame(rejects, REJECT_COLUMNS), encoding, accounting, facts or {})
