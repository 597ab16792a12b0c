"""Zone returns: what their template offers, and what is wrong with a filled one.

Belongs here: the offer of the drop-down lists, the check of a return, where its marked copy goes. Does not belong
here: the workbook itself (workbook.py), the rules (warehouse/core: a return is checked by the very SQL that
loads it, in a database of its own, so that a check and a run cannot disagree).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.database import build, connection, writing
from pipelines.declarations.files import ROOT
from pipelines.declarations.sources import Source, sources
from pipelines.declarations.tables import tables
from pipelines.landing import land as landing
from pipelines.landing import raw_rows
from pipelines.publishing import generations
from pipelines.publishing import workbook as publishing_workbook
from pipelines.quoting import literal
from pipelines.readers import grid, text, workbook
from pipelines.readers.text import ReadError
from pipelines.returns import workbook as return_workbook
from pipelines.returns.workbook import Finding, Label, Offer
from pipelines.settings import Paths

SOURCE_ID = "zone_return"
REGISTRY_ID = "zone_registry"
MAX_MARKED_BYTES = 20 * 1024 * 1024  # a larger workbook gets its list of errors without a copy
# The text of a cell that is at fault, by reason; all others are faults of the value.
FAULTY_TEXT = {
    "unknown_area": "area_code_text",
    "ambiguous_area": "area_code_text",
    "code_and_name_differ": "area_code_text",
    "not_a_zone": "area_code_text",
    "unknown_indicator": "indicator_text",
    "unknown_period": "period_text",
    "return_outside_zone": "period_text",
    "return_ahead_of_its_day": "period_text",
    "not_a_date": "known_from_text",
    "unknown_scope": "scope_text",
    "unknown_unit": "unit_text",
    "unit_of_other_kind": "unit_text",
    "unknown_status": "status_text",
}


# What is held of the files of a scratch database, in the order of the file.
FAULTS = """
with held as (
    select '' as sheet, null as row_no, null as column_no, file_name as printed_text, reason_code, reason
    from raw.file where status = 'refused'
    union all
    select sheet, row_no, column_no, printed_text, reason_code, reason from raw.reject
    union all
    select sheet, row_no, column_no, printed_text, reason_code, reason
    from core.resolved_cell where outcome = 'quarantined'
)
select h.sheet, h.row_no, h.column_no, h.printed_text, h.reason_code, h.reason,
    coalesce(m.how_to_mend_zh || ' ' || m.how_to_mend, '') as how_to_mend
from held as h
left join reference.reason as m using (reason_code)
order by all
"""


STANDING = "select schema_name, table_name from duckdb_tables()"
IMPLAUSIBLE = """
select sheet, row_no, column_no, printed_text, rule_id, d.reason
from core.implausible as d join core.resolved_cell using (file_sha256, sheet, row_no, column_no) order by all
"""


class UnknownZone(Exception):
    """The registry has no such zone."""


@dataclass(frozen=True)
class Checked:
    """Outcome of a check: figures that a run would load, what is wrong, and where the marked copy lies."""

    loaded: int
    findings: list[Finding]
    copy: Path | None

    @property
    def errors(self) -> int:
        return sum(finding.severity == "error" for finding in self.findings)


def write_template(target: Path, paths: Paths, zone_code: str = "", year: int | None = None) -> None:
    """Write the template to a file."""
    publishing_workbook.write(target, template(paths, zone_code, year))


def template(paths: Paths, zone_code: str = "", year: int | None = None) -> bytes:
    """The template as bytes. Raises UnknownZone, naming the zones nearest by name."""
    with scratch(paths) as (con, _):
        offered = offer(con)
    zone = next((zone for zone in offered.zones if zone.split()[0] == zone_code), "")
    if zone_code and not zone:
        alike = [z for z in offered.zones if zone_code[:2] == z[:2] or zone_code in z]
        raise UnknownZone(
            f"found the zone code {zone_code!r}, expected one of the registry, such as {alike[:5]}"
        )
    return publishing_workbook.content(return_workbook.template(offered, zone, year))


def offer(con: duckdb.DuckDBPyConnection) -> Offer:
    """What the template offers: zones of the registry, declared labels, their units and scopes, declared words."""
    source = _source()
    declared = source.options["template"]
    notes = source.options["note_sheets"]
    fields = {k: [v] if isinstance(v, str) else v for k, v in source.options["fields"].items()}
    zones = con.execute(
        "select zone_code || ' ' || zone_name_zh from core.zone order by zone_code"
    ).fetchall()
    return Offer(
        columns=fields,
        sheets=dict(
            zip(
                ("entry", "instructions", "lists", "units", "scopes"),
                [declared["entry_sheet"], *notes],
                strict=False,
            )
        ),
        zones=tuple(zone for (zone,) in zones),
        labels=_labels(con, declared["units"]),
        periods=tuple(declared["periods"]),
        statuses=tuple(declared["statuses"]),
        years=tuple(declared["years"]),
        instructions=tuple(map(tuple, declared["instructions"])),
        entry_rows=declared["entry_rows"],
    )


def _labels(con: duckdb.DuckDBPyConnection, units: dict[str, list[str]]) -> tuple[Label, ...]:
    """Declared labels in their order, each with the units of it or of its kind and the scopes declared for it."""
    meant = con.execute(
        "select l.printed_text, l.indicator_id, i.unit from reference.source_label as l "
        "join reference.indicator as i using (indicator_id) where l.source_id = ?",
        [SOURCE_ID],
    ).fetchall()
    units_of = {label: tuple(units.get(indicator, units.get(unit))) for label, indicator, unit in meant}
    scopes = con.execute(
        "select printed_text, scope_text from reference.source_scope_note where source_id = ? order by all",
        [SOURCE_ID],
    ).fetchall()
    return tuple(
        Label(name, units_of[name], tuple(scope for label, scope in scopes if label == name))
        for name in text.declared_labels(_source())
    )


@contextmanager
def scratch(paths: Paths) -> Iterator[tuple[duckdb.DuckDBPyConnection, Paths]]:
    """A database of its own with the code lists, the zones (as published, else as embedded) and empty raw tables."""
    with tempfile.TemporaryDirectory(prefix="zonescope-") as folder:
        own = Paths(Path(folder))
        with connection.connect(own.work) as con:
            raw_rows.ensure_tables(con)
            _zones(con, paths, own)
            yield con, own


def _zones(con: duckdb.DuckDBPyConnection, paths: Paths, own: Paths) -> None:
    """core.zone as this installation knows it, and all else that resolves a cell."""
    try:
        published = literal(generations.current(paths).database)
    except generations.NothingPublished:
        for path in sorted((ROOT / "sources" / REGISTRY_ID / "data").glob("*")):
            landing.land(con, path, "embedded", own)
        build.build_all(con, ["core.zone"])
    else:
        con.execute(f"attach {published} as published (read_only)")
        con.execute("create table core.zone as select * from published.core.zone")
        con.execute("detach published")
    build.build_all(con, ["core.observation", "reference.reason"], keep=_standing(con))


def _standing(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Full names of the tables that are there."""
    return {f"{schema}.{name}" for schema, name in con.execute(STANDING).fetchall()}


