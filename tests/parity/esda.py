"""esda 2.9.0: autocorrelation on a lattice of 15 x 15 and on 200 points with 5 nearest neighbours.

esda calls an island with 99 permutations "significant"; ours is NULL (tests/metrics/test_spatial.py).
"""

import numpy as np

from pipelines.metrics import spatial
from tests.parity.registry import case, column, table

FOLDER = "esda"
QUADRANTS = {"HH": 1, "LH": 2, "LL": 3, "HL": 4}
DRAWS = {"permutations": 999, "seed": 12345}
PLACES = {  # data set -> column of the values, file of the weights, suffix of the peer's files
    "lattice15": ("y", "in_lattice15_w_rowstd.csv", "lattice15"),
    "points200": ("z", "in_points200_w_knn5_rowstd.csv", "points200_knn5"),
}


def _places(name):
    """Codes, values and row-standardised weights of a data set."""
    value, weights, _ = PLACES[name]
    values, links = column(FOLDER, f"in_{name}.csv", value), table(FOLDER, weights)
    w = np.zeros((len(values), len(values)))
    w[links["i"].to_numpy(), links["j"].to_numpy()] = links["w"].to_numpy()
    return [f"{place:03d}" for place in range(len(values))], values, w


def _cases_of(name):
    suffix = PLACES[name][2]
    of_all, of_each = f"out_{suffix}_moran_geary.csv", f"out_{suffix}_moran_local_seed12345.csv"

    @case("morans_i", FOLDER, of_all)
    def _moran():
        return spatial.morans_i(*_places(name), **DRAWS).i, column(FOLDER, of_all, "I")[0]

    @case("morans_i_p", FOLDER, of_all, draws=999)
    def _moran_p():
        return spatial.morans_i(*_places(name), **DRAWS).p, column(FOLDER, of_all, "p_sim")[0]

    @case("local_moran", FOLDER, of_each)
    def _local():
        return spatial.local_moran(*_places(name), **DRAWS).i, column(FOLDER, of_each, "Is")

    @case("local_moran_quadrant", FOLDER, of_each)
    def _quadrant():
        ours = spatial.local_moran(*_places(name), **DRAWS).quadrant
        return [QUADRANTS[quadrant] for quadrant in ours], column(FOLDER, of_each, "q")

    @case("local_moran_p", FOLDER, of_each, draws=999)
    def _local_p():
        return spatial.local_moran(*_places(name), **DRAWS).p, column(FOLDER, of_each, "p_sim")


for _name in PLACES:
    _cases_of(_name)
