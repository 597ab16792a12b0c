"""What the library for workbooks does not give: formats, errors, formulas without a result, hidden rows and columns.

Belongs here: the members of .xlsx and .ods (XML) and .xlsb (records). Does not belong here: the values of cells (the library
gives them), .xls (xlrd gives all), any module but number_format.py. Only the process of workbook_process.py runs this.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from pipelines.readers import number_format

MOST_COLUMNS, MOST_ROWS = 16_384, 1_048_576  # of a sheet
# Records of .xlsb.
ROW, BLANK, RK, REAL, FORMULA_NUMBER, LAST_CELL = 0, 1, 2, 5, 9, 11
ERRORS, FORMAT, XF, COLUMNS, BUNDLE, MERGED, BEGIN_CELL_XFS, END_CELL_XFS = (
    (3, 11),
    44,
    47,
    60,
    156,
    176,
    617,
    618,
)
BINARY_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
Start = Callable[[str, dict[str, str]], None]  # of an element: its name and attributes
End = Callable[[str, str], None]  # its name and text


class TooLarge(Exception):
    """The workbook is larger than the limits that the process got."""


@dataclass
class Looked:
    """What is found in one sheet. Rows and columns count from 0.

    `marks` are cells (row, column, text) that are shown otherwise than the library gives them: errors, formulas
    without a result, numbers whose format shows another number. `merged` has top, left, bottom and right.
    """

    marks: list[tuple[int, int, str]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


@dataclass
class _Size:
    """How far the cells of a sheet reach."""

    part: str
    max_cells: int
    row: int = -1
    column: int = -1

    def reach(self, row: int, column: int) -> None:
        """Note a cell. Raises TooLarge."""
        self.row, self.column = max(self.row, row), max(self.column, column)
        if (self.row + 1) * (self.column + 1) > self.max_cells:
            place = f"row {self.row + 1}, column {self.column + 1}"
            raise TooLarge(f"{self.part} reaches {place}: over {self.max_cells} cells")


def sheets(archive: zipfile.ZipFile, max_cells: int) -> list[Looked]:
    """The sheets of a workbook in its order. Raises TooLarge."""
    members = set(archive.namelist())
    if "xl/workbook.xml" in members:
        formats = _formats(archive)
        return [_sheet(archive, part, max_cells, formats) for part in _parts(archive)]
    if "xl/workbook.bin" in members:
        formats = _binary_formats(archive)
        return [_binary_sheet(archive, part, max_cells, formats) for part in _binary_parts(archive)]
    return _open_document(archive, max_cells)


def _parts(archive: zipfile.ZipFile) -> list[str]:
    """The members with the sheets of .xlsx, in the order of the workbook."""
    ids = []

    def note(found: str, attributes: dict) -> None:
        if found == "sheet":
            ids.append(next((v for k, v in attributes.items() if k.rsplit(" ")[-1] == "id"), ""))

    parse(archive, "xl/workbook.xml", note)
    targets = _targets(archive, "xl/_rels/workbook.xml.rels")
    return [targets.get(sheet_id, "") for sheet_id in ids]


def _targets(archive: zipfile.ZipFile, member: str) -> dict[str, str]:
    """The member that each relation of a workbook leads to."""
    targets = {}

    def note(found: str, attributes: dict) -> None:
        if found == "Relationship":
            target = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))
            targets[attributes.get("Id", "")] = target.lstrip("/")

    parse(archive, member, note)
    return targets


def _formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """The number format of each style of a cell, by the style's number. Only formats that are no plain number."""
    codes = {str(number): code for number, code in number_format.BUILT_IN.items()}
    styles: list[str] = []
    inside = [""]

    def start(found: str, attributes: dict) -> None:
        if found in ("cellXfs", "cellStyleXfs", "dxfs"):
            inside[0] = found
        elif found == "numFmt" and inside[0] != "dxfs":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif found == "xf" and inside[0] == "cellXfs":
            styles.append(attributes.get("numFmtId", ""))

    if "xl/styles.xml" in archive.namelist():
        parse(archive, "xl/styles.xml", start)
    return _unusual(codes, styles)


