"""Where each column comes from: whole, true to the metrics' code, and told in plain words where it is wrong."""

from __future__ import annotations

import importlib
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from pipelines.database import connection, lineage
from pipelines.declarations.files import DeclarationError
from pipelines.declarations.tables import Table, macros, tables
from tests.helpers.effort import IS_LONG

MADE = {name: t for name, t in (tables() | macros()).items() if t.schema_name not in ("raw", "reference")}
METRICS = {name: t for name, t in MADE.items() if t.metric}


@pytest.mark.parametrize("name", sorted(MADE))
def test_every_column_has_an_origin_or_is_declared_to_have_none(name):
    origins = lineage.column_origins(name)
    without = {column for column, found in origins.items() if not found}
    assert without == {column.name for column in MADE[name].columns if column.comes_from == []}


def test_a_metrics_column_is_followed_through_its_input_to_tables():
    origins = lineage.column_origins("mart.mode_fit")
    known = {f"{t.full_name}.{column}" for t in tables().values() for column in t.column_names}
    assert set().union(*origins.values()) <= known
    assert origins["gate_passed"] == tuple(
        f"work.mode_fit_input.{column}" for column in ("minimum_gate", "role", "score")
    )
    assert lineage.column_origins("mart.evaluation_association")["tier_1_zones"] == (
        "core.evaluation_tier.tier",
        "mart.mode_fit.comparative_fit",
        "mart.mode_fit.fit",
        "mart.mode_fit.is_best_mode",
    )


def test_an_origin_that_the_input_has_not_is_told(monkeypatch):
    table = tables()["mart.cluster_zone"]
    wrong = table.columns[2].model_copy(update={"comes_from": ["employees"]})
    changed = table.model_copy(update={"columns": [*table.columns[:2], wrong, *table.columns[3:]]})
    monkeypatch.setattr(lineage, "tables", lambda: tables() | {"mart.cluster_zone": changed})
    with pytest.raises(DeclarationError) as caught:
        lineage.column_origins.__wrapped__("mart.cluster_zone")
    assert str(caught.value).startswith(
        "warehouse/mart/cluster_zone.yml: column employment_persons: found `from` ['employees'], expected columns of "
        "cluster_zone.input.sql: ['employment_persons', 'industry_code'"
    )


@pytest.mark.parametrize(
    ("metric", "origins", "expected"),
    [
        ({"function": "fit.mode_fit.fit"}, None, "column a: found no `from`, but a metric makes it"),
        (None, ["b"], "but no metric makes the table; its SELECT says where the column comes from"),
    ],
)
def test_origins_are_declared_for_metrics_only(metric, origins, expected):
    column = {"name": "a", "type": "DOUBLE", "description": "abc", "from": origins}
    with pytest.raises(ValueError, match=expected):
        Table(
            schema_name="mart",
            name="x",
            description="long enough to be accepted",
            columns=[column],
            metric=metric,
        )


# The uncertainty is replicated for all modes in the long proofs only: two show the same columns at a third of the cost.
MODES = "true" if IS_LONG else "mode_id in ('trade_upgrade', 'b2c_import')"
# Injected changes: what another value of one input column moves must be among the columns that declare it.
PARTS = {
    "cluster_zone": "time_period in ('2018', '2019')",
    "cluster_growth": "true",
    "cluster_industry": "time_period = '2019'",
    "cluster_concentration": "time_period = '2019'",
    "mode_fit": "time_period = '2022' and methodology_version = '2.0'",
    "criterion_score": "mode_id = 'trade_upgrade' and methodology_version = '2.0'",
    "coupling_coordination": "true",
    "mode_fit_uncertainty": f"time_period = '2022' and methodology_version = '2.0' and {MODES}",
}
FEWER = {"permutations": 9, "replications": 20}
# Rows are matched, grouped and put in order by these; another value of them is another row.
IDENTIFIERS = {"zone_code", "time_period", "industry_code", "mode_id", "criterion_id", "methodology_version"}
IDENTIFIERS |= {"subsystem_id"}
OTHER = {
    "goalposts": {"fixed": "per_year"},
    "weighting": {"nominal": "critic"},
    "comparative_population": {"all": "gate_passing", "gate_passing": "all"},
    "comparative_scale": {"raw": "standardised", "standardised": "raw"},
}
CASES = [
    (name, column)
    for name in PARTS
    for column in lineage.input_columns(f"mart.{name}")
    if column not in IDENTIFIERS
]


