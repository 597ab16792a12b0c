"""The report of the current generation, written and switched to.

Belongs here: where the report lies and when it is replaced. Does not belong here: pages.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipelines.database import connection
from pipelines.publishing.generations import current
from pipelines.settings import Paths


def report(paths: Paths) -> tuple[int, Path]:
    """Write the report of the current generation; returns the number of pages and the path of the first."""
    from pipelines.publishing.report import site  # noqa: PLC0415 - templates are not needed to load definitions

    shown = current(paths)
    making, final = (
        paths.reports / f".making-{shown.generation_id}",
        paths.reports / shown.generation_id,
    )
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    with connection.connect(shown.database, read_only=True) as con:
        built_for = con.execute("select max(vintage) from raw.file").fetchall()[0][0]
        pages = site.build(
            con,
            making,
            {
                "generation_id": shown.generation_id,
                "built_for": str(built_for),
                "program": _program(shown.manifest.get("program", {})),
                "methodology_version": shown.manifest["methodology_version"],
            },
        )
    shutil.rmtree(final, ignore_errors=True)
    os.replace(making, final)
    _point(paths.reports / "latest", final)
    for old in [
        p for p in paths.reports.iterdir() if p.is_dir() and p not in (final, paths.reports / "latest")
    ]:
        shutil.rmtree(old)
    return sum(page.suffix == ".html" for page in pages), paths.reports / "latest" / "index.html"


def _point(link: Path, target: Path) -> None:
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target.name, target_is_directory=True)
    if link.is_dir() and not link.is_symlink():  # the data folder was copied by something that follows links
        shutil.rmtree(link)
    os.replace(temporary, link)


def _program(published_with: dict) -> str:
    """Version and commit that a manifest states; empty in manifests of 0.1.0."""
    return " ".join(
        str(part) for part in (published_with.get("version"), published_with.get("commit")) if part
    )
