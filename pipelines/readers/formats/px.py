"""Layout px: PC-Axis files (.px). They have keywords with values, and one matrix of data.

A row is a combination of values of the STUB variables. A column is a combination of values of the HEADING variables. Both
are counted from 1 in the order of the file (the last variable changes fastest). With KEYS, a row states its own keys, and
rows that are left out are blank rows. (By the format they are all zeros, but the reader makes up no zero that is not
printed.) The variables are the dimensions. Their codes are those of CODES, or else the texts of VALUES. A variable with
TIMEVAL has its times in SDMX form (1990-M01). Further names are UNITS, CONTENTS, MATRIX, and DATASYMBOL for the mark of a
missing cell: "-", ".", ".." and similar marks are blanks, never zeros. LAST-UPDATED (or else CREATION-DATE) is the fact
`updated`.

CODEPAGE states the encoding. If it is missing or "ANSI", the encodings of the source are tried in their order. Texts in
another language than the file's own (KEYWORD[xx]) are notes, and so are keywords that this reader does not use.
"""

from __future__ import annotations

import codecs
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipelines.readers import text
from pipelines.readers.formats import cube
from pipelines.readers.formats.cube import MAX_CELLS, Observation
from pipelines.readers.source import Source
from pipelines.readers.text import ReadError, Reading

STATEMENT = re.compile(r"(?:\"[^\"]*\"|[^\";]++)*+;")
KEYWORD = re.compile(r"\s*([A-Z][A-Z0-9_-]*)(?:\[([\w-]+)\])?(?:\((.*?)\))?\s*=(.*);", re.DOTALL)
DATA = re.compile(r"^[ \t]*DATA[ \t]*=", re.MULTILINE)
TEXTS = re.compile(r'"([^"]*)"|(,)')
CELLS = re.compile(r'"[^"]*"|[^\s,;"]+')
TIMES = re.compile(
    r"\s*TLIST\(\s*([AHQMWD])1?\s*(?:,\s*\"([^\"]*)\"\s*-\s*\"([^\"]*)\"\s*)?\)\s*,?(.*)", re.DOTALL
)
MISSING = re.compile(r"-|\.{1,6}")
# The encodings of text files that a CODEPAGE may name.
CODEPAGES = re.compile(
    r"ascii|utf-8|utf-16(-[bl]e)?|iso8859-\d+|cp\d+|gb\w+|big5\w*|euc_\w+|shift_jis\w*|koi8-\w"
)
# Letter of TLIST: letter of the SDMX period, periods of a year, digits of the period.
SCALES = {"A": ("", 1, 0), "H": ("S", 2, 1), "Q": ("Q", 4, 1), "M": ("M", 12, 2), "W": ("W", 53, 2)}
ATTRIBUTES = {"UNITS", "CONTENTS", "MATRIX", "DATASYMBOL"}
USED = {"STUB", "HEADING", "VALUES", "CODES", "TIMEVAL", "UNITS", "CONTENTS", "MATRIX", "KEYS", "CONTVARIABLE",
        "LAST-UPDATED", "CREATION-DATE"}  # fmt: skip
MAX_STATEMENTS = 100_000


@dataclass
class Variable:
    """One dimension: the codes (or times), the texts and the keys of its values, in order."""

    name: str
    codes: list[str]
    texts: list[str]
    keys: list[str]  # as the rows of DATA print them, if they have keys

    def __len__(self) -> int:
        return len(self.codes)


@dataclass
class Table:
    """The head of a file: what its keywords state before DATA."""

    stated: dict[tuple[str, str], str]
    stub: list[Variable] = field(default_factory=list)
    heading: list[Variable] = field(default_factory=list)
    statements: int = 0
    notes: int = 0

    def text_of(self, keyword: str, of: str = "") -> str:
        """The text of a keyword: for one value, if the file states it so, or else for the whole table."""
        return "".join(_texts(self.stated.get((keyword, of)) or self.stated.get((keyword, ""), ""))).strip()


def read(content: bytes, source: Source, file_name: str) -> Reading:
    """Read the cells of the matrix, blank ones too."""
    decoded, encoding = _decode(content, source.encoding, file_name)
    decoded = decoded.replace("\r\n", "\n").replace("\r", "\n")
    begin = DATA.search(decoded)
    if not begin:
        raise ReadError(
            "truncated_file",
            f"{file_name}: found no DATA, expected it at the end of the file; download it again",
        )
    if not decoded.rstrip().endswith(";"):
        message = (
            f"{file_name}: found the end {decoded.rstrip()[-30:]!r}, expected a semicolon; download it again"
        )
        raise ReadError("truncated_file", message)
    table = _head(decoded[: begin.start()], file_name)
    try:
        _variables(table)
    except (KeyError, ValueError) as error:
        lacks = (
            f"no {' of '.join(filter(None, error.args[0]))}" if isinstance(error, KeyError) else str(error)
        )
        message = f"{file_name}: found {lacks}, expected a complete head"[:2000]
        raise ReadError("header_changed", message) from error
    variables = [*table.stub, *table.heading]
    asked_for = sorted(ATTRIBUTES.intersection(cube.dimensions(source.options)))
    cube.check_names([*(variable.name for variable in variables), *asked_for], source, file_name)
    _check_attributes(source.options, variables, file_name)
    cells = _cells(table, decoded[begin.end() :], file_name)
    rows = cube.cells(_observations(table, cells), source, file_name, dataset=table.text_of("MATRIX"))
    return _reading(table, rows, len(cells), encoding, file_name)


