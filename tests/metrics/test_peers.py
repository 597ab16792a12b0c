"""Peers: quantiles over the others by brute force, the narrowest group with enough of them, gaps and their reasons."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics.fit import peers

rows = st.lists(st.tuples(st.sampled_from("abc"), st.integers(-5, 5)), min_size=1, max_size=25)


@given(rows, st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
def test_quantiles_leave_the_zone_itself_out(found, q):
    names, values = zip(*found, strict=True)
    group, values = np.unique(names, return_inverse=True)[1], np.array(values, dtype=float)
    made = peers.quantile_of_others(values, group, q)
    for k in range(values.size):
        others = np.delete(values, k)[np.delete(group, k) == group[k]]
        if others.size:
            assert made[k] == pytest.approx(np.quantile(others, q))
        else:
            assert np.isnan(made[k])


def world(values: dict[str, float | None], groups: dict[str, dict[str, str | None]], direction: int = 1):
    """One indicator in one year; groups: basis -> zone -> group, bases from narrow to wide."""
    return pl.DataFrame(
        [
            {
                "suggestion_id": "s",
                "indicator_id": "i",
                "zone_code": zone,
                "time_period": "2020",
                "obs_value": value,
                "direction": direction,
                "peer_minimum": 2,
                "peer_basis": basis,
                "place": place,
                "peer_group": members.get(zone),
            }
            for zone, value in values.items()
            for place, (basis, members) in enumerate(groups.items())
        ],
        schema_overrides={"obs_value": pl.Float64, "peer_group": pl.String},
    )


VALUES = {"z1": 1.0, "z2": 5.0, "z3": 9.0, "z4": 20.0, "z5": None}
GROUPS = {
    "narrow": {"z1": "x", "z2": "x", "z3": "x", "z4": None, "z5": "x"},
    "all": dict.fromkeys(VALUES, "all zones"),
}


def test_the_narrowest_group_with_enough_peers_counts():
    made = peers.suggestion_gap(world(VALUES, GROUPS)).sort("zone_code")
    assert made["peer_basis"].to_list() == ["narrow", "narrow", "narrow", "all", None]
    assert made["peer_count"].to_list() == [2, 2, 2, 3, None]
    assert made["peer_upper_quartile"].to_list() == [8.0, 7.0, 4.0, 7.0, None]
    assert made["gap"].to_list() == [7.0, 2.0, -5.0, -13.0, None]
    assert made["reason_code"].to_list() == [None, None, None, None, "not_observed"]


def test_where_less_is_better_the_better_quartile_is_the_lower_one():
    made = peers.suggestion_gap(world(VALUES, GROUPS, direction=-1)).sort("zone_code")
    assert made["peer_upper_quartile"][0] == pytest.approx(6.0)
    assert made["gap"][0] == pytest.approx(-5.0)


def test_too_few_peers_on_every_basis_is_a_reason():
    made = peers.suggestion_gap(world({"z1": 1.0, "z2": 2.0, "z3": None}, GROUPS)).sort("zone_code")
    assert made["reason_code"].to_list() == ["too_few_peers", "too_few_peers", "not_observed"]
    assert made["gap"].null_count() == 3


@given(st.randoms(use_true_random=False))
def test_row_order_does_not_matter(random):
    frame = world(VALUES, GROUPS)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=random.randint(0, 10**6))
    one, other = (peers.suggestion_gap(f).sort("zone_code") for f in (frame, shuffled))
    assert one.equals(other.select(one.columns))


def test_groups_in_the_warehouse_are_those_that_their_words_say(warehouse):
    """Recounted from the profiles: members share what the basis asks for, and the count is the number of them."""
    wrong = """
        select a.zone_code
        from mart.peer_group as a
        join mart.peer_group as b using (methodology_version, time_period, peer_basis, peer_group)
        join mart.zone_profile as p on p.zone_code = a.zone_code
        join mart.zone_profile as q on q.zone_code = b.zone_code
        join reference.peer_basis as r using (peer_basis)
        where a.methodology_version = '2.0' and a.time_period = '2024'
        group by a.zone_code, a.peer_basis
        having count(*) <> any_value(a.member_count)
            or bool_or(r.same_batch and p.batch <> q.batch) or bool_or(r.same_tier and p.city_tier <> q.city_tier)
    """
    assert warehouse.execute(wrong).fetchall() == []
    kinds = "select count(distinct peer_basis), count(*) from mart.peer_group where peer_group is not null"
    assert warehouse.execute(kinds).fetchall()[0][0] == 5


def test_gaps_of_the_warehouse_by_numpy(warehouse):
    frame = warehouse.sql(
        "select s.zone_code, s.indicator_id, s.obs_value, s.direction, s.peer_count, s.peer_upper_quartile, s.peer_basis, "
        "g.peer_group from mart.suggestion_gap as s left join mart.peer_group as g "
        "using (methodology_version, zone_code, time_period, peer_basis) "
        "where s.time_period = '2022' and s.suggestion_id = 'innovation' and s.obs_value is not null"
    ).pl()
    bases = warehouse.sql(
        "select zone_code, peer_basis, peer_group from mart.peer_group "
        "where methodology_version = '2.0' and time_period = '2022' and peer_group is not null"
    ).pl()
    group_of = {(zone, basis): group for zone, basis, group in bases.iter_rows()}
    checked = 0
    for row in frame.filter(pl.col("peer_count").is_not_null()).iter_rows(named=True):
        others = [
            other["obs_value"] * row["direction"]
            for other in frame.filter(pl.col("indicator_id") == row["indicator_id"]).iter_rows(named=True)
            if other["zone_code"] != row["zone_code"]
            and group_of.get((other["zone_code"], row["peer_basis"])) == row["peer_group"]
        ]
        assert len(others) == row["peer_count"] >= 3
        assert np.quantile(others, 0.75) * row["direction"] == pytest.approx(row["peer_upper_quartile"])
        checked += 1
    assert checked > 50
