"""The declared source of a kept file, and the fingerprint of all that decides how the file is read.

Belongs here: the choice of the source. Does not belong here: reading the file (readers/).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pipelines.database.source_code import installed, short_hash
from pipelines.declarations.files import ROOT
from pipelines.declarations.sources import Source, sources
from pipelines.declarations.tables import tables
from pipelines.landing import sidecar
from pipelines.readers import detect as readers
from pipelines.readers.text import ReadError

# Packages that turn bytes into rows; another version of one may read a file otherwise.
READ_WITH = ("duckdb", "numpy", "polars", "python_calamine", "xlrd", "yaml")
# Code of ours that decides what a file gives: its rows, its source, its vintage.
READ_BY = (
    "declarations/sources.py",
    "file_names.py",
    "landing/raw_rows.py",
    "landing/recognition.py",
    "landing/sidecar.py",
    "landing/vintages.py",
    "readers/**/*.py",
)


def source_of(kept: Path, own_name: str, sidecar_text: str | None) -> Source:
    """Find the source of a kept file.

    If the sidecar names a source, the name of the file need not fit that source.

    Returns:
        The source, with the facts of the sidecar.

    Raises:
        ReadError: no source fits, or several do, or the sidecar names a source that is not declared.
    """
    facts = sidecar.parse(sidecar_text or "", sidecar.name_of(own_name)).facts
    named = facts.get("source")
    if named is not None and named not in sources():
        message = f"{sidecar.name_of(own_name)}: found the source {named!r}, expected one of: {', '.join(sorted(sources()))}"
        raise ReadError("bad_sidecar", message)
    fitting = [sources()[named]] if named else list(sources().values())
    source: Source = readers.detect(readers.beginning(kept, own_name), own_name, fitting, by_name=not named)
    return source.with_facts(facts)


@cache
def fingerprint(source_id: str | None) -> str:
    """Hash all that decides how a file is read: declarations of the source, raw contracts, code and packages of the readers.

    A refused file without a source depends on all declarations, because a new source may fit it. So the hash covers all
    sources if `source_id` is None or no longer declared.
    """
    declared = [sources()[source_id]] if source_id in sources() else sources().values()
    files = [p for s in declared for p in (s.folder / "source.yml", s.folder / "columns.csv") if p.exists()]
    for pattern in READ_BY:
        files += sorted((ROOT / "pipelines").glob(pattern))
    parts = [p.read_bytes() for p in files]
    parts += [table.model_dump_json().encode() for table in tables().values() if table.schema_name == "raw"]
    return short_hash(*parts, *installed(READ_WITH))