class Given(NamedTuple):
    """Input of a metric, and its table from this input."""

    frame: pl.DataFrame
    computed: pl.DataFrame


def changes(values: pl.Series) -> list[pl.Series]:
    """The column with other values: exchanged with each other, scaled, turned round, some or all taken away."""
    known = values.drop_nulls().unique().sort()
    exchanged = known.gather(np.random.default_rng(7).permutation(len(known)))
    found = [values.replace_strict(known, exchanged, default=None, return_dtype=values.dtype)]
    if values.dtype.is_numeric():
        found += [(values.cast(pl.Float64) * factor).cast(values.dtype) for factor in (0.4, 1.5, 20)]
    if values.dtype == pl.Boolean:
        found.append(~values)
    if values.name in OTHER:
        found.append(values.replace(OTHER[values.name]))
    gone = [None if value in set(known.to_list()[::7]) else value for value in values]
    return [*found, pl.Series(gone, dtype=values.dtype), pl.Series([None] * len(values), dtype=values.dtype)]


def computed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Table of a metric from this input, in the order of its grain."""
    metric = tables()[f"mart.{name}"].metric
    module, function = metric.function.rsplit(".", 1)
    compute = getattr(importlib.import_module(f"pipelines.metrics.{module}"), function)
    parameters = {k: FEWER.get(k, v) for k, v in metric.parameters.items()}
    return compute(frame, **parameters).sort(tables()[f"mart.{name}"].grain)


def moved(name: str, given: Given, column: str) -> set[str]:
    """Columns of a metric's table that some change of one column of its input moves."""
    table, before = tables()[f"mart.{name}"], given.computed
    found, ran = set(), 0
    for other in changes(given.frame[column]):
        try:
            after = computed(name, given.frame.with_columns(other.alias(column)))
        except (
            ValueError,
            TypeError,
            LookupError,
            ArithmeticError,
        ):  # values that the metric refuses tell nothing
            continue
        ran += 1
        assert after.select(table.grain).equals(before.select(table.grain))
        found |= {c for c in table.column_names if not before[c].eq_missing(after[c]).all()}
    assert ran, f"{name}: no change of {column} could be computed"
    return found


@pytest.fixture(scope="module")
def inputs(built) -> dict[str, Given]:
    selects = {name: tables()[f"mart.{name}"].sql.strip().rstrip(";") for name in PARTS}
    with connection.connect(built.work, read_only=True) as con:
        frames = {
            name: con.sql(f"select * from ({selects[name]}) where {part}").pl()
            for name, part in PARTS.items()
        }
    assert all(frame.height for frame in frames.values())
    return {name: Given(frame, computed(name, frame)) for name, frame in frames.items()}


@pytest.mark.property
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "column"), CASES)
def test_what_a_changed_input_moves_declares_it(inputs, name, column):
    declared = {c.name for c in tables()[f"mart.{name}"].columns if column in c.comes_from}
    assert moved(name, inputs[name], column) <= declared


def test_the_proof_above_moves_what_is_known_to_move(inputs):
    assert moved("cluster_zone", inputs["cluster_zone"], "employment_persons") >= {
        "hhi",
        "diversity",
        "eci",
        "reason_code",
    }
    assert moved("mode_fit", inputs["mode_fit"], "gdp") >= {"comparative_fit", "comparative_rank"}
