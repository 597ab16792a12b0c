"""Sidecars: what a file does not say is said beside it, kept with its bytes, and never guessed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipelines import settings
from pipelines.database import connection
from pipelines.declarations.sources import sources
from pipelines.landing import discovery, kept_bytes, outcome, raw_rows, sidecar, vintages
from pipelines.landing import land as landing
from pipelines.readers.text import ReadError
from tests.helpers.effort import examples
from tests.helpers.excel import zipped
from tests.helpers.small_files import CUSTOMS_FILE, LIST_FILE
from tests.helpers.worlds import query

CUSTOMS = CUSTOMS_FILE.encode("gbk")
PLACE = "x.csv.yml"
DAYS = st.dates().map(str)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "flow": st.sampled_from(["import", "export"]),
        "vintage": DAYS,
        "source": st.text(min_size=1, max_size=30),
    },
)


def land_all(paths: settings.Paths) -> dict[str, outcome.Landed]:
    """What became of the files of the inbox, by name; nothing embedded."""
    with connection.connect(paths.work) as con:
        raw_rows.ensure_tables(con)
        found = [f for p in discovery.data_files(paths.inbox) for f in landing.land(con, p, "inbox", paths)]
        found += landing.reread_changed(con, paths, {f.file_sha256 for f in found}) + discovery.alone(
            paths.inbox
        )
    return {file.file_name: file for file in found}


def drop(paths: settings.Paths, name: str, content: bytes, said: str | None = None) -> Path:
    path = paths.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if said is not None:
        path.with_name(path.name + ".yml").write_text(said, encoding="utf-8")
    return path


@given(facts=FACTS)
def test_what_is_written_is_read(facts):
    assert sidecar.parse(sidecar.text_of(**facts), PLACE).facts == facts


@given(key=st.text(min_size=1, max_size=20), facts=FACTS)
def test_an_unknown_key_is_refused_by_name_with_the_known_ones(key, facts):
    if key in sidecar.SidecarFacts.model_fields:
        return
    text = sidecar.text_of(**facts) + yaml.safe_dump({key: "1"})
    with pytest.raises(ReadError) as caught:
        sidecar.parse(text, PLACE)
    assert caught.value.reason_code == "bad_sidecar"
    assert str(caught.value).startswith(PLACE) and "flow" in str(caught.value)


@examples(300)
@given(text=st.one_of(st.text(max_size=200), st.text(alphabet="[]{}:,&*!|>-\n \t'\"#%@fv", max_size=200)))
def test_any_text_is_a_sidecar_or_is_refused_with_its_name(text):
    try:
        found = sidecar.parse(text, PLACE)
    except ReadError as error:
        assert error.reason_code == "bad_sidecar" and str(error).startswith(PLACE)
    else:
        assert set(found.facts) <= {"source", "flow", "vintage", "indicator", "area", "unit"}


BAD = {
    "vintage: 2024": "YYYY-MM-DD",
    "vintage: 20240501": "YYYY-MM-DD",
    "vintage: 2024-13-01": "vintage",
    "flow: yes": "expected import or export",
    "flow: Import": "expected import or export",
    "flow: import\nflow: export": "line 2: found the key 'flow' twice",
    "members: {x.csv: {area: '1', area: '2'}}": "found the key 'area' twice",
    "area: ''": "a code or a name of a region",
    "- flow": "found",
    "import": "found 'import'",
    "a: &a [x]\nb: *a\n": "alias",
    "members: {x.csv: {flw: import}}": "members.x.csv.flw",
    "[" * 16_000: "bad_sidecar",
    "x" * 70_000: "characters",
}


@pytest.mark.parametrize("text", BAD)
def test_a_wrong_sidecar_says_what_is_wrong(text):
    with pytest.raises(ReadError) as caught:
        sidecar.parse(text, PLACE)
    assert BAD[text] in f"{caught.value.reason_code} {caught.value}"


def test_a_customs_file_without_a_flow_is_told_which_sidecar_to_write_and_then_lands(paths):
    drop(paths, "soy 2024.csv", CUSTOMS)
    refused = land_all(paths)["soy 2024.csv"]
    assert refused.status == "refused"
    assert "soy 2024.csv.yml" in refused.reason and "`flow: import`" in refused.reason
    drop(paths, "soy 2024.csv", CUSTOMS, "flow: import\nvintage: 2024-05-01\n")
    assert land_all(paths)["soy 2024.csv"].status == "loaded"
    assert query(paths, "select distinct flow_text from raw.trade_file") == [("import",)]
    assert query(paths, "select vintage::varchar, sidecar_text from raw.file") == [
        ("2024-05-01", "flow: import\nvintage: 2024-05-01\n")
    ]


def test_a_changed_sidecar_reads_the_file_again_and_the_same_one_does_not(paths):
    drop(paths, "soy_2024.csv", CUSTOMS, "flow: import\n")
    assert land_all(paths)["soy_2024.csv"].status == "loaded"
    assert land_all(paths)["soy_2024.csv"].status == "known"
    drop(paths, "soy_2024.csv", CUSTOMS, "flow: export\n")
    assert land_all(paths)["soy_2024.csv"].status == "loaded"
    assert query(paths, "select distinct flow_text from raw.trade_file") == [("export",)]
    drop(paths, "soy_2024.csv", CUSTOMS, "flow: sideways\n")
    assert land_all(paths)["soy_2024.csv"].status == "refused"
    assert query(paths, "select count(*) from raw.trade") == [(0,)]


def test_facts_outlive_the_files_and_the_tables(paths):
    path = drop(paths, "soy_2024.csv", CUSTOMS, "flow: import\n")
    land_all(paths)
    path.with_name("soy_2024.csv.yml").unlink()
    assert land_all(paths)["soy_2024.csv"].status == "known"
    path.unlink()
    with connection.connect(paths.work) as con:
        con.execute("drop table raw.file")
    assert land_all(paths)["soy_2024.csv"].status == "loaded"
    assert query(paths, "select distinct flow_text from raw.trade_file") == [("import",)]


def test_an_empty_sidecar_unsays(paths):
    drop(paths, "soy_2024.csv", CUSTOMS, "flow: import\n")
    land_all(paths)
    drop(paths, "soy_2024.csv", CUSTOMS, "")
    assert land_all(paths)["soy_2024.csv"].status == "refused"


@pytest.mark.parametrize(
    ("name", "said", "found"),
    [("soy_2024_import.csv", "flow: export", "import"), ("soy_2024out.csv", "flow: import", "export")],
)
def test_a_name_and_a_sidecar_that_differ_are_refused(paths, name, said, found):
    drop(paths, name, CUSTOMS, said)
    landed = land_all(paths)[name]
    assert landed.status == "refused" and found in landed.reason and f"{name}.yml" in landed.reason
    assert query(paths, "select reason_code from raw.file") == [("sidecar_contradicts",)]
    drop(paths, name, CUSTOMS, f"flow: {found}")
    assert land_all(paths)[name].status == "loaded"


TODAY = dt.date(2026, 12, 1)


def test_a_day_in_the_name_and_another_in_the_sidecar_are_refused():
    source = sources()["nbs_province_gdp"].with_facts({"vintage": "2026-01-06"})
    with pytest.raises(ReadError) as caught:
        vintages.vintage(source, "gdp_2026-01-05.csv", {}, None, TODAY)
    assert caught.value.reason_code == "sidecar_contradicts" and "2026-01-05" in str(caught.value)
    assert str(vintages.vintage(source, "gdp_2026-01-06.csv", {}, None, TODAY)) == "2026-01-06"
    assert str(vintages.vintage(source, "gdp.csv", {}, None, TODAY)) == "2026-01-06"


def test_a_source_in_the_sidecar_stands_for_the_name(paths):
    drop(paths, "renamed.csv", LIST_FILE.encode(), "source: zone_figures\n")
    drop(paths, "wrong.csv", LIST_FILE.replace("990100", "990101").encode(), "source: customs_query\n")
    drop(paths, "strange.csv", LIST_FILE.replace("990100", "990102").encode(), "source: no_such\n")
    landed = land_all(paths)
    assert landed["renamed.csv"].status == "loaded"
    assert landed["wrong.csv"].status == "refused" and "贸易伙伴编码" in landed["wrong.csv"].reason
    assert landed["strange.csv"].status == "refused" and "customs_query" in landed["strange.csv"].reason


def test_a_sidecar_without_its_data_file_is_reported_and_left(paths):
    (paths.inbox / "gone_2024.csv.yml").write_text("flow: import\n")
    landed = land_all(paths)["gone_2024.csv.yml"]
    assert landed.status == "alone" and "gone_2024.csv beside it" in landed.reason
    assert (paths.inbox / "gone_2024.csv.yml").exists() and query(paths, "select count(*) from raw.file") == [
        (0,)
    ]


def test_a_recorded_reply_called_yml_is_a_data_file(paths):
    path = drop(paths, "reply_2026-03-03.yml", b"x")
    assert discovery.data_files(paths.inbox) == [path] and discovery.sidecars(paths.inbox) == []


def test_an_archive_is_told_for_all_members_for_one_and_by_their_own(paths):
    other = CUSTOMS_FILE.replace("1,234,567", "5").encode("gbk")
    third = CUSTOMS_FILE.replace("1,234,567", "6").encode("gbk")
    content = zipped(
        {
            "海关/a_2024.csv": CUSTOMS,
            "b_2024.csv": other,
            "c_2024.csv": third,
            "c_2024.csv.yml": "flow: export",
        }
    )
    drop(
        paths,
        "all.zip",
        content,
        "flow: import\nmembers:\n  b_2024.csv: {flow: export, vintage: 2025-02-03}\n",
    )
    landed = land_all(paths)
    assert {name: file.status for name, file in landed.items()} == {
        "all.zip!海关/a_2024.csv": "loaded",
        "all.zip!b_2024.csv": "loaded",
        "all.zip!c_2024.csv": "loaded",
        "all.zip": "archive",
    }
    flows = "select f.file_name, any_value(t.flow_text), any_value(f.vintage)::varchar from raw.trade_file t join raw.file f using (file_sha256) group by 1"
    assert sorted(query(paths, flows)) == [
        ("all.zip!b_2024.csv", "export", "2025-02-03"),
        ("all.zip!c_2024.csv", "export", "2024-12-31"),
        ("all.zip!海关/a_2024.csv", "import", "2024-12-31"),
    ]
    assert land_all(paths)["all.zip"].status == "known"
    drop(paths, "all.zip", content, "flow: export\n")
    land_all(paths)
    assert query(paths, "select distinct flow_text from raw.trade_file") == [("export",)]


def test_a_member_that_the_archive_lacks_refuses_it(paths):
    drop(paths, "all.zip", zipped({"a_2024.csv": CUSTOMS}), "members: {b.csv: {flow: import}}\n")
    landed = land_all(paths)["all.zip"]
    assert landed.status == "refused" and "facts of b.csv" in landed.reason and "a_2024.csv" in landed.reason


def test_a_copy_of_known_bytes_with_another_sidecar_is_told_so(paths):
    drop(paths, "a_2024.csv", CUSTOMS, "flow: import\n")
    drop(paths, "b_2024.csv", CUSTOMS, "flow: export\n")
    for _ in range(2):
        landed = land_all(paths)
        assert landed["b_2024.csv"].status == "known" and "a_2024.csv" in landed["b_2024.csv"].reason
    assert query(paths, "select distinct flow_text from raw.trade_file") == [("import",)]


@pytest.mark.parametrize("said", [b"\xff\xfe\x00", b"flow: \xe5", b"x" * 100_000, b"\x00"])
def test_bytes_that_are_no_text_are_refused_and_nothing_is_lost(paths, said):
    path = drop(paths, "a_2024_import.csv", CUSTOMS)
    path.with_name("a_2024_import.csv.yml").write_bytes(said)
    landed = land_all(paths)["a_2024_import.csv"]
    assert landed.status in ("refused", "unreadable")
    assert "a_2024_import.csv" in landed.reason and path.exists()


def test_a_kill_between_note_and_tables_is_put_right_by_the_next_run(paths):
    path = drop(paths, "soy_2024.csv", CUSTOMS, "flow: import\n")
    sha = land_all(paths)["soy_2024.csv"].file_sha256
    noted = kept_bytes.read_note(sha, paths)
    kept_bytes.write_note(sha, dataclasses.replace(noted, sidecar="flow: export\n"), paths)
    content = path.read_bytes()
    path.unlink()
    assert land_all(paths)["soy_2024.csv"].status == "loaded"
    assert query(paths, "select distinct flow_text from raw.trade_file") == [("export",)]
    kept_bytes.write_note(sha, dataclasses.replace(noted, withdrawn="withdrawn on a day: why"), paths)
    drop(paths, "soy_2024.csv", content)
    assert land_all(paths)["soy_2024.csv"].status == "withdrawn"
    assert query(paths, "select status, reason from raw.file") == [("withdrawn", "withdrawn on a day: why")]
    kept_bytes.write_note(sha, noted, paths)
    assert land_all(paths)["soy_2024.csv"].status == "loaded"
    assert query(paths, "select distinct flow_text from raw.trade_file") == [("import",)]
