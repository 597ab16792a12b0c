"""Zone returns: the lists of the template, and the check of a filled return.

Belongs here: the content of the drop-down lists, the check of a return, the path of its marked copy. Does not belong here:
the workbook itself (workbook.py), the rules (warehouse/core). The check uses the same SQL that loads a return, in a
database of its own, so a check and a run always agree.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.database import build, connection, sql_text, writing
from pipelines.declarations.files import ROOT
from pipelines.declarations.sources import Source, sources
from pipelines.declarations.tables import tables
from pipelines.landing import land as landing
from pipelines.landing import raw_rows
from pipelines.publishing import generations
from pipelines.publishing import workbook as publishing_workbook
from pipelines.quoting import literal
from pipelines.readers import grid, kind, text
from pipelines.readers.text import ReadError
from pipelines.returns import workbook as return_workbook
from pipelines.returns.workbook import Finding, Label, Offer
from pipelines.settings import Paths

SOURCE_ID = "zone_return"
REGISTRY_ID = "zone_registry"
MAX_MARKED_BYTES = 20 * 1024 * 1024  # a larger workbook gets its list of errors without a copy
# The faulty text of a cell, by reason code. For all other reasons the value is at fault.
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


# Refused files, rejected lines and quarantined cells of a scratch database, in the order of the file.
FAULTS = """
with fault as (
    select '' as sheet, null as row_no, null as column_no, file_name as printed_text, reason_code, reason
    from raw.file where status = 'refused'
    union all
    select sheet, row_no, column_no, printed_text, reason_code, reason from raw.reject
    union all
    select sheet, row_no, column_no, printed_text, reason_code, reason
    from core.resolved_cell where outcome = 'quarantined'
)
select f.sheet, f.row_no, f.column_no, f.printed_text, f.reason_code, f.reason,
    coalesce(m.how_to_mend_zh || ' ' || m.how_to_mend, '') as how_to_mend
from fault as f
left join reference.reason as m using (reason_code)
order by all
"""


STANDING = "select schema_name, table_name from duckdb_tables()"
IMPLAUSIBLE = """
select sheet, row_no, column_no, printed_text, rule_id, d.reason
from core.implausible as d join core.resolved_cell using (file_sha256, sheet, row_no, column_no) order by all
"""


HIDDEN = """
select '' as sheet, null as row_no, null as column_no, file_name, 'hidden_not_loaded' as reason_code,
    'found hidden parts, which are not loaded: ' || hidden as reason,
    m.how_to_mend_zh || ' ' || m.how_to_mend as how_to_mend
