"""Readers of publishers' layouts: bytes in, frames of printed text with positions out.

Belongs here: the choice of reader by declared layout, and the recognition of a file. Does not belong here:
one layout's details (one module each), numbers, units, areas (all are core's), files and databases.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Any

from pipelines.readers import (
    customs_query,
    figure_list,
    grid,
    nbs_export,
    nbs_json,
    registry,
    text,
    wide_panel,
    workbook,
)
from pipelines.readers.text import ReadError, Reading

__all__ = ["ReadError", "Reading", "detect", "read"]

LAYOUTS = {
    "wide_panel": wide_panel.read,
    "nbs_export": nbs_export.read,
    "nbs_json": nbs_json.read,
    "figure_list": figure_list.read,
    "customs_query": customs_query.read,
    "registry": registry.read,
}
# Of these the signature may stand anywhere in the text; they have no rows.
WITHOUT_ROWS = {"nbs_json"}
# Signatures stand in the header or the preamble: within the first rows that are not blank.
SIGNATURE_ROWS = 6


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Read a file by its declared layout. Faults of the whole file raise ReadError; others are rejects."""
    return LAYOUTS[source.layout](content, source, file_name)


def detect(content: bytes, file_name: str, sources: Iterable[Any]) -> Any:
    """The one declared source whose name pattern, encoding and signature fit the file."""
    if not content.strip():
        raise ReadError("empty_file", f"{file_name}: found {len(content)} blank bytes, expected a table")
    if workbook.kind(content):
        grid.grids(content, [], file_name)  # one that cannot be opened fits nothing, whatever is declared
    misfits = {source.source_id: (source, _misfit(content, file_name, source)) for source in sources}
    fitting = [source for source, why in misfits.values() if not why]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = [source.source_id for source in fitting]
        raise ReadError("ambiguous_file", f"{file_name}: fits the sources {names}, expected exactly one")
    nearest_first = sorted(misfits.items(), key=lambda item: item[1][1].count("; "))
    reasons = "".join(f"\n  {source_id}: {why}" for source_id, (_, why) in nearest_first)
    raise ReadError("unknown_file", f"{file_name}: fits no declared source:{reasons}")


def _misfit(content: bytes, file_name: str, source: Any) -> str:
    """Why the file is not of this source; empty where it is."""
    reasons = []
    if not re.fullmatch(source.file_pattern, file_name):
        reasons.append(f"the name does not match {source.file_pattern!r}")
    try:
        missing = _missing(content, file_name, source)
    except ReadError as error:
        return "; ".join([*reasons, f"{error.reason_code} (declared {list(source.encoding)})"])
    if missing:
        reasons.append(f"the first lines lack {missing}")
    return "; ".join(reasons)


def _missing(content: bytes, file_name: str, source: Any) -> list[str]:
    """Texts of the signature that the file (or the sheet that has most of them) lacks."""
    if source.layout in WITHOUT_ROWS:
        decoded, _ = text.decode(content, source.encoding, file_name)
        return [s for s in source.signature if s not in decoded]
    sheets = grid.grids(content, source.encoding, file_name)
    return min((_lacks(sheet, source.signature) for sheet in sheets), key=len)


def _lacks(sheet: grid.Grid, signature: list[str]) -> list[str]:
    """Texts of the signature that are neither a cell nor the beginning of one of the first rows."""
    rows = itertools.islice((i for i in range(len(sheet)) if not sheet.is_blank(i)), SIGNATURE_ROWS)
    rows = [sheet.fields(index) for index in rows]
    printed = {cell for row in rows for cell in row}
    starts = [row[0].lstrip('"') for row in rows]
    return [s for s in signature if s not in printed and not any(x.startswith(s) for x in starts)]
