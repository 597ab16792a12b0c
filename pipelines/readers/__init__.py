"""Readers of publishers' layouts: bytes in, frames of printed text with positions out.

Belongs here: the choice of reader by declared layout, and the recognition of a file. Does not belong here:
one layout's details (one module each), numbers, units, areas (all are core's), files and databases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pipelines.readers import customs_query, figure_list, nbs_export, registry, text, wide_panel
from pipelines.readers.text import ReadError, Reading

__all__ = ["ReadError", "Reading", "detect", "read"]

LAYOUTS = {
    "wide_panel": wide_panel.read,
    "nbs_export": nbs_export.read,
    "figure_list": figure_list.read,
    "customs_query": customs_query.read,
    "registry": registry.read,
}
# Signatures stand in the header or the preamble: within the first lines.
SIGNATURE_LINES = 6


def read(content: bytes, source: Any, file_name: str) -> Reading:
    """Read a file by its declared layout. Faults of the whole file raise ReadError; others are rejects."""
    return LAYOUTS[source.layout](content, source, file_name)


def detect(content: bytes, file_name: str, sources: Iterable[Any]) -> Any:
    """The one declared source whose name pattern, encoding and signature fit the file."""
    if not content.strip():
        raise ReadError("empty_file", f"{file_name}: found {len(content)} blank bytes, expected a table")
    misfits = {source.source_id: (source, _misfit(content, file_name, source)) for source in sources}
    fitting = [source for source, why in misfits.values() if not why]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = [source.source_id for source in fitting]
        raise ReadError("ambiguous_file", f"{file_name}: fits the sources {names}, expected exactly one")
    reasons = "".join(f"\n  {source_id}: {why}" for source_id, (_, why) in misfits.items())
    raise ReadError("unknown_file", f"{file_name}: fits no declared source:{reasons}")


def _misfit(content: bytes, file_name: str, source: Any) -> str:
    """Why the file is not of this source; empty where it is."""
    reasons = []
    if not re.fullmatch(source.file_pattern, file_name):
        reasons.append(f"the name does not match {source.file_pattern!r}")
    try:
        decoded, _ = text.decode(content, source.encoding, file_name)
    except ReadError as error:
        return "; ".join([*reasons, f"{error.reason_code} (declared {list(source.encoding)})"])
    lines = [line for line in text.split_lines(decoded)[0] if not text.is_blank(line)][:SIGNATURE_LINES]
    printed = {field for line in lines for field in text.split_fields(line) or []}
    starts = [line.lstrip('"') for line in lines]
    missing = [s for s in source.signature if s not in printed and not any(x.startswith(s) for x in starts)]
    if missing:
        reasons.append(f"the first lines lack {missing}")
    return "; ".join(reasons)
