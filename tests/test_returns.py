"""Zone returns: what the template offers is accepted, what is wrong is found in its cell, the user's file stays his."""

from __future__ import annotations

import csv
import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from pipelines import settings
from pipelines.cli import app as cli
from pipelines.database import build, connection
from pipelines.declarations.files import ROOT
from pipelines.declarations.sources import sources
from pipelines.declarations.tables import tables
from pipelines.landing import by_hand
from pipelines.landing import land as landing
from pipelines.publishing import generations
from pipelines.readers import detect as readers
from pipelines.readers import workbook
from pipelines.readers.text import ReadError
from pipelines.returns import check as returns
from pipelines.returns import workbook as return_workbook
from tests.helpers.effort import examples
from tests.helpers.nbs import adds_up
from tests.helpers.worlds import RESOLVED, build_all, copy_of

SOURCE = sources()["zone_return"]
FIELDS = {k: [v] if isinstance(v, str) else v for k, v in SOURCE.options["fields"].items()}
HEADER = [name for names in FIELDS.values() for name in names]
AT = {name: index for index, name in enumerate(HEADER)}
YEAR, PERIOD = FIELDS["period_text"]
ZONE, INDICATOR = FIELDS["area_code_text"][0], FIELDS["indicator_text"][0]
VALUE, UNIT, STATUS = FIELDS["value_text"][0], FIELDS["unit_text"][0], FIELDS["status_text"][0]
SCOPE, KNOWN, NOTE = FIELDS["scope_text"][0], FIELDS["known_from_text"][0], FIELDS["quote_text"][0]
ENTRY = SOURCE.options["template"]["entry_sheet"]


@pytest.fixture(scope="module", autouse=True)
def scratch_made_once(tmp_path_factory) -> Iterator[None]:
    """Where nothing was published, the scratch database of every check has the same content: it is made once and copied."""
    made, real = settings.Paths(tmp_path_factory.mktemp("scratch")), returns.scratch
    with real(made) as (con, own):
        con.execute("checkpoint")
        shutil.copytree(own.root, made.root, dirs_exist_ok=True)

    @contextmanager
    def scratch(paths: settings.Paths) -> Iterator:
        if paths.published.exists():
            with real(paths) as found:
                yield found
        else:
            with tempfile.TemporaryDirectory() as folder:
                own = copy_of(made, Path(folder))
                with connection.connect(own.work) as con:
                    yield con, own

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(returns, "scratch", scratch)
        yield


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> settings.Paths:
    """A data folder in which nothing was published."""
    return settings.Paths(tmp_path_factory.mktemp("returns"))


@pytest.fixture(scope="module")
def empty(own) -> bytes:
    return returns.template(own, "330100", 2024)


@pytest.fixture(scope="module")
def unfilled(own) -> bytes:
    return returns.template(own)


@cache
def offered(content: bytes) -> dict[str, list[str]]:
    """Values of each drop-down list whose range is fixed, read off the workbook's own validation rules."""
    book = load_workbook(io.BytesIO(content))
    lists = {}
    for rule in book[ENTRY].data_validations.dataValidation:
        match = re.fullmatch(r"'(.+)'!\$(\w)\$(\d+):\$\w\$(\d+)", rule.formula1)
        if rule.type == "list" and match:
            sheet, letter, first, last = match.groups()
            cells = book[sheet][f"{letter}{first}:{letter}{last}"]
            column = book[ENTRY][f"{str(rule.sqref)[0]}1"].value
            lists[column] = [cell.value for (cell,) in cells]
    return lists


@cache
def offered_for(content: bytes, column: str) -> dict[str, list[str]]:
    """Values that the list of a column offers for each indicator, as the rule's OFFSET reads them."""
    book = load_workbook(io.BytesIO(content))
    rule = next(
        r
        for r in book[ENTRY].data_validations.dataValidation
        if book[ENTRY][f"{str(r.sqref)[0]}1"].value == column
    )
    sheet = re.match(r"OFFSET\('(.+?)'!\$C\$1,", rule.formula1)[1]
    rows = book[sheet].iter_rows(min_row=2, values_only=True)
    return {row[0]: list(row[2 : 2 + row[1]]) for row in rows}


