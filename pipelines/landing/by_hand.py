"""Files by hand: land files now, read problem files again, withdraw a file.

Belongs here: what a command does with the work database outside a run. A lock keeps runs out meanwhile. Does not belong
here: how a file is landed (land.py), marts and publishing (a run), what is printed (cli/).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.database import build, connection, recovery, run_lock, writing
from pipelines.declarations.sources import sources
from pipelines.declarations.tables import tables
from pipelines.landing import discovery, raw_rows, sidecar
from pipelines.landing import land as landing
from pipelines.landing.outcome import Landed, Unreadable
from pipelines.readers.text import ReadError
from pipelines.settings import Paths

ORIGIN = "ingest"
SHORTEST_HASH = 8  # characters of a hash that name a file
FAILED = ("refused", "unreadable", "alone")


class NotThere(Exception):
    """The user named a path or a file that does not exist, or a name that fits several files."""


@dataclass(frozen=True)
class Outcome:
    """The result of landing one file, with counts of its rows in the raw tables.

    `taken` counts the cells or records that the raw table took. `rejected` counts rejected lines and cells.
    """

    landed: Landed
    source_id: str | None = None
    rows: int | None = None
    taken: int | None = None
    rejected: int | None = None


@dataclass(frozen=True)
class Change:
    """How many problems of one reason a file has, before and after it is read again."""

    file_name: str
    reason_code: str
    before: int
    after: int


@contextmanager
def work(paths: Paths, say: Callable[[str], None], what: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the work database with its raw tables. No run can start meanwhile."""
    with run_lock.hold(paths.run_lock, say, what):
        recovery.ensure(paths, say)
        with connection.connect(paths.work) as con:
            raw_rows.ensure_tables(con)
            yield con


def files_of(given: list[Path]) -> list[Path]:
    """List the data files of the given paths. A folder stands for all files below it. Each file is listed once.

    Raises:
        NotThere: a path does not exist.
    """
    missing = [str(path) for path in given if not path.exists()]
    if missing:
        raise NotThere(f"{', '.join(missing)}: found no such file or folder; check the spelling")
    found: dict[Path, None] = {}
    for path in given:
        if path.is_dir():
            found |= dict.fromkeys(discovery.data_files(path) + discovery.sidecars_alone(path))
        else:
            named = discovery.data_file_of(path) if discovery.is_sidecar(path) else path
            found[named if named.exists() else path] = None
    return list(found)


def checked(**facts: str) -> dict[str, str]:
    """Check the facts that options of a command state, by the rules of a sidecar.

    Raises:
        ReadError: a fact has a value that a sidecar may not have.
    """
    stated = sidecar.parse(sidecar.text_of(**facts), "options of the command").facts
    if stated.get("source", "") and stated["source"] not in sources():
        message = (
            f"option --source: found {stated['source']!r}, expected one of: {', '.join(sorted(sources()))}"
        )
        raise ReadError("bad_sidecar", message)
    return stated


def land(con: duckdb.DuckDBPyConnection, path: Path, facts: dict[str, str], paths: Paths) -> list[Outcome]:
    """Land one file with the facts of its sidecar and of the options. A withdrawn file comes back."""
    if discovery.is_sidecar(path):
        return [Outcome(Landed(path.name, "", "alone", discovery.message_alone(path)))]
    try:
        text = _with_options(path, facts)
    except (ReadError, Unreadable) as error:
        return [Outcome(Landed(path.name, "", "refused", str(error)))]
    landed = landing.land(con, path, ORIGIN, paths, sidecar_text=text, again=True)
    return [_outcome(con, file) for file in landed]


def _with_options(path: Path, facts: dict[str, str]) -> str | None:
    """Join the text of the file's sidecar and the facts of the options.

    Raises:
        ReadError: the sidecar and the options state different values of one fact.
    """
    text = discovery.sidecar_beside(path)
    if not facts or text is None:
        return sidecar.text_of(**facts) if facts else text
    place = sidecar.name_of(path.name)
    there = sidecar.parse(text, place).facts
    for name in sorted(set(there) & set(facts)):
        if there[name] != facts[name]:
            message = (
                f"{path.name}: found {name} {facts[name]!r} as option and {there[name]!r} in {place}, expected both "
                "the same; leave the option out or correct the sidecar"
            )
            raise ReadError("sidecar_contradicts", message)
    added = {name: value for name, value in facts.items() if name not in there}
    return text.rstrip() + "\n" + sidecar.text_of(**added)


