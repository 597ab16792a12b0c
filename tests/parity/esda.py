"""esda 2.9.0: autocorrelation on a lattice of 15 x 15 and on 200 points with 5 nearest neighbours.

esda calls an island with 99 permutations "significant"; ours is NULL (tests/metrics/test_spatial.py).
"""

import numpy as np

from pipelines.metrics.clusters import spatial
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
        return spatial.morans_i(*_places(name), **DRAWS).value, column(FOLDER, of_all, "I")[0]

    @case("morans_i_p", FOLDER, of_all, draws=999)
    def _moran_p():
        return spatial.morans_i(*_places(name), **DRAWS).p, column(FOLDER, of_all, "p_sim")[0]

    @case("gearys_c", FOLDER, of_all)
    def _geary():
        return spatial.gearys_c(*_places(name), **DRAWS).value, column(FOLDER, of_all, "C")[0]

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


def _local_getis_ord(star):
    file = f"out_lattice15_G_local_star{star}_binary.csv"

    @case("local_getis_ord_z", FOLDER, file)
    def _z():
        return spatial.local_getis_ord(*_lattice("pos"), **DRAWS, star=star).z, column(FOLDER, file, "Zs")

    @case("local_getis_ord_p", FOLDER, file, draws=999)
    def _p():
        return spatial.local_getis_ord(*_lattice("pos"), **DRAWS, star=star).p, column(FOLDER, file, "p_sim")


def _lattice(value):
    codes, _, w = _places("lattice15")
    return codes, column(FOLDER, "in_lattice15.csv", value), w


for _star in (True, False):
    _local_getis_ord(_star)


@case("getis_ord_g", FOLDER, "out_lattice15_G_global.csv")
def _global_g():
    ours = spatial.getis_ord_g(*_lattice("pos"), **DRAWS)
    return ours.value, column(FOLDER, "out_lattice15_G_global.csv", "G")[0]


def _two():
    """Value y against the lag of x."""
    return spatial.morans_i(*_lattice("y"), **DRAWS, other=column(FOLDER, "in_lattice15.csv", "x"))


@case("morans_i of two variables", FOLDER, "out_lattice15_moran_bv.csv")
def _moran_of_two():
    return _two().value, column(FOLDER, "out_lattice15_moran_bv.csv", "I")[0]


@case("morans_i_p of two variables", FOLDER, "out_lattice15_moran_bv.csv", draws=999)
def _moran_of_two_p():
    return _two().p, column(FOLDER, "out_lattice15_moran_bv.csv", "p_sim")[0]


def _local_two():
    return spatial.local_moran(*_lattice("y"), **DRAWS, other=column(FOLDER, "in_lattice15.csv", "x"))


@case("local_moran of two variables", FOLDER, "out_lattice15_moran_local_bv.csv")
def _local_of_two():
    return _local_two().i, column(FOLDER, "out_lattice15_moran_local_bv.csv", "Is")


@case("local_moran_quadrant of two variables", FOLDER, "out_lattice15_moran_local_bv.csv")
def _quadrant_of_two():
    quadrants = [QUADRANTS[quadrant] for quadrant in _local_two().quadrant]
    return quadrants, column(FOLDER, "out_lattice15_moran_local_bv.csv", "q")


@case("local_moran_p of two variables", FOLDER, "out_lattice15_moran_local_bv.csv", draws=999)
def _local_p_of_two():
    return _local_two().p, column(FOLDER, "out_lattice15_moran_local_bv.csv", "p_sim")
