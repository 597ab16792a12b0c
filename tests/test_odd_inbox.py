"""An inbox full of odd files at once: nothing crashes, nothing is lost, no contract breaks, everything else goes on."""

from __future__ import annotations

import os

import pytest

from pipelines import settings
from pipelines.database import checks, connection, writing
from pipelines.declarations.files import ROOT
from pipelines.declarations.tables import tables
from pipelines.landing import discovery, recognition
from pipelines.landing import land as landing
from tests.helpers.small_files import FIGURES, GOOD_FIGURE
from tests.helpers.worlds import RESOLVED, build_all, query


def embedded(pattern: str) -> bytes:
    return next((ROOT / "sources").glob(pattern)).read_bytes()


def figure(value: str, **changes: str) -> str:
    line = GOOD_FIGURE.replace("2081.75", value)
    for old, new in changes.items():
        line = line.replace(old, new)
    return line


REGISTRY = embedded("zone_registry/data/zones.csv").decode()
ZONE = REGISTRY.splitlines()[1]
TRADE = embedded("customs_query/data/*import*")

ODD: dict[str, bytes | str] = {
    "zone_figures_line_break.csv": FIGURES + GOOD_FIGURE.replace("a sentence", '"two\nlines"'),
    "zone_figures_wide.csv": FIGURES + GOOD_FIGURE.rstrip("\n") + ",surplus\n" + GOOD_FIGURE,
    "zone_figures_surplus_header.csv": FIGURES.rstrip("\n") + ",extra\n" + GOOD_FIGURE.rstrip("\n") + ",what\n",
    "zone_figures_numbers.csv": FIGURES
    + "".join(figure(v) for v in ("1e305", "1_000", '"1，5"', "１２３", "--", "#REF!", '"1,2,3"', "0x10")),
    "zone_figures_years.csv": FIGURES + figure("1").replace("2022", "0000") + figure("1").replace("2022", "9999"),
    "zone_figures_dates.csv": FIGURES + figure("1").replace("sentence,", "sentence,20260101"),
    "zone_figures_twice.csv": FIGURES + figure("1") + figure("2"),
    "zone_figures_[/x].csv": FIGURES.replace("unit", "[/x]") + GOOD_FIGURE,
    "zone_figures_<script>.csv": FIGURES + figure("1").replace("a sentence", "<script>alert(1)</script>"),
    "zone_figures_nul.csv": FIGURES.encode() + b"510100,\x00,city\n",
    "bom_only.csv": b"\xef\xbb\xbf",
    "export_2025-13-45.csv": embedded("nbs_province_gdp/data/*").replace(b"17931.3", b"17931.4"),
    "customs_2025_import.csv": TRADE.replace(b'"639,240,426"', b'"-5"').replace(b'"16,536,067,327"', b'"inf"'),
    "customs_2026_import.csv": TRADE.replace(b'"159525200"', b'"nan"'),
}  # fmt: skip


@pytest.fixture(params=[RESOLVED, pytest.param(None, marks=pytest.mark.slow)], ids=["resolved", "all tables"])
def odd(stocked, request) -> settings.Paths:
    """A data folder after one run over all odd files: as far as the accounting, and through to the last mart."""
    for name, content in ODD.items():
        (stocked.inbox / name.replace("/", "∕")).write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )
    (stocked.inbox / "a folder.csv").mkdir()
    os.symlink("/nowhere", stocked.inbox / "broken link.csv")
    with open(os.fsencode(stocked.inbox) + b"/zone_figures_\xff.csv", "w", encoding="utf-8") as handle:
        handle.write(FIGURES + figure("7"))
    build_all(stocked, request.param)
    return stocked