def _reading(table: Table, rows: list[tuple], records: int, encoding: str, file_name: str) -> Reading:
    updated = [cube.day(found) for found in _dates(table)]
    matrix_rows = math.prod(len(variable) for variable in table.stub)
    counts = {
        "header_rows": table.statements - table.notes + 1,
        "note_rows": table.notes,
        "record_rows": records,
        "blank_rows": matrix_rows - records,
    }
    return text.reading(
        rows,
        cube.COLUMNS,
        [],
        counts,
        encoding=encoding,
        physical_rows=table.statements + 1 + matrix_rows,
        file_name=file_name,
        facts={"updated": max(filter(None, updated))} if any(updated) else {},
    )


def _dates(table: Table) -> list[str]:
    """The updates of all contents. If the file states none, the day of its creation."""
    updates = [
        "".join(_texts(day)) for (keyword, _), day in table.stated.items() if keyword == "LAST-UPDATED"
    ]
    return updates if any(cube.day(found) for found in updates) else [table.text_of("CREATION-DATE")]


def _decode(content: bytes, encodings: list[str], file_name: str) -> tuple[str, str]:
    """Decode a file by its CODEPAGE, or else by the first encoding of the source that fits."""
    stated = re.search(rb'^CODEPAGE\s*=\s*"([\w-]{1,40})"', content[:65536], re.MULTILINE)
    if not stated:
        return text.decode(content, encodings, file_name)
    name = stated.group(1).decode()
    try:
        known = CODEPAGES.fullmatch(codecs.lookup(name).name)
    except LookupError:
        known = None
    if not known:
        message = (
            f"{file_name}: found the codepage {name!r}, expected an encoding of text such as utf-8 or gbk"
        )
        raise ReadError("wrong_encoding", message)
    return text.decode(content, [name], file_name)


def _head(printed: str, place: str) -> Table:
    """Read the keywords before DATA, in the file's own language."""
    table, at, end = Table({}), 0, len(printed.rstrip())
    while at < end:
        statement = STATEMENT.match(printed, at)
        match = KEYWORD.fullmatch(statement.group()) if statement else None
        if not statement or not match or table.statements >= MAX_STATEMENTS:
            line = printed.count("\n", 0, at) + 1
            message = f"{place}, line {line}: found {printed[at : at + 60]!r}, expected KEYWORD=value;"
            raise ReadError("header_changed", message)
        at = statement.end()
        keyword, language, of, value = match.groups()
        table.statements += 1
        if language or keyword not in USED:
            table.notes += 1
        elif (keyword, key := "".join(_texts(of or ""))) in table.stated:
            raise ReadError("header_changed", f"{place}: found {keyword}({key}) twice, expected it once")
        else:
            table.stated[keyword, key] = value
    return table


def _texts(printed: str) -> list[str]:
    """The texts of a list. Texts without a comma between them are one text that continues over lines.

    >>> _texts('"a ", "b"')
    ['a ', 'b']
    """
    found: list[list[str]] = []
    goes_on = False
    for match in TEXTS.finditer(printed):
        if match.group(2):
            goes_on = False
            continue
        if not goes_on:
            found.append([])
        found[-1].append(match.group(1))
        goes_on = True
    return ["".join(parts) for parts in found]


def _variables(table: Table) -> None:
    """Read the variables of stub and heading. Raises KeyError or ValueError if one is not complete."""
    for keyword, into in (("STUB", table.stub), ("HEADING", table.heading)):
        into += [_variable(table, name) for name in _texts(table.stated.get((keyword, ""), ""))]
    names = [variable.name for variable in (*table.stub, *table.heading)]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"the variables {names[:50]} (each must stand once, at least one)")


def _variable(table: Table, name: str) -> Variable:
    texts = _texts(table.stated["VALUES", name])
    codes = _texts(table.stated.get(("CODES", name), "")) or texts
    times = _times(table.stated.get(("TIMEVAL", name), ""))
    keys = codes if table.stated.get(("KEYS", name), "").strip() == "CODES" else texts
    if not texts or len(codes) != len(texts) or len(set(codes)) < len(codes):
        raise ValueError(f"{len(codes)} codes of {len(texts)} values of {name!r} (each must stand once)")
    if times and len(times) != len(texts):
        raise ValueError(f"{len(times)} times of {len(texts)} values of {name!r}")
    return Variable(name, times or codes, texts, keys)