from raw.file join reference.reason as m on m.reason_code = 'hidden_not_loaded'
where status = 'loaded' and hidden is not null
"""


class UnknownZone(Exception):
    """The registry does not have the zone."""


@dataclass(frozen=True)
class Checked:
    """The result of a check: how many figures a run would load, the findings, and the path of the marked copy."""

    loaded: int
    findings: list[Finding]
    copy: Path | None

    @property
    def errors(self) -> int:
        return sum(finding.severity == "error" for finding in self.findings)


def write_template(target: Path, paths: Paths, zone_code: str = "", year: int | None = None) -> None:
    """Write the empty template to a file."""
    publishing_workbook.write(target, template(paths, zone_code, year))


def template(paths: Paths, zone_code: str = "", year: int | None = None) -> bytes:
    """The template as bytes.

    Raises:
        UnknownZone: the registry does not have the zone; the message names similar ones.
    """
    with scratch(paths) as (con, _):
        offered = offer(con)
    zone = next((zone for zone in offered.zones if zone.split()[0] == zone_code), "")
    if zone_code and not zone:
        alike = [z for z in offered.zones if zone_code[:2] == z[:2] or zone_code in z]
        raise UnknownZone(
            f"found the zone code {zone_code!r}, expected one of the registry"
            + (
                f", such as {', '.join(alike[:5])}"
                if alike
                else "; `zonescope sql 'from core.zone'` lists all"
            )
        )
    return publishing_workbook.content(return_workbook.template(offered, zone, year))


def offer(con: duckdb.DuckDBPyConnection) -> Offer:
    """The content of the template: zones of the registry, declared labels with units and scopes, and declared texts."""
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
    """The declared labels in their order, each with its units and scopes."""
    meant = con.execute(
        "select l.printed_text, l.indicator_id, i.unit from reference.source_label as l "
        "join reference.indicator as i using (indicator_id) where l.source_id = ?",
        [SOURCE_ID],
    ).fetchall()
    units_of = {
        label: tuple(units[indicator if indicator in units else unit]) for label, indicator, unit in meant
    }
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
    """Open a temporary database with the code lists, the zones (published ones, or else embedded ones) and empty raw tables."""
    with tempfile.TemporaryDirectory(prefix="zonescope-") as folder:
        own = Paths(Path(folder))
        with connection.connect(own.work) as con:
            raw_rows.ensure_tables(con)
            _zones(con, paths, own)
            yield con, own


def _zones(con: duckdb.DuckDBPyConnection, paths: Paths, own: Paths) -> None:
    """Build core.zone as this installation knows it, and the other tables that a cell needs."""
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
    """Full names of the tables that exist."""
    return {f"{schema}.{name}" for schema, name in con.execute(STANDING).fetchall()}


def check(path: Path, paths: Paths) -> Checked:
    """Check a return as a run would read it. The warehouse does not change.

    If something is wrong, a marked copy is written.
    """
    content = path.read_bytes()
    with scratch(paths) as (con, own):
        landing.land(con, path, "inbox", own)
        fixed = [name for name in tables() if name.startswith("reference.")]
        build.build_all(con, ["core.observation"], keep=[*fixed, "core.zone"])
        findings = [*_faults(con), *_doubts(con), *_hidden(con)]
        loaded = writing.count(con, tables()["core.observation"])
    findings = _at_fault(findings, content, path.name)
    return Checked(loaded, findings, _copy(content, path.name, findings, paths))


def _faults(con: duckdb.DuckDBPyConnection) -> list[Finding]:
    return [Finding("error", *row) for row in con.execute(FAULTS).fetchall()]


def _doubts(con: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Warnings about figures that load: they differ much from others of the return, or break a rule for returns."""
    found = [Finding("warning", *(*row, "")) for row in con.execute(IMPLAUSIBLE).fetchall()]
    for rule in tables()["core.observation"].rules:
        if rule.name in FAULTY_TEXT:
            rows = con.execute(
                "select sheet, row_no, column_no, printed_text from "
                f"({sql_text.bare(rule.unexpected_rows).replace('{table}', 'core.observation')}) order by all"
            ).fetchall()
            found += [
                Finding("warning", sheet, row_no, column_no, printed_text, rule.name, rule.description, "")
                for sheet, row_no, column_no, printed_text in rows
            ]
    return found


def _hidden(con: duckdb.DuckDBPyConnection) -> list[Finding]:
    """A warning that names what is hidden in the workbook."""
    return [Finding("warning", *row) for row in con.execute(HIDDEN).fetchall()]


def _at_fault(findings: list[Finding], content: bytes, file_name: str) -> list[Finding]:
    """Give each finding the place and text of the faulty cell, because core knows the place of the value only."""
    sheets = _sheets(content, file_name)
    fields = {k: [v] if isinstance(v, str) else v for k, v in _source().options["fields"].items()}
    moved = []
    for finding in findings:
        names = fields.get(FAULTY_TEXT.get(finding.reason_code, ""), [])
        sheet = sheets.get(finding.sheet)
        header = grid.header(sheet)[0] if sheet and names else []
        columns = [header.index(name) for name in names if name in header]
        if finding.severity == "warning":
            columns = columns[:1]  # a warning is about the year, the first column of the period
        fields_of_row = sheet.fields(finding.row_no - 1) if sheet and finding.row_no else []
        cells = [(at + 1, fields_of_row[at]) for at in columns] if fields_of_row else []
        moved += [replace(finding, column_no=at, found=found) for at, found in cells] or [finding]
    return moved


def _sheets(content: bytes, file_name: str) -> dict[str, grid.Grid]:
    """The sheets of a file by name. Empty if the file cannot be read."""
    try:
        return {sheet.sheet: sheet for sheet in grid.grids(content, _source().encoding, file_name)}
    except ReadError:
        return {}


def _copy(content: bytes, file_name: str, findings: list[Finding], paths: Paths) -> Path | None:
    """Write the marked copy. If nothing is wrong any more, delete the old copy."""
    target = paths.returns / f"{Path(file_name).stem}.errors.xlsx"
    if not findings:
        target.unlink(missing_ok=True)
        return None
    whole = (
        kind.workbook(content) == "xlsx" and len(content) <= MAX_MARKED_BYTES and _sheets(content, file_name)
    )
    marked = return_workbook.annotated(content, findings) if whole else return_workbook.errors_only(findings)
    publishing_workbook.write(target, marked)
    return target


def _source() -> Source:
    return sources()[SOURCE_ID]