def test_odd_files_break_no_contract_and_lose_nothing(odd):
    with connection.connect(odd.work) as con:
        made = [t for t in tables().values() if writing.has_columns(con, t)]
        assert {*RESOLVED} <= {t.full_name for t in made}
        for table in (t for t in made if t.schema_name != "reference"):  # those know no inbox
            broken = [
                o for o in checks.validate(con, table) if not o.passed and o.promise.severity == "error"
            ]
            assert not broken, f"{table.full_name}: {broken}"
    assert query(odd, "select count(*) from raw.file where origin = 'inbox'") == [(len(ODD) + 1,)]
    held = "select printed_text from core.quarantine where file_name = 'zone_figures_numbers.csv'"
    assert len(query(odd, held)) == 6  # full-width digits are digits, and -- is a sign for no figure
    reasons = dict(query(odd, "select file_name, min(reason_code) from core.quarantine group by 1"))
    assert reasons["zone_figures_dates.csv"] == "not_a_date"
    assert reasons["zone_figures_years.csv"] == "unknown_period"
    assert reasons["export_2025-13-45.csv"] == "no_vintage"
    assert reasons["customs_2025_import.csv"] == reasons["customs_2026_import.csv"] == "not_a_number"
    assert query(odd, "select obs_status, conflict_count from core.observation_latest where area_code = '510100' and "
                 "indicator_id = 'gdp' and time_period = '2022' and conflict_count > 1") in ([], [("S", 2)])  # fmt: skip
    assert query(odd, "select quote from core.observation where quote like 'two%'") == [("two\nlines",)]


def test_a_short_registry_amends_and_never_shrinks(stocked):
    changed = ZONE.replace("Hangzhou", "Hangchow", 1)
    bad = ZONE.replace("330100", "999999", 1)
    twice = changed.replace("Hangchow", "Hangkow", 1)
    lines = [REGISTRY.splitlines()[0], changed, bad, twice]
    (stocked.inbox / "zones.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    build_all(stocked, RESOLVED)
    assert query(stocked, "select count(*) from core.zone") == [(len(REGISTRY.splitlines()) - 1,)]
    assert query(stocked, "select zone_name_en from core.zone where zone_code = '330100'") == [("Hangchow",)]
    held = query(
        stocked,
        "select row_no, reason from core.quarantine where reason_code = 'invalid_registry_record' order by 1",
    )
    assert [row[0] for row in held] == [3, 4] and "999999" in held[0][1] and "again" in held[1][1]
    assert query(stocked, "select count(*) from mart.file_accounting where unaccounted <> 0") == [(0,)]


def test_a_refused_file_lands_once_it_is_renamed(stocked):
    (stocked.inbox / "customs_2024.csv").write_bytes(TRADE.replace(b'"202401"', b'"202402"', 1))
    build_all(stocked, RESOLVED)
    (stocked.inbox / "customs_2024.csv").rename(stocked.inbox / "customs_2024_import.csv")
    assert [f.status for f in build_all(stocked, RESOLVED) if f.file_name == "customs_2024_import.csv"] == [
        "loaded"
    ]
    assert query(stocked, "select count(*) from raw.file where status = 'refused'") == [(0,)]


def test_a_changed_contract_refills_the_raw_tables_also_from_files_that_are_gone(stocked):
    (stocked.inbox / "zone_figures_mine.csv").write_text(FIGURES + figure("77.125"), encoding="utf-8")
    build_all(stocked, RESOLVED)
    order = query(stocked, "select file_sha256, sequence from raw.file order by 1")
    (stocked.inbox / "zone_figures_mine.csv").unlink()
    with connection.connect(stocked.work) as con:
        con.execute("alter table raw.file drop column reason")
    build_all(stocked, RESOLVED)
    assert query(stocked, "select file_sha256, sequence from raw.file order by 1") == order
    assert query(stocked, "select count(*) from core.observation where printed_text = '77.125'") == [(1,)]


def test_a_changed_declaration_makes_kept_files_be_read_again(stocked, monkeypatch):
    recognition.fingerprint.cache_clear()
    monkeypatch.setattr(discovery, "ROOT", stocked.root)
    monkeypatch.setattr(recognition, "ROOT", stocked.root)
    with connection.connect(stocked.work) as con:
        again = landing.land_all(con, stocked)
    recognition.fingerprint.cache_clear()
    assert {file.status for file in again} == {"loaded"} and len(again) == len(
        list((ROOT / "sources").glob("*/data/*"))
    )


def test_an_unreadable_file_is_named_and_the_rest_goes_on(paths, monkeypatch):
    (paths.inbox / "zone_figures_mine.csv").write_text(FIGURES + GOOD_FIGURE, encoding="utf-8")
    real = type(paths.inbox).open

    def refuse(path, *args, **options):
        if path.parent == paths.inbox:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(type(paths.inbox), "open", refuse)
    with connection.connect(paths.work) as con:
        landed = landing.land_all(con, paths)
    assert [f.reason for f in landed if f.status == "unreadable"] == [
        "zone_figures_mine.csv: Permission denied"
    ]
    assert sum(f.status == "loaded" for f in landed) == len(list((ROOT / "sources").glob("*/data/*")))
