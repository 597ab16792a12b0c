"""The Dagster side: every table an asset with its words, checks that block, schedules, the inbox sensor."""

from __future__ import annotations

import os
import shutil

import dagster as dg
import pytest

from pipelines.database import connection, lineage
from pipelines.database.promises import promises, reads
from pipelines.declarations.sources import sources
from pipelines.declarations.tables import macros, tables
from pipelines.definitions import GROUP_TAG, OWNER, defs
from pipelines.defs import automation
from pipelines.publishing import generations


@pytest.fixture(scope="module")
def repository() -> dg.Definitions:
    return defs()


def test_every_table_source_and_product_is_an_asset(repository):
    keys = {"/".join(spec.key.path) for spec in repository.resolve_all_asset_specs()}
    expected = {name.replace(".", "/") for name in tables() | macros()} | {
        f"source/{name}" for name in sources()
    }
    assert keys == expected | {"published/generation", "report/site"}


def test_one_policy_holds_for_every_asset(repository):
    for spec in repository.resolve_all_asset_specs():
        assert (
            spec.owners == [OWNER] and spec.kinds and spec.group_name == spec.key.path[0] and spec.description
        )
        table = (tables() | macros()).get(".".join(spec.key.path))
        if table is not None:
            schema = (
                spec.metadata["dagster/column_schema"].schema
                if hasattr(spec.metadata["dagster/column_schema"], "schema")
                else spec.metadata["dagster/column_schema"]
            )
            assert [c.name for c in schema.columns] == table.column_names
            assert all(c.description for c in schema.columns)


def test_keys_and_the_group_of_the_reader_stand_in_the_catalogue(repository):
    (fit,) = (s for s in repository.resolve_all_asset_specs() if s.key.path == ["mart", "mode_fit"])
    schema = fit.metadata["dagster/column_schema"]
    assert schema.constraints.other == ["primary key: methodology_version, zone_code, time_period, mode_id"]
    (mode,) = (column for column in schema.columns if column.name == "mode_id")
    assert mode.constraints.other == ["stands in reference.mode.mode_id"]
    assert fit.tags[GROUP_TAG] == "start_here"


def test_edges_are_those_of_the_sql_and_of_the_promises(repository):
    specs = {".".join(s.key.path): s for s in repository.resolve_all_asset_specs()}
    for name in tables() | macros():
        if not name.startswith("raw."):
            found = {".".join(d.asset_key.path) for d in specs[name].deps}
            assert found == {*lineage.upstream(name), *(reads(tables()[name]) if name in tables() else ())}


def test_every_table_is_checked_in_the_step_that_makes_it_and_its_contract_blocks(repository):
    checks = {s.key: s for assets in repository.assets for s in getattr(assets, "check_specs", ())}
    found = {
        kind: {".".join(k.asset_key.path) for k in checks if k.name == kind}
        for kind in ("contract", "doubts")
    }
    assert found["contract"] == set(tables())
    assert found["doubts"] == {
        n for n, t in tables().items() if any(p.severity == "warning" for p in promises(t))
    }
    assert all(spec.blocking == (spec.name == "contract") for spec in checks.values())
    # landing makes all raw tables in one step; what is published and the report are a step each
    made = len(macros()) + sum(t.schema_name != "raw" for t in tables().values())
    assert len(repository.resolve_job_def("refresh").graph.nodes) == made + 3


def test_schedules_are_valid_and_on_beijing_time(repository):
    for schedule in automation.schedules:
        assert schedule.execution_timezone == "Asia/Shanghai" and schedule.job_name == "refresh"


def test_the_inbox_sensor_runs_once_for_each_state_of_the_inbox(paths):
    context = dg.build_sensor_context()
    assert isinstance(automation.inbox(context), dg.SkipReason)
    file = paths.inbox / "a.csv"
    file.write_text("x")
    assert "still be written" in automation.inbox(context).skip_message
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert isinstance(automation.inbox(context), dg.RunRequest)
    assert isinstance(automation.inbox(context), dg.SkipReason)
    os.utime(file, (1_100_000_000, 1_100_000_000))
    assert isinstance(automation.inbox(context), dg.RunRequest)
    os.utime(file, (4_000_000_000, 4_000_000_000))  # the clock was set back
    assert isinstance(automation.inbox(context), dg.RunRequest)


def test_a_broken_promise_stops_publication(repository, paths, cut, monkeypatch):
    """A registry with a zone on the moon: the contract of core.zone blocks, and nothing is published.

    Made are the table, the lists behind it and what is published from it; all other tables stand there already.
    """
    from pipelines.database import writing  # noqa: PLC0415

    shutil.copytree(cut.root, paths.root, dirs_exist_ok=True)
    real = writing.fill

    def moved(con, table, rows):
        if table.full_name == "core.zone":
            rows = f"select * replace (latitude + 100 as latitude) from ({rows})"
        return real(con, table, rows)

    monkeypatch.setattr(writing, "fill", moved)
    made = [
        dg.AssetKey(name.split(".")) for name in lineage.order("core.zone") if not name.startswith("raw.")
    ]
    made += [dg.AssetKey(["published", "generation"]), dg.AssetKey(["report", "site"])]
    with dg.DagsterInstance.ephemeral() as instance:
        result = repository.resolve_job_def("refresh").execute_in_process(
            instance=instance, raise_on_error=False, asset_selection=made
        )
        evaluations = [
            e for e in result.get_asset_check_evaluations() if not e.passed and e.check_name == "contract"
        ]
    assert not result.success
    assert [".".join(e.asset_key.path) for e in evaluations] == ["core.zone"]
    message = evaluations[0].description
    assert (
        "latitude: at least" in message and "What to do: " in message and "warehouse/core/zone.yml" in message
    )
    rows = [record.data for record in evaluations[0].metadata["failing rows"].records]
    assert {row["promise"] for row in rows} == {"latitude_in_range"} and "zone_code" in rows[0]["states"]
    with pytest.raises(generations.NothingPublished):
        generations.current(paths)


def test_the_generation_chosen_alone_holds_only_what_a_run_has_checked(repository, paths, cut):
    """A user of the web interface can choose single assets; a promise that was broken before must still stop them."""
    shutil.copytree(cut.root, paths.root, dirs_exist_ok=True)
    job = repository.resolve_job_def("refresh")
    alone = [dg.AssetKey(["published", "generation"])]
    with dg.DagsterInstance.ephemeral() as instance:
        found = job.execute_in_process(instance=instance, raise_on_error=False, asset_selection=alone)
        assert not found.success and generations.kept(paths) == []
        with connection.connect(paths.work) as con:
            connection.mark_checked(con)
        assert job.execute_in_process(instance=instance, asset_selection=alone).success
    assert generations.kept(paths) == ["000001"]