def _unusual(codes: dict[str, str], styles: list[str]) -> dict[str, str]:
    """The formats of styles that are no plain number."""
    unusual = {number: code for number, code in codes.items() if not number_format.is_plain(code)}
    return {str(style): unusual[number] for style, number in enumerate(styles) if number in unusual}


def _sheet(archive: zipfile.ZipFile, part: str, max_cells: int, formats: dict[str, str]) -> Looked:
    """One sheet of .xlsx."""
    found_here = Looked()
    place = [-1, -1]
    texts: dict[str, str] = {}
    size = _Size(part, max_cells)

    def start(found: str, attributes: dict) -> None:
        if found == "row":
            place[:] = [int(attributes.get("r", place[0] + 2)) - 1, -1]
            if _is_hidden(attributes, "ht"):
                found_here.hidden_rows.append(place[0])
        elif found == "col" and _is_hidden(attributes, "width"):
            first, end = int(attributes.get("min", 1)) - 1, int(attributes.get("max", 1))
            found_here.hidden_columns += range(first, min(end, MOST_COLUMNS))
        elif found == "c":
            texts.clear()
            texts["type"] = attributes.get("t", "")
            texts["format"] = formats.get(attributes.get("s", "0"), "")
            place[:] = _place(attributes["r"]) if "r" in attributes else [place[0], place[1] + 1]
            size.reach(*place)
        elif found in ("f", "v"):
            texts[found] = ""

    def end(found: str, text: str) -> None:
        if found in ("f", "v"):
            texts[found] = text
        elif found == "c" and texts.get("type") == "e":
            found_here.marks.append((place[0], place[1], texts.get("v") or "#ERROR"))
        elif found == "c" and "f" in texts and not texts.get("v") and texts["type"] != "str":
            # an empty <v/> of type str is a result (an empty text); without that type it is not a result
            found_here.marks.append((place[0], place[1], "=" + texts["f"]))
        elif found == "c" and texts["format"] and texts["type"] in ("", "n"):
            text_shown = shown(texts.get("v", ""), texts["format"])
            if text_shown is not None:
                found_here.marks.append((place[0], place[1], text_shown))

    if part in archive.namelist():
        parse(archive, part, start, end)
    return found_here


def _is_hidden(attributes: dict[str, str], size: str) -> bool:
    """Whether a row or column is hidden, or has no height or width."""
    return attributes.get("hidden") in ("1", "true") or attributes.get(size) in ("0", "0.0")


def shown(number: str, code: str) -> str | None:
    """The text of a number under its format; None if the plain number is right, or the text is no number."""
    try:
        return number_format.shown(float(number), code)
    except (ValueError, ArithmeticError):
        return None


def _place(reference: str) -> list[int]:
    """Row and column of a reference, from 0.

    >>> _place("B3")
    [2, 1]
    """
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return [int(reference[len(letters) :]) - 1, column - 1]


