"""Versions of the method: declared in YAML only; a run computes one; an old version keeps its figures."""

from __future__ import annotations

import polars as pl
import pytest
import yaml

from pipelines.declarations.files import ROOT, DeclarationError
from pipelines.declarations.modes import methodologies, modes
from pipelines.metrics.composite import weights
from pipelines.publishing import compared

FIXTURE = ROOT / "tests" / "fixtures" / "mode_fit_1_0.csv"


def declare(folder, version: str, **fields) -> None:
    (folder / f"{version}.yml").write_text(
        yaml.safe_dump({"description": "A test.", **fields}), encoding="utf-8"
    )


def test_version_1_0_keeps_its_figures(versions):
    """The figures that were published under 1.0 when it was the only version; a change of data changes them too, and
    then the file is written anew with that change's reason in the log."""
    found = versions.sql(
        "select zone_code, time_period, mode_id, fit, comparative_fit, is_best_mode from mart.mode_fit "
        "where methodology_version = '1.0' and fit is not null order by all"
    ).pl()
    kept = pl.read_csv(FIXTURE, schema_overrides={"zone_code": pl.String, "time_period": pl.String})
    keys = ["zone_code", "time_period", "mode_id", "is_best_mode"]
    assert found.select(keys).equals(kept.select(keys))
    for column in ("fit", "comparative_fit"):
        assert (found[column].is_null() == kept[column].is_null()).all()
        assert (found[column] - kept[column]).abs().max() < 1e-11


def test_a_version_takes_from_its_base_what_it_does_not_state():
    base, variant = methodologies()["2.0"], methodologies()["2.0-entropy"]
    own = {"methodology_version", "description", "is_default", "based_on", "weighting"}
    assert variant.model_dump(exclude=own) == base.model_dump(exclude=own)
    assert (base.is_default, variant.is_default, variant.weighting) == (True, False, "entropy")


def test_one_file_changes_weights_and_leaves_criteria_out(declarations):
    declare(
        declarations,
        "3.0",
        based_on="2.0",
        goalposts="per_year",
        without={"b2c_import": ["bonded_pilot"]},
        changed={"b2c_import": {"import_share": {"weight": 0.3}}},
    )
    version, mode = methodologies()["3.0"], modes()["b2c_import"]
    weight = {c.criterion_id: c.weight for c in version.criteria(mode)}
    assert weight["import_share"] == 0.3 and "bonded_pilot" not in weight
    assert len(weight) == len(mode.criteria) - 1 and version.goalposts == "per_year"
    assert version.criteria(modes()["silk_road"]) == modes()["silk_road"].criteria


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"based_on": "2.0", "is_default": True}, "exactly one"),
        ({"based_on": "9.9"}, "9.9"),
        ({"based_on": "bad"}, "bad"),
        ({"based_on": "2.0", "weighting": "by taste"}, "weighting"),
        ({"based_on": "2.0", "minimum_coverage": 2}, "minimum_coverage"),
        ({"minimum_coverage": 0.5}, "first_period"),
    ],
)
def test_a_wrong_version_is_an_error_that_names_its_place(declarations, fields, complaint):
    declare(declarations, "bad", **fields)
    with pytest.raises(DeclarationError, match=complaint) as error:
        methodologies()
    assert "warehouse/methodology" in str(error.value)


def test_an_override_of_a_criterion_that_is_not_there_is_an_error(declarations):
    declare(declarations, "bad", based_on="2.0", changed={"silk_road": {"no_such": {"weight": 1}}})
    with pytest.raises(DeclarationError, match="no_such"):
        methodologies()["bad"].criteria(modes()["silk_road"])


@pytest.mark.slow
@pytest.mark.parametrize("weighting", ["equal", "entropy", "critic", "pca"])
def test_weights_of_a_variant_are_those_of_its_scores(all_versions, weighting):
    rows = all_versions.sql(
        "select mode_id, criterion_id, zone_code, time_period, score, nominal_weight from mart.criterion_score "
        f"where methodology_version = '2.0-{weighting}' and role = 'evidence' order by all"
    ).pl()
    for (_,), part in rows.group_by("mode_id"):
        scores = part.pivot("criterion_id", index=["zone_code", "time_period"], values="score")
        matrix = scores.sort("zone_code", "time_period").drop("zone_code", "time_period")
        expected = (
            weights.equal(matrix.width)
            if weighting == "equal"
            else getattr(weights, weighting)(matrix.to_numpy())
        )
        found = dict(part.select("criterion_id", "nominal_weight").unique().iter_rows())
        assert [found[name] for name in matrix.columns] == pytest.approx(expected.weights.tolist())


def test_a_run_computes_the_default_version_only(warehouse):
    lists = {"reference.methodology", "reference.mode_criterion", "mart.mode_criterion"}
    for name in sorted(compared.keyed()):
        found = warehouse.execute(f"select distinct methodology_version from {name}").fetchall()
        assert (
            ({row[0] for row in found} == methodologies().keys()) if name in lists else found == [("2.0",)]
        ), name
    computed = "select methodology_version from reference.methodology where is_computed"
    assert warehouse.execute(computed).fetchall() == [("2.0",)]


def test_the_default_version_is_what_the_profile_shows(warehouse):
    differing = """
        select p.zone_code
        from mart.zone_profile as p
        left join mart.mode_fit as f
            on f.zone_code = p.zone_code and f.time_period = p.latest_period and f.is_best_mode
            and f.methodology_version = '2.0'
        where p.best_mode is distinct from f.mode_id
    """
    assert warehouse.execute(differing).fetchall() == []


def test_a_zone_that_can_take_one_mode_only_names_it(warehouse):
    """Heihe's neighbours are across a river and it is no large city: one gate passes, so nothing is compared."""
    found = """
        select p.zone_code, p.only_mode, count(*) filter (where f.gate_passed and f.fit is not null)
        from mart.zone_profile as p
        join mart.mode_fit as f on f.zone_code = p.zone_code and f.time_period = p.latest_period
        join reference.methodology as m using (methodology_version)
        where m.is_default and p.only_mode is not null
        group by all
    """
    rows = warehouse.execute(found).fetchall()
    assert ("231100", "bilateral_local", 1) in rows and {count for *_, count in rows} == {1}
    reasons = "select count(*) from mart.zone_profile where best_mode is not null and only_mode is not null"
    assert warehouse.execute(reasons).fetchall() == [(0,)]
