"""A workbook written by hand, cell by cell, for the tests. Does not belong here: assertions."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from xml.sax.saxutils import escape

TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STYLES = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'


def xlsx(sheets: dict[str, list[list]], merged: tuple[str, ...] = ()) -> bytes:
    """Workbook of named sheets. A cell is a number, a text, None, or its XML (a text that begins with `<c`)."""
    return zipped({**parts(sheets, merged)})


def parts(sheets: dict[str, list[list]], merged: tuple[str, ...] = ()) -> dict[str, str]:
    """Names and XML of the members of a workbook."""
    listed = "".join(
        f'<sheet name="{escape(n)}" sheetId="{i}" r:id="r{i}"/>' for i, n in enumerate(sheets, 1)
    )
    linked = "".join(
        f'<Relationship Id="r{i}" Type="{REL}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    members = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{REL}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{linked}</Relationships>',
        "xl/styles.xml": STYLES,
    }
    for number, rows in enumerate(sheets.values(), 1):
        members[f"xl/worksheets/sheet{number}.xml"] = sheet(rows, merged)
    return members


def sheet(rows: list[list], merged: tuple[str, ...] = ()) -> str:
    """XML of one worksheet."""
    body = "".join(
        f'<row r="{r}">' + "".join(_cell(f"{column(c)}{r}", cell) for c, cell in enumerate(row)) + "</row>"
        for r, row in enumerate(rows, 1)
    )
    ranges = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged)
    merges = f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData>{merges}</worksheet>'


def column(index: int) -> str:
    """Letters of a column, from 0."""
    return (column(index // 26 - 1) if index >= 26 else "") + chr(65 + index % 26)


def _cell(place: str, cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.startswith("<c"):
        return cell.replace("<c", f'<c r="{place}"', 1)
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'


def zipped(members: dict[str, str | bytes]) -> bytes:
    """A zip archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def cells(text: str) -> list[list]:
    """A text table as cells of a sheet, numbers as numbers where the printed text stays the same."""
    rows = list(csv.reader(io.StringIO(text)))
    return [[_as_number(cell) for cell in row] for row in rows]


def _as_number(cell: str) -> object:
    try:
        number = float(cell)
    except ValueError:
        return cell or None
    printed = str(int(number)) if number.is_integer() else repr(number)
    return number if printed == cell else cell


OFFICE = "urn:oasis:names:tc:opendocument:xmlns"


def ods(rows: list[list], name: str = "表", extra: str = "", hidden: tuple[int, ...] = ()) -> bytes:
    """OpenDocument spreadsheet of one sheet; the rows with these numbers (from 0) are hidden, `extra` is XML of other sheets.

    A cell is a number, a text, None, or its XML (a text that begins with `<table:`).
    """
    collapsed = {row: ' table:visibility="collapse"' for row in hidden}
    body = "".join(
        f"<table:table-row{collapsed.get(r, '')}>{''.join(map(_ods_cell, row))}</table:table-row>"
        for r, row in enumerate(rows)
    )
    content = (
        f'<office:document-content xmlns:office="{OFFICE}:office:1.0" xmlns:table="{OFFICE}:table:1.0" '
        f'xmlns:style="{OFFICE}:style:1.0" xmlns:text="{OFFICE}:text:1.0" office:version="1.2"><office:automatic-styles>'
        '<style:style style:name="off" style:family="table"><style:table-properties table:display="false"/>'
        f'</style:style></office:automatic-styles><office:body><office:spreadsheet><table:table table:name="{escape(name)}">{body}'
        f"</table:table>{extra}</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": "<manifest/>",
        }
    )


def _ods_cell(cell: object) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, str) and cell.startswith("<table:"):
        return cell
    if isinstance(cell, str):
        return (
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        )
    return f'<table:table-cell office:value-type="float" office:value="{cell!r}"><text:p>{cell}</text:p></table:table-cell>'


def xlsb(rows: list[list], styles: tuple[str, ...] = ("General",), hidden: tuple[int, ...] = ()) -> bytes:
    """Binary workbook of one sheet. A cell is a number, a text, None, or a pair of a number and the index of its style."""
    formats = b"".join(_record(44, struct.pack("<H", 200 + n) + _wide(code)) for n, code in enumerate(styles))
    xfs = b"".join(_record(47, struct.pack("<HH", 0, 200 + n) + bytes(12)) for n in range(len(styles)))
    body = b""
    for number, row in enumerate(rows):
        flags = bytes([0, 0x10 if number in hidden else 0])
        body += _record(0, struct.pack("<IIH", number, 0, 300) + flags + bytes(5))
        body += b"".join(_binary_cell(column, cell) for column, cell in enumerate(row) if cell is not None)
    size = struct.pack("<IIII", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    sheet_bin = _record(129) + _record(148, size) + _record(145) + body + _record(146) + _record(130)
    bundle = _record(143) + _record(156, struct.pack("<II", 0, 1) + _wide("r1") + _wide("表")) + _record(144)
    relation = f'<Relationship Id="r1" Type="{REL}/worksheet" Target="worksheets/sheet1.bin"/>'
    return zipped(
        {
            "[Content_Types].xml": TYPES.replace("workbook.xml", "workbook.bin"),
            "xl/workbook.bin": _record(131) + _record(153, bytes(12)) + bundle + _record(132),
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{PACKAGE}">{relation}</Relationships>',
            "xl/styles.bin": _record(278)
            + _record(615, struct.pack("<I", len(styles)))
            + formats
            + _record(616)
            + _record(617, struct.pack("<I", len(styles)))
            + xfs
            + _record(618)
            + _record(279),
            "xl/worksheets/sheet1.bin": sheet_bin,
        }
    )


def _binary_cell(column: int, cell: object) -> bytes:
    if isinstance(cell, str):
        return _record(6, struct.pack("<II", column, 0) + _wide(cell))
    number, style = cell if isinstance(cell, tuple) else (cell, 0)
    return _record(5, struct.pack("<IId", column, style, number))


def _record(number: int, content: bytes = b"") -> bytes:
    head = bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])
    length, size = len(content), b""
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + size + content


def _wide(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded
