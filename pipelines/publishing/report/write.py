"""The report of the current generation, written and switched to.

Belongs here: where the report lies and when it is replaced. Does not belong here: pages.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pipelines.database import connection, source_code
from pipelines.declarations.tables import macros, tables
from pipelines.publishing.generations import Generation, current
from pipelines.settings import Paths

HERE = Path(__file__).resolve().parent
# In the folder of a report: what it was made of, so that it is not written again where nothing changed.
NOTE = "report.json"


@dataclass(frozen=True)
class Report:
    """A written report; `is_new` is False where it stood already."""

    pages: int
    index: Path
    is_new: bool


def report(paths: Paths) -> Report:
    """Write the report of the current generation unless it stands as it would be written now."""
    shown = current(paths)
    is_new = not stands(paths, shown)
    if is_new:
        _write(paths, shown)
    pages = sum(1 for _ in (paths.reports / shown.generation_id).rglob("*.html"))
    return Report(pages, paths.reports / "latest" / "index.html", is_new)


def stands(paths: Paths, shown: Generation) -> bool:
    """Whether the report of a generation is there, made by this program, with all its files."""
    final = paths.reports / shown.generation_id
    latest = paths.reports / "latest"
    try:
        noted = json.loads((final / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return noted == _note(final, shown) and latest.resolve() == final.resolve()


def _write(paths: Paths, shown: Generation) -> None:
    from pipelines.publishing.report import site  # noqa: PLC0415 - templates are not needed to load definitions

    making, final = paths.reports / f".making-{shown.generation_id}", paths.reports / shown.generation_id
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    with connection.connect(shown.database, read_only=True) as con:
        built_for = con.execute("select max(vintage) from raw.file").fetchall()[0][0]
        site.build(
            con,
            making,
            {
                "generation_id": shown.generation_id,
                "built_for": str(built_for),
                "program": _program(shown.manifest.get("program", {})),
                "methodology_version": shown.manifest["methodology_version"],
            },
        )
    (making / NOTE).write_text(json.dumps(_note(making, shown), indent=1), encoding="utf-8")
    shutil.rmtree(final, ignore_errors=True)
    os.replace(making, final)
    _point(paths.reports / "latest", final)
    for old in paths.reports.iterdir():
        if old.is_dir() and old not in (final, paths.reports / "latest"):
            shutil.rmtree(old)


def _note(folder: Path, shown: Generation) -> dict:
    """What a report was made of and by, and the sizes of its files."""
    sizes = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != NOTE
    }
    return {"generation": shown.manifest["manifest_sha256"], "version": version(), "files": sizes}


def version() -> str:
    """Hash of all that decides how a report looks, the generation apart: code, templates, contracts and SELECTs."""
    files = [path for name in ("static", "templates") for path in sorted((HERE / name).iterdir())]
    declared = (tables() | macros()).values()
    return source_code.short_hash(
        source_code.fingerprint("pipelines.publishing.report.site", "pipelines.publishing.report.write"),
        *(part for path in files for part in (path.name, path.read_bytes())),
        *(part for table in declared for part in (table.model_dump_json(), table.sql or "")),
    )


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
