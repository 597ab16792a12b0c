"""Edge cases: what each peer does with zeros, missing values and one firm, and checks of the plant indices."""

import numpy as np

from pipelines.metrics.clusters.plants import coagglomeration, plant_concentration
from tests.parity.registry import case, column, not_covered, table

FOLDER = "edge"


def _plants(file="in_firms_9x12.csv", employees="emp"):
    plants = table("reat", file)
    return [plants[name].to_numpy() for name in ("industry", "region", employees)]


def _check(metric, name):
    @case(f"plants: {metric}", FOLDER, "out_eg_ms_check.csv")
    def _one():
        ours = plant_concentration(*_plants())
        several = ours.plants > 1
        return getattr(ours, metric)[several], column(FOLDER, "out_eg_ms_check.csv", name)[several]


for _metric, _name in {
    "plants": "N",
    "herfindahl": "H",
    "raw_concentration": "G",
    "ellison_glaeser": "EG_gamma",
    "maurel_sedillot": "MS_gamma",
}.items():
    _check(_metric, _name)


@case(
    "plants: ellison_glaeser of one plant",
    FOLDER,
    "out_eg_ms_check.csv",
    "infinite for one plant; not defined",
)
def _one_plant():
    ours = plant_concentration(*_plants())
    alone = ours.plants == 1
    assert set(ours.reason[alone]) == {"one_plant"}
    return ours.ellison_glaeser[alone], column(FOLDER, "out_eg_ms_check.csv", "REAT_gamma")[alone], [np.nan]


@case("coagglomeration", FOLDER, "out_coagglomeration_check.csv")
def _coagglomeration():
    given = table("reat", "in_firms_FK2014_EGC.csv")
    regions = dict(given.select("region", "emp_region").iter_rows())
    example = _plants("in_firms_FK2014_EGC.csv", "emp_firm")
    ours = [
        coagglomeration(*_plants(), ["I01", "I02"]),
        coagglomeration(*_plants(), ["I03", "I04", "I05"]),
        coagglomeration(*example, sorted(set(example[0])), regions),
    ]
    return ours, column(FOLDER, "out_coagglomeration_check.csv", "EG1997_gamma_c")


not_covered(
    FOLDER,
    "out_edge_R.csv",
    "what peers print, as text, for inputs that are not among the cases; our answer to each kind of input (zero row, missing "
    "cell, constant, ties, one firm, disconnected, overflow) is tested in tests/metrics and tests/test_treatment.py",
)