def check(path: Path, paths: Paths) -> Checked:
    """What a run would make of a return: nothing of the warehouse is touched; a marked copy if something is wrong."""
    content = path.read_bytes()
    with scratch(paths) as (con, own):
        landing.land(con, path, "inbox", own)
        fixed = [name for name in tables() if name.startswith("reference.")]
        build.build_all(con, ["core.observation"], keep=[*fixed, "core.zone"])
        findings = [*_faults(con), *_doubts(con)]
        loaded = writing.count(con, tables()["core.observation"])
    findings = _at_fault(findings, content, path.name)
    return Checked(loaded, findings, _copy(content, path.name, findings, paths))


def _faults(con: duckdb.DuckDBPyConnection) -> list[Finding]:
    return [Finding("error", *row) for row in con.execute(FAULTS).fetchall()]


def _doubts(con: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Figures that are loaded and yet doubted: beside others of the return, or by what core.observation says of returns."""
    found = [Finding("warning", *row, "") for row in con.execute(IMPLAUSIBLE).fetchall()]
    for rule in tables()["core.observation"].rules:
        if rule.name in FAULTY_TEXT:
            rows = con.execute(
                "select sheet, row_no, column_no, printed_text from "
                f"({rule.unexpected_rows.replace('{table}', 'core.observation')}) order by all"
            ).fetchall()
            found += [Finding("warning", *row, rule.name, rule.description, "") for row in rows]
    return found


def _at_fault(findings: list[Finding], content: bytes, file_name: str) -> list[Finding]:
    """Findings with the cells that are at fault, and their text: core knows the place of the value only."""
    sheets = _sheets(content, file_name)
    fields = {k: [v] if isinstance(v, str) else v for k, v in _source().options["fields"].items()}
    moved = []
    for finding in findings:
        names = fields.get(FAULTY_TEXT.get(finding.reason_code, ""), [])
        sheet = sheets.get(finding.sheet)
        header = grid.header(sheet)[0] if sheet and names else []
        columns = [header.index(name) for name in names if name in header]
        if finding.severity == "warning":
            columns = columns[:1]  # the doubts are about the year, the first column of the period
        cells = [(at + 1, sheet.fields(finding.row_no - 1)[at]) for at in columns]
        moved += [replace(finding, column_no=at, found=found) for at, found in cells] or [finding]
    return moved


def _sheets(content: bytes, file_name: str) -> dict[str, grid.Grid]:
    """The sheets of a file by name; none of one that cannot be read."""
    try:
        return {sheet.sheet: sheet for sheet in grid.grids(content, _source().encoding, file_name)}
    except ReadError:
        return {}


def _copy(content: bytes, file_name: str, findings: list[Finding], paths: Paths) -> Path | None:
    """Write the marked copy, or take a stale one away where nothing is wrong any more."""
    target = paths.returns / f"{Path(file_name).stem}.errors.xlsx"
    if not findings:
        target.unlink(missing_ok=True)
        return None
    whole = (
        workbook.kind(content) == "xlsx" and len(content) <= MAX_MARKED_BYTES and _sheets(content, file_name)
    )
    marked = return_workbook.annotated(content, findings) if whole else return_workbook.errors_only(findings)
    publishing_workbook.write(target, marked)
    return target


def _source() -> Source:
    return sources()[SOURCE_ID]
