"""The quarantine, listed and exported: filters, hostile text, read-only."""

from __future__ import annotations

import csv
import io
import shutil

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from pipelines import settings
from pipelines.cli import app as cli
from pipelines.cli import console as cli_console
from pipelines.database import connection
from pipelines.publishing import generations, quarantine, workbook
from tests.helpers.excel import xlsx
from tests.helpers.worlds import RESOLVED, build_all, copy_of, query

FIGURES = "area_code,area_name,admin_level,year,period,indicator,value,unit,status,scope_note,source,quote,known_from\n"
HOSTILE = ['=HYPERLINK("http://x")', "+1+cmd", "-2+3", "@SUM(1)", "[bold]x[/bold]", "'quoted", "<b>&amp;"]


@pytest.fixture(scope="module")
def published(cut, tmp_path_factory) -> settings.Paths:
    """A warehouse with hostile texts in quarantine, and a file of hostile name refused."""
    paths = settings.Paths(tmp_path_factory.mktemp("quarantine"))
    shutil.copytree(cut.root, paths.root, dirs_exist_ok=True)
    paths.inbox.mkdir()
    rows = [
        f'510100,成都市,city,2022,annual,GDP,"{text.replace(chr(34), chr(34) * 2)}",亿元,seen,,,,\n'
        for text in HOSTILE
    ]
    (paths.inbox / "zone_figures_hostile.csv").write_text(FIGURES + "".join(rows), encoding="utf-8")
    (paths.inbox / "=cmd [red]x[b] 甲.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (paths.inbox / "zone_figures_sheet.xlsx").write_bytes(
        xlsx(
            {
                "=1+1": [
                    FIGURES.strip().split(","),
                    ["", "无此市", "", 2022, "annual", "GDP", 5, "亿元", "seen", "", "", "", ""],
                ]
            }
        )
    )
    build_all(paths, RESOLVED)
    generations.publish(paths)
    return paths


@pytest.fixture
def run(published, monkeypatch):
    monkeypatch.setenv("ZONESCOPE_DATA", str(published.root))
    monkeypatch.setattr(cli_console.console, "width", 400)
    return lambda *words: CliRunner().invoke(cli.app, ["quarantine", *words])


def rows(published, **filters) -> list[tuple]:
    with connection.connect(generations.current(published).database, read_only=True) as con:
        return quarantine.items(con, **filters)


def test_all_in_quarantine_is_counted_and_texts_are_shown_as_they_are(run, published):
    done = run()
    assert done.exit_code == 0 and f"{len(rows(published)):,} in quarantine" in done.output
    assert all(text in done.output for text in HOSTILE) and "=cmd [red]x[b] 甲.csv" in done.output


def test_filters_narrow_and_the_limit_cuts_what_is_shown_only(run, published):
    assert len(rows(published, file="HOSTILE")) == len(HOSTILE)
    assert {row[6] for row in rows(published, reason="unknown_area")} == {"unknown_area"}
    assert {row[0] for row in rows(published, source="zone_figures")} == {"zone_figures"}
    done = run("--file", "hostile", "--limit", "2")
    assert (
        f"{len(HOSTILE)} in quarantine, 2 shown" in done.output
        and HOSTILE[1] in done.output
        and HOSTILE[2] not in done.output
    )
    assert "0 in quarantine, 0 shown" in run("--reason", "no_such_reason").output


def test_the_export_has_every_item_as_text_with_what_mends_it(run, published, tmp_path):
    target = tmp_path / "out.xlsx"
    assert run("export", str(target)).exit_code == 0
    book = load_workbook(target)
    assert book.sheetnames == ["quarantine", "faults"] and book["quarantine"].freeze_panes == "A2"
    expected = rows(published)
    cells = list(book["quarantine"].iter_rows(min_row=2))
    assert [tuple(cell.value for cell in line) for line in cells] == [
        tuple(v or None for v in row) for row in expected
    ]
    texts = [cell for line in cells for cell in line if isinstance(cell.value, str)]
    assert all(cell.data_type == "s" for cell in texts) and b"<f>" not in target.read_bytes()
    risky = [cell for cell in texts if cell.value.startswith(("=", "+", "-", "@"))]
    assert len(risky) >= 6 and all(cell.quotePrefix for cell in risky)
    assert all(line[8].value and line[9].value for line in cells)
    faults = list(book["faults"].iter_rows(min_row=2, values_only=True))
    assert sum(line[2] for line in faults) == len(expected)


def test_one_fault_is_one_group_however_many_items_have_it(run, paths, published):
    copy_of(published, paths.root)
    rows = [f"510100,成都市,city,{year},annual,No such label,5,亿元,seen,,,,\n" for year in range(1950, 2020)]
    (paths.inbox / "zone_figures_label.csv").write_text(FIGURES + "".join(rows), encoding="utf-8")
    build_all(paths, RESOLVED)
    ((items, files, place, examples),) = query(
        paths,
        "select items, files, first_place, examples from core.quarantine_group where fault like '%No such label%'",
    )
    assert (items, files, place, examples) == (70, 1, "zone_figures_label.csv, row 2, column 7", "5")


def test_a_csv_keeps_texts_from_being_formulas(run, published, tmp_path):
    target = tmp_path / "out.csv"
    assert run("export", str(target), "--file", "hostile").exit_code == 0
    lines = list(csv.reader(io.StringIO(target.read_text(encoding="utf-8-sig"))))
    assert lines[0] == quarantine.COLUMNS and len(lines) == len(HOSTILE) + 1
    assert not [cell for line in lines for cell in line if cell.startswith(workbook.FORMULA_STARTS)]
    assert {line[5].removeprefix("'") for line in lines[1:]} == {text.removeprefix("'") for text in HOSTILE}


def test_the_same_quarantine_gives_the_same_bytes(run, tmp_path):
    run("export", str(tmp_path / "a.xlsx"))
    run("export", str(tmp_path / "b.xlsx"))
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


@pytest.mark.parametrize("text", ["a\x00b", "a\x0bb", "\x1f", "x" * 40_000, "\ud800", "\tx", "\rx"])
def test_text_that_a_workbook_cannot_hold_is_written_as_escapes(text):
    book = workbook.Workbook()
    workbook.put(book.active["A1"], text)
    value = load_workbook(io.BytesIO(workbook.content(book))).active["A1"].value
    assert value and len(value) <= workbook.MAX_TEXT and "\x00" not in value