def _open_document(archive: zipfile.ZipFile, max_cells: int) -> list[Looked]:
    """The sheets of .ods, which keeps what each cell shows beside its value."""
    found: list[Looked] = []
    row, column, step, notes = (
        [0, 0],
        [0],
        [0, 1, 1],
        [0],
    )  # row and its end; column; columns, spans of the cell
    cell: dict[str, str] = {}
    texts: list[str] = []
    size = _Size("content.xml", max_cells)

    def start(name: str, attributes: dict) -> None:
        given = {key.rsplit(" ")[-1]: value for key, value in attributes.items()}
        if name == "table":
            found.append(Looked())
            row[:], column[:] = [0, 0], [0]
            size.row = size.column = -1
        elif name == "table-column" and found:
            end = min(column[0] + _many(given, "number-columns-repeated"), MOST_COLUMNS)
            if given.get("visibility") in ("collapse", "filter"):
                found[-1].hidden_columns += range(column[0], end)
            column[0] = end
        elif name == "table-row" and found:
            row[:] = [row[1], min(row[1] + _many(given, "number-rows-repeated"), MOST_ROWS)]
            column[0] = 0
            if given.get("visibility") in ("collapse", "filter"):
                found[-1].hidden_rows += range(*row)
        elif name in ("table-cell", "covered-table-cell"):
            cell.clear()
            cell.update(given)
            texts.clear()
            step[0] = _many(given, "number-columns-repeated")
        elif name == "annotation":
            notes[0] += 1

    def end(name: str, text: str) -> None:
        if name == "annotation":
            notes[0] -= 1
        elif name == "p" and not notes[0]:
            texts.append(text)
        elif name in ("table-cell", "covered-table-cell") and found:
            first, column[0] = column[0], column[0] + step[0]
            if not cell.get("value-type") and not "".join(texts):
                return
            size.reach(row[1] - 1, column[0] - 1)
            spanned = _many(cell, "number-rows-spanned"), _many(cell, "number-columns-spanned")
            if spanned != (1, 1):
                found[-1].merged.append((row[0], first, row[0] + spanned[0] - 1, first + spanned[1] - 1))
            mark = _open_document_text(cell, "".join(texts))
            if mark is not None:
                found[-1].marks += [(r, c, mark) for r in range(*row) for c in range(first, column[0])]

    parse(archive, "content.xml", start, end)
    return found


def _many(attributes: dict[str, str], name: str) -> int:
    return max(1, int(attributes.get(name, "1")))


def _open_document_text(cell: dict[str, str], seen: str) -> str | None:
    """The text of a cell of .ods that shows another number than it stores; None for any other cell."""
    if cell.get("value-type") not in ("percentage", "float", "currency"):
        return None
    stored = cell.get("value", "")
    digits = re.search(r"\d[\d.,\s]*", seen)
    if cell["value-type"] == "percentage":
        decimals = (
            len(re.split("[.,]", digits[0].strip())[-1]) if digits and re.search("[.,]", digits[0]) else 0
        )
        return shown(stored, "0" + "." * (decimals > 0) + "0" * decimals + "%")
    if not digits:
        return shown(stored, ";;;") if not seen.strip() else None
    letters = re.sub(r"E[+-]?\d+|[^\w%‰]|[\d_]", "", seen)
    commas = _commas(stored, digits[0])
    if commas is None:
        return None
    return shown(stored, "0" + "," * commas + "".join(f"\\{letter}" for letter in letters))