def row(**given: object) -> list[object]:
    """A sound row, with some of its cells changed."""
    sound = {
        ZONE: "330100 杭州市",
        INDICATOR: "跨境电商进出口额 CBEC imports and exports",
        YEAR: 2024,
        PERIOD: "全年 annual",
        VALUE: 100,
        UNIT: "亿元",
        STATUS: "A 实际数 actual",
    } | given
    return [sound.get(name) for name in HEADER]


def as_csv(rows: list[list[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([HEADER, *rows])
    return out.getvalue().encode("utf-8-sig")


def filled(content: bytes, rows: list[list[object]]) -> bytes:
    """The template with these rows typed in from row 2 on."""
    book = load_workbook(io.BytesIO(content))
    for row_no, cells in enumerate(rows, start=2):
        for column, value in enumerate(cells, start=1):
            book[ENTRY].cell(row_no, column).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def figure_rows(content: bytes, name: str = "zone_return_2024.xlsx") -> readers.Reading:
    """A return as the reader gives it."""
    return readers.read(content, SOURCE, name)


def check(own: settings.Paths, folder: Path, content: bytes, name: str = "zone_return_2024.xlsx"):
    path = folder / name
    path.write_bytes(content)
    return returns.check(path, own)


def test_the_same_template_has_the_same_bytes(own, empty):
    assert returns.template(own, "330100", 2024) == empty
    assert returns.template(own, "330100", 2023) != empty


def test_the_template_has_a_frozen_header_lists_and_hidden_sheets(empty):
    book = load_workbook(io.BytesIO(empty))
    entry = book[ENTRY]
    assert book.sheetnames[0] == ENTRY and entry.freeze_panes == "A2"
    assert [cell.value for cell in entry[1]] == HEADER
    assert {sheet.title for sheet in book if sheet.sheet_state == "hidden"} < set(
        SOURCE.options["note_sheets"]
    )
    lists = offered(empty)
    registered = (ROOT / "sources" / "zone_registry" / "data" / "zones.csv").read_text(encoding="utf-8")
    assert len(lists[ZONE]) == len(registered.splitlines()) - 1 and set(lists) == {
        ZONE,
        INDICATOR,
        PERIOD,
        STATUS,
    }
    kinds = {book[ENTRY][f"{str(r.sqref)[0]}1"].value: r.type for r in entry.data_validations.dataValidation}
    assert kinds[VALUE] == "decimal" and kinds[YEAR] == "whole" and kinds[KNOWN] == "date"
    assert [sheet.name for sheet in workbook.sheets(empty)] == book.sheetnames


def test_every_label_has_units_and_limits():
    with returns.scratch(settings.Paths(Path("nowhere"))) as (con, _):
        offer = returns.offer(con)
        bounded = {i for (i,) in con.execute("select indicator_id from reference.source_limit").fetchall()}
        used = {
            i
            for (i,) in con.execute(
                "select indicator_id from reference.source_label where source_id = 'zone_return'"
            ).fetchall()
        }
    assert all(label.units for label in offer.labels) and used == bounded


def test_every_combination_that_the_lists_offer_is_accepted(own, empty, tmp_path):
    lists = offered(empty)
    units, scopes = offered_for(empty, UNIT), offered_for(empty, SCOPE)
    zones = lists[ZONE]
    rows = [
        row(
            **{
                ZONE: zones[place],
                INDICATOR: label,
                PERIOD: period,
                UNIT: unit,
                SCOPE: scope,
                STATUS: status,
                VALUE: 1,
            }
        )
        for label in lists[INDICATOR]
        for place, unit in enumerate(units[label])
        for scope in ["", *scopes[label]]
        for period in lists[PERIOD]
        for status in lists[STATUS]
    ]
    rows += [
        row(**{ZONE: zone, INDICATOR: lists[INDICATOR][-1], YEAR: 2023, UNIT: "%", VALUE: 1})
        for zone in zones
    ]
    checked = check(own, tmp_path, as_csv(rows), "填报_all_2024.csv")
    assert checked.errors == 0 and checked.loaded == len(rows) > 5_000


@examples(8)
@given(data=st.data())
def test_what_is_chosen_from_the_lists_of_the_workbook_is_accepted(own, empty, unfilled, tmp_path, data):
    lists, units = offered(empty), offered_for(empty, UNIT)
    rows = []
    for label in data.draw(st.lists(st.sampled_from(lists[INDICATOR]), min_size=1, max_size=8, unique=True)):
        rows.append(
            row(
                **{
                    INDICATOR: label,
                    ZONE: data.draw(st.sampled_from(lists[ZONE])),
                    YEAR: data.draw(st.integers(2013, 2024)),
                    PERIOD: data.draw(st.sampled_from(lists[PERIOD])),
                    UNIT: data.draw(st.sampled_from(units[label])),
                    VALUE: data.draw(st.one_of(st.integers(0, 100), st.floats(0, 100))),
                    NOTE: data.draw(st.sampled_from(["", "=1+1 是文字", "<b>&", "@x"])),
                }
            )
        )
    blank = load_workbook(io.BytesIO(unfilled))
    out = io.BytesIO()
    for row_no, cells in enumerate(rows, start=2):
        for column, value in enumerate(cells, start=1):
            cell = blank[ENTRY].cell(row_no, column)
            cell.value = value or (0 if value == 0 else None)
            if isinstance(value, str):
                cell.data_type = "s"
    blank.save(out)
    checked = check(own, tmp_path, out.getvalue())
    assert checked.errors == 0 and checked.loaded == len(rows)


FAULTS = {
    "unknown zone": ({ZONE: "999999 无此市"}, "unknown_area", ZONE),
    "a city that is no zone": ({ZONE: "231000 牡丹江市"}, "not_a_zone", ZONE),
    "code and name of two zones": ({ZONE: "330100 成都市"}, "code_and_name_differ", ZONE),
    "the nation": ({ZONE: "全国"}, "not_a_zone", ZONE),
    "unknown indicator": ({INDICATOR: "幸福指数"}, "unknown_indicator", INDICATOR),
    "unit of another kind": ({UNIT: "万人"}, "unit_of_other_kind", UNIT),
    "unknown unit": ({UNIT: "斤"}, "unknown_unit", UNIT),
    "unknown period": ({PERIOD: "某日"}, "unknown_period", YEAR),
    "year of two digits": ({YEAR: 24}, "unknown_period", YEAR),
    "unknown status": ({STATUS: "据说"}, "unknown_status", STATUS),
    "unknown scope": ({SCOPE: "全口径"}, "unknown_scope", SCOPE),
    "text for a number": ({VALUE: "约一百"}, "not_a_number", VALUE),
    "a formula without a result": ({VALUE: "=1+1"}, "not_a_number", VALUE),
    "negative": ({VALUE: -1}, "out_of_range", VALUE),
    "ten thousand times too large": ({VALUE: 1000000}, "out_of_range", VALUE),
    "no day": ({KNOWN: "去年"}, "not_a_date", KNOWN),
}


@pytest.fixture(scope="module")
def faulty(own, empty, tmp_path_factory) -> tuple[returns.Checked, Worksheet]:
    """One return with a sound row and each fault in a row of a zone of its own; its check, and the sheet of its marked copy."""
    zones = [zone for zone in offered(empty)[ZONE] if zone != row()[AT[ZONE]]]
    wrong = [
        row(**{ZONE: zone} | changed) for zone, (changed, *_) in zip(zones, FAULTS.values(), strict=False)
    ]
    assert len(wrong) == len(FAULTS)
    checked = check(own, tmp_path_factory.mktemp("faulty"), filled(empty, [row(), *wrong]))
    return checked, load_workbook(checked.copy)[ENTRY]


def test_faulty_rows_do_not_load_and_sound_ones_do(faulty):
    checked, _ = faulty
    assert checked.loaded == 1
    assert {f.row_no for f in checked.findings} == set(range(3, 3 + len(FAULTS)))


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_found_in_its_own_cell(faulty, case):
    (checked, entry), (_, code, column) = faulty, FAULTS[case]
    row_no = 3 + list(FAULTS).index(case)
    finding = next(f for f in checked.findings if f.row_no == row_no)
    assert finding.reason_code == code
    assert HEADER[finding.column_no - 1] == column and finding.severity == "error"
    cell = entry.cell(row_no, finding.column_no)
    assert cell.fill == return_workbook.FAULT_FILL and "expected" in cell.comment.text


def test_of_equal_figures_the_first_counts_and_of_different_ones_none(own, empty, tmp_path):
    rows = [
        row(),
        row(),
        row(**{YEAR: 2023}),
        row(**{YEAR: 2023, VALUE: 7}),
        row(**{STATUS: "P 计划数 plan"}),
    ]
    checked = check(own, tmp_path, filled(empty, rows))
    assert [(f.row_no, f.reason_code) for f in checked.findings] == [
        (n, "duplicate_figure") for n in (3, 4, 5)
    ]
    assert checked.loaded == 2


def test_a_year_without_the_zone_and_a_year_to_come_are_warnings(own, empty, tmp_path):
    rows = [row(**{YEAR: 2013}), row(**{YEAR: 2031}), row(**{YEAR: 2031, STATUS: "P 计划数 plan"})]
    checked = check(own, tmp_path, filled(empty, rows))
    assert checked.loaded == 3 and checked.errors == 0
    assert {(f.row_no, f.reason_code, f.severity) for f in checked.findings} == {
        (2, "return_outside_zone", "warning"),
        (3, "return_ahead_of_its_day", "warning"),
    }


def test_the_marked_copy_changes_nothing_of_the_users(own, empty, tmp_path):
    book = load_workbook(io.BytesIO(filled(empty, [row(), row(**{YEAR: 2023, VALUE: "x", NOTE: "甲"})])))
    entry = book[ENTRY]
    entry["A2"].font = Font(bold=True, color="FF0000FF")
    entry["K2"].value, entry["K2"].data_type = "=1+1", "s"
    entry["K3"].comment = Comment("我的批注", "我")
    entry["E3"].comment = Comment("数据待核", "我")
    entry["M5"] = "=SUM(E2:E3)"
    entry.column_dimensions["B"].width = 61
    entry.merge_cells("L20:M21")
    book.create_sheet("草稿 <b>&")["A1"] = "计算过程"
    out = io.BytesIO()
    book.save(out)
    checked = check(own, tmp_path, out.getvalue())
    assert (tmp_path / "zone_return_2024.xlsx").read_bytes() == out.getvalue()
    marked = load_workbook(checked.copy)
    before = load_workbook(out)
    touched = {(f.sheet, f.row_no, f.column_no or 1) for f in checked.findings}
    for sheet in before:
        for cells in sheet.iter_rows():
            for cell in cells:
                now = marked[sheet.title][cell.coordinate]
                assert (now.value, now.data_type) == (cell.value, cell.data_type)
                if (sheet.title, cell.row, cell.column) not in touched:
                    assert repr((now.font, now.fill, now.number_format)) == repr(
                        (cell.font, cell.fill, cell.number_format)
                    )
    assert marked[ENTRY]["K3"].comment.text == "我的批注"
    assert marked[ENTRY]["E3"].comment.text.startswith("数据待核\n[zonescope] found x")
    assert marked[ENTRY].column_dimensions["B"].width == 61 and "L20:M21" in str(marked[ENTRY].merged_cells)
    assert len(marked[ENTRY].data_validations.dataValidation) == len(entry.data_validations.dataValidation)
    listed = list(marked["errors"].iter_rows(min_row=2, values_only=True))
    assert ["E", "error", "x", "not_a_number"] in [list(line[2:6]) for line in listed]


def test_a_marked_copy_that_was_mended_is_clean(own, empty, tmp_path):
    wrong = filled(empty, [row(**{VALUE: "x"}), row(**{YEAR: 2023, UNIT: "斤"})])
    first = check(own, tmp_path, wrong)
    book = load_workbook(first.copy)
    book[ENTRY]["E2"].value = 5
    out = io.BytesIO()
    book.save(out)
    second = check(own, tmp_path, out.getvalue())
    assert second.loaded == 1 and [f.row_no for f in second.findings] == [3]
    again = load_workbook(second.copy)
    assert again[ENTRY]["E2"].comment is None and again[ENTRY]["E2"].fill.fill_type is None
    assert again[ENTRY]["F3"].comment.text.count("[zonescope]") == 1
    book = load_workbook(second.copy)
    book[ENTRY]["F3"].value = "亿元"
    book.save(out := io.BytesIO())
    assert check(own, tmp_path, out.getvalue()).findings == []
    assert not second.copy.exists()


def test_a_workbook_that_is_no_return_any_more_is_refused(own, empty, tmp_path):
    book = load_workbook(io.BytesIO(filled(empty, [row()])))
    book[ENTRY].cell(1, AT[UNIT] + 1).value = "计量"
    book.save(out := io.BytesIO())
    checked = check(own, tmp_path, out.getvalue())
    assert checked.loaded == 0 and [f.reason_code for f in checked.findings] == ["unknown_file"]
    assert "单位 Unit" in checked.findings[0].reason


def test_a_return_without_its_year_in_the_name_is_told_so(own, empty, tmp_path):
    (finding,) = check(own, tmp_path, filled(empty, [row()]), "成都填报.xlsx").findings
    assert finding.reason_code == "no_vintage" and "vintage" in finding.how_to_mend


def test_a_return_goes_the_whole_way(stocked, empty):
    rows = [
        row(**{VALUE: 1402.5, KNOWN: "2025-03-31", NOTE: "=HYPERLINK(1)"}),
        row(**{YEAR: 2023, SCOPE: "海关口径 customs statistics"}),
        row(**{YEAR: 2022, VALUE: "x"}),
    ]
    (stocked.inbox / "zone_return_2024.xlsx").write_bytes(filled(empty, rows))
    build_all(stocked, RESOLVED)
    with connection.connect(stocked.work, read_only=True) as con:
        loaded = con.execute(
            "select time_period, obs_value, scope, vintage::varchar, row_no, column_no from core.observation "
            "where source_id = 'zone_return' order by row_no"
        ).fetchall()
        assert loaded == [
            ("2024", 1402.5e8, "cbec_unspecified", "2025-03-31", 2, 5),
            ("2023", 100e8, "cbec_customs", "2024-12-31", 3, 5),
        ]
        (counted,) = con.execute(
            "select cells_loaded, cells_quarantined, cells_total, unaccounted, note_rows > 0 from mart.file_accounting "
            "where source_id = 'zone_return'"
        ).fetchall()
        assert counted == (2, 1, 29, 0, True)
        assert con.execute("select sum(unaccounted) from mart.file_accounting").fetchall() == [(0,)]


def test_every_reason_says_how_it_is_mended(own):
    columns = [c for name, table in tables().items() if name.startswith("core.") for c in table.columns]
    declared = {value for c in columns if c.name == "reason_code" for value in c.values or []}
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in [
            *Path(workbook.__file__).parent.rglob("*.py"),
            *Path(by_hand.__file__).parent.glob("*.py"),
        ]
    )
    raised = set(re.findall(r'ReadError\(\s*"([a-z_]+)"', code)) | {
        "invalid_trade_record",
        "invalid_registry_record",
    }
    with returns.scratch(own) as (con, _):
        known = {r for (r,) in con.execute("select reason_code from reference.reason").fetchall()}
    assert len(declared) > 20 and (raised | declared) - known == set()


class TestCommands:
    """What a user types and sees."""

    def run(self, *words: str):
        return CliRunner().invoke(cli.app, list(words))

    def test_a_template_is_never_written_over(self, paths, tmp_path):
        first = self.run("template", str(tmp_path), "--zone", "330100", "--year", "2024")
        target = tmp_path / "zone_return_330100_2024.xlsx"
        assert first.exit_code == 0 and target.exists()
        target.write_bytes(b"filled in")
        again = self.run("template", str(target))
        assert again.exit_code == 1 and "found a file" in again.output and target.read_bytes() == b"filled in"

    def test_an_unknown_zone_is_named_with_its_neighbours(self, paths, tmp_path):
        done = self.run("template", str(tmp_path / "x.xlsx"), "--zone", "510199")
        assert done.exit_code == 1 and "510100" in done.output and not (tmp_path / "x.xlsx").exists()

    def test_a_check_ends_with_one_and_names_the_copy(self, paths, tmp_path, empty):
        path = tmp_path / "[red]zone_return_2024[b].xlsx"
        path.write_bytes(filled(empty, [row(**{VALUE: "[/b]"})]))
        done = self.run("template", "check", str(path))
        assert done.exit_code == 1 and "[/b]" in done.output
        assert "0 figures would load; 1 errors" in done.output
        assert (paths.returns / "[red]zone_return_2024[b].errors.xlsx").exists()
        path.write_bytes(filled(empty, [row()]))
        assert self.run("template", "check", str(path)).exit_code == 0

    def test_a_file_that_is_not_there_is_named(self, paths):
        done = self.run("template", "check", "[bold]nothing.xlsx")
        assert done.exit_code == 1 and "[bold]nothing.xlsx" in done.output


def test_a_new_zone_of_the_published_registry_is_offered(paths, cut):
    shutil.copytree(cut.root, paths.root, dirs_exist_ok=True)
    with connection.connect(paths.work) as con:
        con.execute("update core.zone set zone_name_zh = '新市' where zone_code = '330100'")
    generations.publish(paths)
    assert "330100 新市" in offered(returns.template(paths))[ZONE]


def test_an_old_workbook_gets_its_errors_alone(own, tmp_path):
    checked = check(own, tmp_path, as_csv([row(**{VALUE: "x"})]), "2024年填报.csv")
    book = load_workbook(checked.copy)
    assert book.sheetnames == ["errors"] and book["errors"]["F2"].value == "not_a_number"
    assert isinstance(book, Workbook)


SHARE = "研发投入强度 R&D intensity"
SHOWN = [  # format, indicator, unit, value; the figure that loads, or the reason of the quarantine
    ("0.0%", SHARE, "%", 0.352, 35.2),
    ("0%", SHARE, "%", 0.18, 18.0),
    ("0.00", SHARE, "%", 3.5, 3.5),
    ("0.0%", None, "亿元", 0.352, "percent_contradicts"),
    ('0!.0,"万"', None, "万元", 123456, "shown_otherwise"),
    ("#,##0,", None, "万元", 1234567, "shown_otherwise"),
    ("#,##0.00", None, "亿元", 1234.5, 1234.5e8),
]


def test_a_figure_is_what_its_cell_shows(own, empty, tmp_path):
    zones = offered(empty)[ZONE]
    rows = [
        row(**{ZONE: zones[n], UNIT: unit, VALUE: value} | ({INDICATOR: indicator} if indicator else {}))
        for n, (_, indicator, unit, value, _) in enumerate(SHOWN)
    ]
    book = load_workbook(io.BytesIO(filled(empty, rows)))
    for row_no, (code, *_) in enumerate(SHOWN, start=2):
        book[ENTRY].cell(row_no, AT[VALUE] + 1).number_format = code
    out = io.BytesIO()
    book.save(out)
    path = tmp_path / "zone_return_2024.xlsx"
    path.write_bytes(out.getvalue())
    with returns.scratch(own) as (con, paths):
        landing.land(con, path, "inbox", paths)
        fixed = [name for name in tables() if name.startswith("reference.")]
        build.build_all(con, ["core.resolved_cell"], keep=[*fixed, "core.zone"])
        found = con.execute(
            "select coalesce(reason_code, cast(obs_value as varchar)), printed_text from core.resolved_cell "
            "where printed_text <> '' order by row_no"
        ).fetchall()
    expected = [wanted if isinstance(wanted, str) else str(float(wanted)) for *_, wanted in SHOWN]
    assert [text if text[0].isalpha() else str(float(text)) for text, _ in found] == expected
    assert [printed for _, printed in found][:3] == ["35.2%", "18%", "3.5"]


def test_the_check_says_that_a_cell_is_formatted_as_a_percentage(own, empty, tmp_path):
    book = load_workbook(io.BytesIO(filled(empty, [row(**{VALUE: 0.352})])))
    book[ENTRY].cell(2, AT[VALUE] + 1).number_format = "0.0%"
    out = io.BytesIO()
    book.save(out)
    (finding,) = check(own, tmp_path, out.getvalue()).findings
    assert finding.found == "35.2%" and "the cell is formatted as a percentage" in finding.reason


def hidden_return(empty: bytes) -> bytes:
    """A return of three rows: one of them is hidden, so is the column of notes, and so is a second sheet of figures."""
    rows = [row(), row(**{YEAR: 2023, VALUE: 7}), row(**{YEAR: 2022, NOTE: "暂定"})]
    book = load_workbook(io.BytesIO(filled(empty, rows)))
    entry = book[ENTRY]
    entry.delete_rows(len(rows) + 2, entry.max_row)
    entry.row_dimensions[3].hidden = True
    entry.column_dimensions[chr(65 + AT[NOTE])].hidden = True
    second = book.create_sheet("底稿")
    for cells in (HEADER, row(**{YEAR: 2021})):
        second.append(cells)
    second.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_what_is_hidden_is_not_loaded_and_counted_and_said(own, empty, tmp_path):
    content = hidden_return(empty)
    reading = figure_rows(content)
    assert reading.rows["row_no"].to_list() == [2, 4] and reading.rows["quote_text"].to_list() == ["", ""]
    counts = reading.accounting
    assert adds_up(reading) and counts["record_rows"] == 2
    # the template's own hidden lists are counted too, but they are declared as notes and not named
    lists = sum(
        len(sheet.rows) for sheet in workbook.sheets(content) if sheet.hidden and sheet.name != "底稿"
    )
    assert counts["hidden_rows"] == 1 + 2 + lists
    assert (
        "1 rows (3)" in reading.hidden
        and "'底稿' (2 rows)" in reading.hidden
        and "Lists" not in reading.hidden
    )
    checked = check(own, tmp_path, content)
    (finding,) = checked.findings
    assert checked.loaded == 2 and checked.errors == 0
    assert finding.reason_code == "hidden_not_loaded" and "底稿" in finding.reason


def test_a_hidden_column_that_the_table_needs_is_named(empty):
    book = load_workbook(io.BytesIO(filled(empty, [row()])))
    book[ENTRY].column_dimensions[chr(65 + AT[UNIT])].hidden = True
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(ReadError, match="hidden and not read are in sheet .*1 columns"):
        figure_rows(out.getvalue())
