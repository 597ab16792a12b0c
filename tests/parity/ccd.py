"""Coupling coordination: mathmodels 0.0.11 (its numbers only), the variants in use, and Wang et al. (2021)."""

import numpy as np

from pipelines.metrics.composite.coupling import coupling_coordination, obstacle_degree
from tests.parity.registry import case, column, matrix

FOLDER = "ccd"
OBSTACLE_WEIGHTS = (0.4, 0.3, 0.2, 0.1)
EPSILON = "adds a small number to zero scores, so that C of two zeros is 2 and of one zero is not 0"
WRONG_FORMS = {
    "lost_coef": "the coefficient n is lost, so that C cannot reach 1",
    "liao_k2": "C is squared, which is another measure under the same name",
    "no_root": "the n-th root is lost",
    "pairwise_denominator": "the sum is replaced by a product of pairs, so that C exceeds 1",
}


def _scores(subsystems):
    return matrix(FOLDER, "in_subsystems.csv")[:, :subsystems]


def _by_logarithms(u):
    """C by the sum of logarithms instead of our product of shares; 0 where one score is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return u.shape[1] * np.exp(np.log(u).mean(axis=1)) / u.sum(axis=1)


def _standard(subsystems):
    file = f"out_n{subsystems}_standard.csv"

    @case("coupling_c", FOLDER, file, EPSILON)
    def _zeros():
        u = _scores(subsystems)
        return coupling_coordination(u).c, column(FOLDER, file, "coupling"), _by_logarithms(u)

    @case("coupling_d of scores above 0", FOLDER, file)
    def _positive():
        u = _scores(subsystems)
        positive = (u > 0).all(axis=1)
        return coupling_coordination(u).d[positive], column(FOLDER, file, "coupling_coord")[positive]

    @case("coupling_t", FOLDER, file)
    def _development():
        return coupling_coordination(_scores(subsystems)).t, column(FOLDER, file, "coord")


def _adjusted(subsystems):
    file = f"out_n{subsystems}_adjusted.csv"

    @case("coupling_c wang2021", FOLDER, file)
    def _c():
        ours = coupling_coordination(_scores(subsystems), form="wang2021")
        return ours.c, column(FOLDER, file, "coupling")

    @case("coupling_d wang2021", FOLDER, file)
    def _d():
        ours = coupling_coordination(_scores(subsystems), form="wang2021")
        return ours.d, column(FOLDER, file, "coupling_coord")


def _variants(subsystems):
    file, own = "out_variants.csv", {"std": "standard", "wang2021": "wang2021"}
    for suffix, form in own.items():

        @case(f"coupling_c {form}, {subsystems} subsystems", FOLDER, file)
        def _c(form=form, suffix=suffix):
            ours = coupling_coordination(_scores(subsystems), form=form)
            return ours.c, column(FOLDER, file, f"C{subsystems}_{suffix}")

        @case(f"coupling_d {form}, {subsystems} subsystems", FOLDER, file)
        def _d(form=form, suffix=suffix):
            ours = coupling_coordination(_scores(subsystems), form=form)
            return ours.d, column(FOLDER, file, f"D{subsystems}_{suffix}")

    for suffix, why in WRONG_FORMS.items():

        @case(f"coupling_c beside {suffix}, {subsystems} subsystems", FOLDER, file, why)
        def _wrong(suffix=suffix):
            u = _scores(subsystems)
            theirs = column(FOLDER, file, f"C{subsystems}_{suffix}")
            return coupling_coordination(u).c, theirs, _by_logarithms(u)


for _subsystems in (2, 3, 4):
    _standard(_subsystems)
    _adjusted(_subsystems)
for _subsystems in (2, 4):
    _variants(_subsystems)


@case("coupling_d weighted, scores above 0", FOLDER, "out_n2_standard_w0.6_0.4.csv")
def _weighted():
    u = _scores(2)
    positive = (u > 0).all(axis=1)
    theirs = column(FOLDER, "out_n2_standard_w0.6_0.4.csv", "coupling_coord")
    return coupling_coordination(u, [0.6, 0.4]).d[positive], theirs[positive]


@case("coupling_c standard", FOLDER, "out_wang2021_table8_2008_implied.csv")
def _table_8():
    largest, smallest = _table_8_scores()
    ours = coupling_coordination(np.column_stack([largest, smallest]))
    return ours.c, column(FOLDER, "out_wang2021_table8_2008_implied.csv", "C_orig")


@case("coupling_c wang2021", FOLDER, "out_wang2021_table8_2008_implied.csv")
def _table_8_modified():
    ours = coupling_coordination(np.column_stack(_table_8_scores()), form="wang2021")
    return ours.c, column(FOLDER, "out_wang2021_table8_2008_implied.csv", "C_mod")


def _table_8_scores():
    file = "out_wang2021_table8_2008_implied.csv"
    return column(FOLDER, file, "implied_Umax"), column(FOLDER, file, "implied_Umin")


@case("obstacle_degree", FOLDER, "out_n4_obstacle_scaled.csv")
def _obstacle():
    return obstacle_degree(_scores(4), OBSTACLE_WEIGHTS).degree, matrix(FOLDER, "out_n4_obstacle_scaled.csv")
