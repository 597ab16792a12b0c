"""A workbook written by hand, cell by cell, for the tests. Does not belong here: assertions."""

from __future__ import annotations

import csv
import io
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
