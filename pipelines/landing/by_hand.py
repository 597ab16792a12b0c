"""Files by hand: land them now, read held ones again, take one out.

Belongs here: what a command does with the work database outside a run, under the lock that keeps runs out. Does not
belong here: how a file is landed (land.py), marts and publishing (a run), what is printed (cli/).
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
    """A path or a file that was named does not exist, or stands for several."""


@dataclass(frozen=True)
class Outcome:
    """What became of a file, with what the raw tables hold of it."""

    landed: Landed
    source_id: str | None = None
    rows: int | None = None
    taken: int | None = None
    rejected: int | None = None


@dataclass(frozen=True)
class Change:
    """Items of one reason that are held of one file, before and after they were read again."""

    file_name: str
    reason_code: str
    before: int
    after: int


@contextmanager
def work(paths: Paths, say: Callable[[str], None], what: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The work database with its raw tables, while no run is under way."""
    with run_lock.hold(paths.run_lock, say, what):
        recovery.ensure(paths, say)
        with connection.connect(paths.work) as con:
            raw_rows.ensure_tables(con)
            yield con


def files_of(given: list[Path]) -> list[Path]:
    """Data files of paths, folders with all below them; each once. Raises NotThere."""
    missing = [str(path) for path in given if not path.exists()]
    if missing:
        raise NotThere(f"found no such file or folder: {', '.join(missing)}")
    found: dict[Path, None] = {}
    for path in given:
        if path.is_dir():
            found |= dict.fromkeys(discovery.data_files(path) + _alone_in(path))
        else:
            named = discovery.data_file_of(path) if discovery.is_sidecar(path) else path
            found[named if named.exists() else path] = None
    return list(found)


def _alone_in(folder: Path) -> list[Path]:
    return [path for path in discovery.sidecars(folder) if not discovery.data_file_of(path).exists()]


def checked(**facts: str) -> dict[str, str]:
    """Facts that options state, if a sidecar could state them. Raises ReadError."""
    stated = sidecar.parse(sidecar.text_of(**facts), "options").facts
    if stated.get("source", "") and stated["source"] not in sources():
        message = f"found the source {stated['source']!r}, expected one of {sorted(sources())}"
        raise ReadError("bad_sidecar", message)
    return stated


def land(con: duckdb.DuckDBPyConnection, path: Path, facts: dict[str, str], paths: Paths) -> list[Outcome]:
    """Land one file with the facts that its sidecar and the options state; a withdrawn file comes back."""
    if discovery.is_sidecar(path):
        return [Outcome(Landed(path.name, "", "alone", discovery.message_alone(path)))]
    try:
        text = _with_options(path, facts)
    except (ReadError, Unreadable) as error:
        return [Outcome(Landed(path.name, "", "refused", str(error)))]
    landed = landing.land(con, path, ORIGIN, paths, sidecar_text=text, again=True)
    return [_outcome(con, file) for file in landed]


def _with_options(path: Path, facts: dict[str, str]) -> str | None:
    """Text of the file's sidecar with what the options add. Raises ReadError where the two differ."""
    text = discovery.sidecar_beside(path)
    if not facts or text is None:
        return sidecar.text_of(**facts) if facts else text
    place = sidecar.name_of(path.name)
    there = sidecar.parse(text, place).facts
    for name in sorted(set(there) & set(facts)):
        if there[name] != facts[name]:
            message = f"found {name} {facts[name]!r} as option and {there[name]!r} in {place}"
            raise ReadError("sidecar_contradicts", f"{path.name}: {message}, expected both the same")
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
    return con.execute(f"select count(*) from {table} where file_sha256 = ?", [sha]).fetchall()[0][0]


def retry(con: duckdb.DuckDBPyConnection, paths: Paths, name: str = "") -> list[Change]:
    """Read kept bytes of held files again and decide anew what core holds; files whose name has `name` in it.

    Also lands what a run would: a corrected sidecar or declaration takes effect here as it would there.
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
# What core holds beyond that, as it last decided.
DECIDED = """
    union all
    select q.file_name, q.reason_code from core.quarantine as q
    where q.row_no is not null and not exists (
        select 1 from raw.reject as r
        where r.file_sha256 = q.file_sha256 and r.row_no = q.row_no and r.reason_code = q.reason_code
    )
"""


def _problems(con: duckdb.DuckDBPyConnection, name: str) -> Counter[tuple[str, str]]:
    """Held items by file and reason."""
    decided = DECIDED if writing.has_columns(con, tables()["core.quarantine"]) else ""
    rows = con.execute(PROBLEMS.format(decided=decided), [name]).fetchall()
    return Counter({(file, reason): count for file, reason, count in rows})


def _shas(con: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Files that are refused or of which something is held."""
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
    """Take a file out, an archive with its members; `named` is its name or the beginning of its hash.

    Raises NotThere where nothing, or more than one file, is named so.
    """
    is_hash = len(named) >= SHORTEST_HASH and set(named) <= set("0123456789abcdef")
    found = con.execute(
        "select file_sha256, file_name, status from raw.file where file_name = $named "
        "or ($is_hash and starts_with(file_sha256, $named)) order by sequence",
        {"named": named, "is_hash": is_hash},
    ).fetchall()
    if len(found) != 1:
        listed = "".join(f"\n  {sha}  {name}" for sha, name, _ in found)
        raise NotThere(f"{named}: found {len(found)} files of this name or hash, expected one{listed}")
    ((sha, name, status),) = found
    members = con.execute(
        "select file_sha256 from raw.file where starts_with(file_name, ?) order by sequence", [f"{name}!"]
    ).fetchall()
    taken = [sha, *(member for (member,) in members)] if status == "archive" else [sha]
    return [landing.withdraw(con, each, reason, day, paths) for each in taken]