def _commas(stored: str, seen: str) -> int | None:
    """How many times a display divides by a thousand. None if it shows something else, such as a fraction.

    >>> _commas("1234567", "1,235"), _commas("1234567", "1,234,567.00"), _commas("12", "3")
    (1, 0, None)
    """
    value = abs(float(stored))
    for point, separator in ((".", ","), (",", ".")):
        text = re.sub(rf"[\s{re.escape(separator)}]", "", seen).replace(point, ".").rstrip(".")
        try:
            number = float(text)
        except ValueError:
            continue
        half = 0.5000001 * 10.0 ** -len(text.partition(".")[2])
        for commas in (0, 1, 2, 3):
            if abs(value / 1000**commas - number) <= half and (number or not commas):
                return commas
    return None


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a member of .xlsb: number and bytes."""
    at = 0
    while at < len(content):
        number, at = _varint(content, at, 2)
        length, at = _varint(content, at, 4)
        yield number, content[at : at + length]
        at += length


def _varint(content: bytes, at: int, most: int) -> tuple[int, int]:
    value = 0
    for index in range(most):
        byte = content[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    return value, at + most


def _wide(content: bytes, at: int) -> tuple[str, int]:
    """A text of a record, and the place behind it."""
    (length,) = struct.unpack_from("<I", content, at)
    if length == 0xFFFFFFFF:
        return "", at + 4
    return content[at + 4 : at + 4 + 2 * length].decode("utf-16-le", errors="replace"), at + 4 + 2 * length


def _binary_parts(archive: zipfile.ZipFile) -> list[str]:
    """The members with the sheets of .xlsb, in the order of the workbook."""
    ids = [
        _wide(data, 8)[0] for number, data in _records(archive.read("xl/workbook.bin")) if number == BUNDLE
    ]
    targets = _targets(archive, "xl/_rels/workbook.bin.rels")
    return [targets.get(sheet_id, "") for sheet_id in ids]


def _binary_formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """As `_formats`, for .xlsb."""
    codes = {str(number): code for number, code in number_format.BUILT_IN.items()}
    styles: list[str] = []
    inside = False
    if "xl/styles.bin" not in archive.namelist():
        return {}
    for number, data in _records(archive.read("xl/styles.bin")):
        if number in (BEGIN_CELL_XFS, END_CELL_XFS):
            inside = number == BEGIN_CELL_XFS
        elif number == FORMAT:
            codes[str(struct.unpack_from("<H", data)[0])] = _wide(data, 2)[0]
        elif number == XF and inside:
            styles.append(str(struct.unpack_from("<H", data, 2)[0]))
    return _unusual(codes, styles)


def _binary_sheet(archive: zipfile.ZipFile, part: str, max_cells: int, formats: dict[str, str]) -> Looked:
    """One sheet of .xlsb."""
    found, row, size = Looked(), -1, _Size(part, max_cells)
    if part not in archive.namelist():
        return found
    for number, data in _records(archive.read(part)):
        if number == ROW:
            (row,) = struct.unpack_from("<I", data)
            if data[11] & 0x10:
                found.hidden_rows.append(row)
        elif number == COLUMNS:
            first, last, width = struct.unpack_from("<III", data)
            if data[16] & 1 or not width:
                found.hidden_columns += range(first, min(last + 1, MOST_COLUMNS))
        elif number == MERGED:
            top, bottom, left, right = struct.unpack_from("<IIII", data)
            found.merged.append((top, left, bottom, right))
        elif BLANK <= number <= LAST_CELL:
            column, style = struct.unpack_from("<II", data)
            if number != BLANK:
                size.reach(row, column)
            mark = _binary_text(number, data, formats.get(str(style & 0xFFFFFF), ""))
            if mark is not None:
                found.marks.append((row, column, mark))
    return found


def _binary_text(number: int, data: bytes, code: str) -> str | None:
    """The text of a cell of .xlsb that the library does not give: an error, or a number under an unusual format."""
    if number in ERRORS:
        return BINARY_ERRORS.get(data[8], "#ERROR")
    if not code or number not in (RK, REAL, FORMULA_NUMBER):
        return None
    if number != RK:
        return shown(repr(struct.unpack_from("<d", data, 8)[0]), code)
    (packed,) = struct.unpack_from("<i", data, 8)
    value = packed >> 2 if packed & 2 else struct.unpack("<d", struct.pack("<q", (packed & ~3) << 32))[0]
    return shown(repr(value / 100 if packed & 1 else value), code)


def parse(archive: zipfile.ZipFile, member: str, start: Start, end: End | None = None) -> None:
    """Parse one XML member. Names come without their namespace. The parser (expat) stops entity bombs itself."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    text: list[str] = []

    def started(name: str, attributes: dict) -> None:
        text.clear()
        start(name.rsplit(" ", maxsplit=1)[-1], attributes)

    parser.StartElementHandler = started
    if end:
        parser.CharacterDataHandler = text.append
        parser.EndElementHandler = lambda name: end(name.rsplit(" ")[-1], "".join(text))
    with archive.open(member) as handle:
        parser.ParseFile(handle)