def _outcome(con: duckdb.DuckDBPyConnection, landed: Landed) -> Outcome:
    stands = con.execute(
        "select source_id, raw_table, physical_rows from raw.file where file_sha256 = ?", [landed.file_sha256]
    ).fetchall()
    if not stands:
        return Outcome(landed)
    ((source_id, raw_table, rows),) = stands
    taken = _count(con, f"raw.{raw_table}", landed.file_sha256) if raw_table else None
    return Outcome(landed, source_id, rows, taken, _count(con, "raw.reject", landed.file_sha256))


def _count(con: duckdb.DuckDBPyConnection, table: str, sha: str) -> int:
    return int(con.execute(f"select count(*) from {table} where file_sha256 = ?", [sha]).fetchall()[0][0])


def retry(con: duckdb.DuckDBPyConnection, paths: Paths, name: str = "") -> list[Change]:
    """Read files with problems again from the kept bytes, then build the quarantine again.

    Only files whose name contains `name` are read. All that a run would land is landed too, so a corrected sidecar or
    declaration takes effect here as in a run.

    Returns:
        The number of problems before and after, by file and reason.
    """
    before = _problems(con, name)
    landed = {file.file_sha256 for file in landing.land_all(con, paths) if file.status not in ("known", "")}
    for sha in [sha for sha in _shas(con, name) if sha not in landed]:
        landing.reread(con, sha, paths)
    build.build_all(con, ["core.quarantine"])
    after = _problems(con, name)
    return [Change(*key, before[key], after[key]) for key in sorted(before | after)]


PROBLEMS = """
select file_name, reason_code, count(*) from (
    select file_name, reason_code from raw.file where status = 'refused'
    union all
    select f.file_name, r.reason_code from raw.reject as r join raw.file as f using (file_sha256)
    {decided}
)
where contains(file_name, ?) group by all
"""
# Cells that core has quarantined beyond that, by its last build.
DECIDED = """
    union all
    select q.file_name, q.reason_code from core.quarantine as q
    where q.row_no is not null and not exists (
        select 1 from raw.reject as r
        where r.file_sha256 = q.file_sha256 and r.row_no = q.row_no and r.reason_code = q.reason_code
    )
"""


def _problems(con: duckdb.DuckDBPyConnection, name: str) -> Counter[tuple[str, str]]:
    """Count the problems (refused files, rejected lines, quarantined cells) by file and reason."""
    decided = DECIDED if writing.has_columns(con, tables()["core.quarantine"]) else ""
    rows = con.execute(PROBLEMS.format(decided=decided), [name]).fetchall()
    return Counter({(file, reason): count for file, reason, count in rows})


def _shas(con: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Hashes of the files that are refused or that have something in quarantine."""
    query = "select file_sha256 from raw.file where status = 'refused' and contains(file_name, $name)"
    if writing.has_columns(con, tables()["core.quarantine"]):
        query += (
            " union select f.file_sha256 from core.quarantine as q join raw.file as f using (file_sha256) "
            "where contains(f.file_name, $name)"
        )
    return sorted(sha for (sha,) in con.execute(query, {"name": name}).fetchall())


def withdraw(
    con: duckdb.DuckDBPyConnection, named: str, reason: str, day: dt.date, paths: Paths
) -> list[Landed]:
    """Withdraw one file. An archive is withdrawn with all its members.

    Args:
        con: the work database.
        named: the name of the file, or the first 8 or more characters of its hash.
        reason: why; the note beside the kept bytes shows it.
        day: the day of the withdrawal.
        paths: runtime folders.

    Raises:
        NotThere: no file, or more than one, has this name or hash.
    """
    is_hash = len(named) >= SHORTEST_HASH and set(named) <= set("0123456789abcdef")
    found = con.execute(
        "select file_sha256, file_name, status from raw.file where file_name = $named "
        "or ($is_hash and starts_with(file_sha256, $named)) order by sequence",
        {"named": named, "is_hash": is_hash},
    ).fetchall()
    if len(found) != 1:
        listed = "".join(f"\n  {sha}  {name}" for sha, name, _ in found)
        advice = (
            "name one by its hash"
            if found
            else "`zonescope sql 'select file_name from raw.file'` lists all names"
        )
        raise NotThere(
            f"{named}: found {len(found)} files of this name or hash, expected one; {advice}{listed}"
        )
    ((sha, name, status),) = found
    members = con.execute(
        "select file_sha256 from raw.file where starts_with(file_name, ?) order by sequence", [f"{name}!"]
    ).fetchall()
    taken = [sha, *(member for (member,) in members)] if status == "archive" else [sha]
    return [landing.withdraw(con, each, reason, day, paths) for each in taken]