def _times(printed: str) -> list[str]:
    """The periods of TIMEVAL in SDMX form, from a list or a range.

    >>> _times('TLIST(Q1,"20231"-"20233")')
    ['2023-Q1', '2023-Q2', '2023-Q3']
    """
    if not printed.strip():
        return []
    match = TIMES.fullmatch(printed)
    if not match or match.group(1) == "D":
        raise ValueError(
            f"TIMEVAL {printed[:60]!r} (it must be TLIST of years, halves, quarters, months or weeks)"
        )
    scale, first, last, listed = match.groups()
    letter, many, digits = SCALES[scale]
    found = _texts(listed) if first is None else _range(first, last, many, digits)
    if wrong := [time for time in found if not re.fullmatch(r"\d{4}" + r"\d" * digits, time)]:
        raise ValueError(f"the times {wrong[:5]} in TLIST({scale}1), which do not fit its scale")
    return [f"{time[:4]}-{letter}{time[4:]}" if letter else time for time in found]


def _range(first: str, last: str, many: int, digits: int) -> list[str]:
    """All times from the first to the last."""
    begin, end = (int(time[:4]) * many + int(time[4:] or 1) - 1 for time in (first, last))
    if many == 53 or not 0 <= end - begin < MAX_CELLS:
        raise ValueError(
            f"the range {first!r} to {last!r} (it must be of years, halves, quarters or months, or a list)"
        )
    ends = [f"{number % many + 1:0{digits}}" if digits else "" for number in range(begin, end + 1)]
    return [f"{number // many:04}{part}" for number, part in zip(range(begin, end + 1), ends, strict=True)]


def _check_attributes(options: dict, variables: list[Variable], place: str) -> None:
    known = {*ATTRIBUTES, *(variable.name for variable in variables)}
    named = [options[role] for role in ("unit", "multiplier", "status") if role in options]
    if missing := [name for name in named if name not in known]:
        raise ReadError("header_changed", f"{place}: found {sorted(known)[:100]}, expected {missing} too")


def _cells(table: Table, printed: str, place: str) -> dict[int, list[str]]:
    """The printed cells of every row of the matrix, by the number of the row from 0."""
    width = math.prod(len(variable) for variable in table.heading)
    height = math.prod(len(variable) for variable in table.stub)
    keyed = any(keyword == "KEYS" for keyword, _ in table.stated)
    wanted = width * height
    if printed.count('"') % 2:
        raise ReadError(
            "unterminated_quote",
            f"{place}: found a quote in DATA that does not close, expected quotes in pairs",
        )
    if wanted > MAX_CELLS:
        raise ReadError(
            "too_large",
            f"{place}: found a head for {wanted} cells, expected at most {MAX_CELLS}; divide the table",
        )
    keys = len(table.stub) if keyed else 0
    found = [m.group() for m in itertools.islice(CELLS.finditer(printed), height * (width + keys) + 1)]
    if (
        len(found) % (width + keys)
        or (not keyed and len(found) != wanted)
        or len(found) > height * (width + keys)
    ):
        message = f"{place}: found {len(found)} cells in DATA, expected {wanted}"
        raise ReadError("wrong_cell_count", message + (f" in rows with {keys} keys each" if keyed else ""))
    rows = [found[at : at + width + keys] for at in range(0, len(found), width + keys)]
    if not keyed:
        return dict(enumerate(rows))
    return _by_key(table.stub, rows, place)


def _by_key(stub: list[Variable], rows: list[list[str]], place: str) -> dict[int, list[str]]:
    """Rows with keys, by the number of each row in the matrix."""
    places = [{key: n for n, key in enumerate(variable.keys)} for variable in stub]
    found: dict[int, list[str]] = {}
    for row in rows:
        number = 0
        for key, variable, at in zip(row, stub, places, strict=False):
            if key.strip('"') not in at:
                message = f"{place}: found the key {key[:60]} of {variable.name!r} in DATA, expected one of its values"
                raise ReadError("wrong_cell_count", message)
            number = number * len(variable) + at[key.strip('"')]
        if number in found:
            raise ReadError(
                "wrong_cell_count",
                f"{place}: found the row {row[: len(stub)]} twice in DATA, expected it once",
            )
        found[number] = row[len(stub) :]
    return found


def _observations(table: Table, cells: dict[int, list[str]]) -> Iterator[Observation]:
    by_content = table.text_of("CONTVARIABLE")
    about = {name: stated for name in ("CONTENTS", "MATRIX") if (stated := table.text_of(name))}
    heads = list(itertools.product(*(range(len(variable)) for variable in table.heading)))
    variables = [*table.stub, *table.heading]
    for number, printed in cells.items():
        stub: list[int] = []
        left = number
        for variable in reversed(table.stub):
            left, at = divmod(left, len(variable))
            stub.insert(0, at)
        for column, (head, value) in enumerate(zip(heads, printed, strict=True)):
            chosen = list(zip(variables, [*stub, *head], strict=True))
            states = {variable.name: variable.codes[at] for variable, at in chosen}
            names = {variable.name: variable.texts[at] for variable, at in chosen}
            mark = value.strip('"')
            missing = bool(MISSING.fullmatch(mark))
            states |= about | {"UNITS": table.text_of("UNITS", names.get(by_content, ""))}
            states |= {"DATASYMBOL": mark} if missing else {}
            yield Observation(number + 1, column + 1, states, "" if missing else mark, names)
