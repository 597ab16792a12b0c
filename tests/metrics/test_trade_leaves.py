"""Each dollar counts once: on a fixture by hand, and on any mixture of totals and parts."""

from __future__ import annotations

import itertools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.metrics.clusters import trade_leaves
from tests.helpers.effort import examples

NAMES = [name for name, _ in trade_leaves.HIERARCHIES]
TOLERANCE = 0.001


def frame(records: list[dict]) -> pl.DataFrame:
    """Records with their places; what is not named is the total."""
    rows = [
        {
            "file_sha256": "f",
            "sheet": "",
            "row_no": number,
            "column_no": 1,
            "slice": "s",
            "is_group": False,
            **dict.fromkeys(NAMES, ""),
            **record,
        }
        for number, record in enumerate(records)
    ]
    return pl.DataFrame(rows, schema_overrides={"value_usd": pl.Float64})


def leaves(records: list[dict]) -> list[dict]:
    made = trade_leaves.counted_once(frame(records), TOLERANCE)
    assert made["row_no"].to_list() == list(range(len(records)))
    return [record for record, leaf in zip(records, made["is_leaf"], strict=True) if leaf]


def rec(value: float, partner: str = "", commodity: str = "", **other: str) -> dict:
    return {"value_usd": value, "partner": partner, "commodity": commodity, **other}


def test_parts_count_where_they_add_up_and_the_total_where_they_do_not():
    whole = [rec(100, "", "8486"), rec(60, "", "848610"), rec(40, "", "848620")]
    assert leaves(whole) == whole[1:]
    assert leaves([rec(100, "", "8486"), rec(60, "", "848610")]) == [rec(100, "", "8486")]
    assert leaves([rec(100, "", "8486"), rec(99.95, "", "848610")]) == [rec(99.95, "", "848610")]


def test_a_partner_that_lacks_some_goods_keeps_its_heading():
    world = [rec(100, "", "8486"), rec(70, "", "848610"), rec(30, "", "848620")]
    usa = [rec(60, "842", "8486"), rec(50, "842", "848610")]  # 10 of 848620 are not there
    germany = [rec(40, "276", "8486"), rec(15, "276", "848610"), rec(25, "276", "848620")]
    assert leaves(world + usa + germany) == [usa[0], germany[1], germany[2]]


def test_some_partners_only_leave_the_world():
    world = [rec(100, "", "8486"), rec(70, "", "848610"), rec(30, "", "848620")]
    assert leaves([*world, rec(60, "842", "8486"), rec(60, "842", "848610")]) == world[1:]


def test_commodities_under_different_headings_are_decided_apart():
    records = [rec(100, "", "8486"), rec(500, "842", "8541"), rec(20, "276", "8541")]
    assert leaves(records) == records


def test_transport_has_levels_and_procedures_have_none():
    ways = [
        rec(10),
        rec(6, transport="2"),
        rec(4, transport="1"),
        rec(5, transport="21"),
        rec(1, transport="22"),
    ]
    assert leaves(ways) == ways[2:]
    codes = [rec(10), rec(6, customs_procedure="C0"), rec(4, customs_procedure="C01")]
    assert leaves(codes) == codes[1:]
    assert leaves([rec(10, "4", "01"), rec(5, "40", "01")]) == [rec(10, "4", "01"), rec(5, "40", "01")]


def test_a_group_of_countries_is_never_counted():
    records = [rec(10, "276"), {**rec(10, "097"), "is_group": True}]
    assert leaves(records) == records[:1]


def test_no_records_no_leaves():
    empty = frame([rec(1)]).head(0)
    assert trade_leaves.counted_once(empty, TOLERANCE).height == 0


ATOMS = list(
    itertools.product(("276", "842"), ("C01", "C02"), ("1", "21", "22"), ("8486", "8541"), ("10", "20"))
)
CUTS = list(itertools.product((0, 1), (0, 1), (0, 1, 2), (0, 4, 6)))


def place(atom: tuple, cut: tuple) -> tuple:
    """Place of the total of a kind of record that an atom falls into: partner, procedure, transport, commodity."""
    partner, procedure, transport, heading, rest = atom
    return (partner * cut[0], procedure * cut[1], transport[: cut[2]], (heading + rest)[: cut[3]])


@examples(300)
@given(
    values=st.lists(st.integers(0, 50), min_size=len(ATOMS), max_size=len(ATOMS)),
    kinds=st.sets(st.sampled_from(CUTS), min_size=1),
    dropped=st.sets(st.integers(0, 400), max_size=200),
    grand=st.booleans(),
)
def test_every_mixture_of_totals_and_parts(values, kinds, dropped, grand):
    """Any kinds of totals over the same trade, any of their records missing: no dollar twice; with the total, none lost."""
    totals: dict[tuple, int] = {}
    for cut in sorted(kinds | ({(0, 0, 0, 0)} if grand else set())):
        kind: dict[tuple, int] = {}
        for atom, value in zip(ATOMS, values, strict=True):
            key = place(atom, cut)
            kind[key] = kind.get(key, 0) + value
        totals |= kind
    keys = [
        key for number, key in enumerate(sorted(totals)) if number not in dropped or key == ("", "", "", "")
    ]
    if not keys:
        return
    records = [rec(totals[p, c, t, k], p, k, customs_procedure=c, transport=t) for p, c, t, k in keys]
    kept = {
        (r["partner"], r["customs_procedure"], r["transport"], r["commodity"]): r["value_usd"]
        for r in leaves(records)
    }
    for atom in ATOMS:
        covering = [
            key
            for key in kept
            if all(whole.startswith(part) for whole, part in zip(place(atom, (1, 1, 2, 6)), key, strict=True))
        ]
        assert len(covering) <= 1, (atom, covering)
    assert sum(kept.values()) <= sum(values)
    if ("", "", "", "") in keys:
        assert sum(kept.values()) == pytest.approx(sum(values), rel=TOLERANCE * 5)
