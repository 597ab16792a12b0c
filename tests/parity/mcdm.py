"""Weights and TOPSIS beside pymcdm, scikit-criteria, pyDecision, pyrepo-mcda and ahpy."""

import numpy as np

from pipelines.metrics.composite import aggregation, treatment, weights
from tests.parity.registry import case, column, table

FOLDER = "mcdm"
DIRECTION = np.array([1, 1, 1, -1, 1, -1])
SHIFT = 1e-4
# the weights that the peers were given
GIVEN = np.array([0.25, 0.2, 0.15, 0.15, 0.15, 0.1])


def figures():
    return table(FOLDER, "in_matrix20x6.csv").drop("zone").to_numpy()


def placed():
    return matrix_of("in_minmax_directed.csv")


def matrix_of(file):
    return table(FOLDER, file).to_numpy()


def theirs(file, row):
    rows = table(FOLDER, file)
    return rows.filter(rows[""] == row).drop("").to_numpy()[0]


WEIGHTS = {
    "equal|pymcdm|raw": lambda: weights.equal(6).weights,
    "entropy|pymcdm|raw": lambda: weights.entropy(figures()).weights,
    "entropy|skcriteria|raw": lambda: weights.entropy(figures()).weights,
    "entropy|pyrepo|raw": lambda: weights.entropy(figures()).weights,
    "entropy|skcriteria|minmax_with_zeros": lambda: weights.entropy(placed()).weights,
    "entropy|pyrepo|minmax_with_zeros": lambda: weights.entropy(placed()).weights,
    "entropy|pymcdm|minmax_shift_0.0001": lambda: weights.entropy(placed() + SHIFT).weights,
    "entropy|skcriteria|minmax_shift_0.0001": lambda: weights.entropy(placed() + SHIFT).weights,
    "entropy|pyrepo|minmax_shift_0.0001": lambda: weights.entropy(placed() + SHIFT).weights,
    "entropy|pymcdm|minmax_0.002_0.998": lambda: weights.entropy(0.002 + 0.996 * placed()).weights,
    "entropy|skcriteria|minmax_0.002_0.998": lambda: weights.entropy(0.002 + 0.996 * placed()).weights,
    "entropy|pyrepo|minmax_0.002_0.998": lambda: weights.entropy(0.002 + 0.996 * placed()).weights,
    "critic|pymcdm|raw": lambda: weights.critic(figures()).weights,
    "critic|skcriteria|raw": lambda: weights.critic(figures()).weights,
    "critic|pyrepo|raw": lambda: weights.critic(figures()).weights,
    "critic|skcriteria|raw_directed": lambda: weights.critic(placed()).weights,
}
SCORES = {
    "topsis|pymcdm|minmax": "minmax",
    "topsis|pyrepo|default": "minmax",
    "topsis|pymcdm|vector": "vector",
    "topsis|skcriteria|negate+vector": "vector",
    "topsis|pyDecision|vector": "vector",
}


def _weights(row, ours):
    @case(row, FOLDER, "out_weights.csv")
    def _row():
        return ours(), theirs("out_weights.csv", row)


for _row_name, _ours in WEIGHTS.items():
    _weights(_row_name, _ours)


def _topsis(name, normalisation):
    @case(name, FOLDER, "out_scores.csv")
    def _scores():
        ours = aggregation.topsis(figures(), GIVEN, DIRECTION, normalisation)
        return ours, column(FOLDER, "out_scores.csv", name)


for _name, _normalisation in SCORES.items():
    _topsis(_name, _normalisation)


@case("wsm_minmax (weighted arithmetic mean)", FOLDER, "out_scores.csv")
def _mean():
    ours = aggregation.aggregate(placed(), GIVEN, np.zeros(6, dtype=int), 1.0)[:, 0]
    return ours, column(FOLDER, "out_scores.csv", "wsm_minmax|pymcdm")


@case("min-max, directed", FOLDER, "in_minmax_directed.csv")
def _minmax():
    ours = [treatment.minmax(x, d) for x, d in zip(figures().T, DIRECTION, strict=True)]
    return np.column_stack(ours), placed()


@case("ahp", FOLDER, "out_ahp4.csv")
def _ahp():
    return weights.ahp(matrix_of("in_ahp4.csv")).weights, column(FOLDER, "out_ahp4.csv", "numpy_eig")


@case("ahp", "ccd", "out_ahp4.csv")
def _ahp_consistency():
    ours = weights.ahp(matrix_of("in_ahp4.csv"))
    names = [column("ccd", "out_ahp4.csv", name) for name in ("w", "CR")]
    return np.array([ours.weights, np.full(4, ours.consistency_ratio)]), np.array(names)


@case("ahp consistency index", FOLDER, "out_ahp4_consistency.csv")
def _consistency():
    """The ratio times the random index: the peer's own ratio takes 0.89 for it, an older table than 0.90."""
    ours = weights.ahp(matrix_of("in_ahp4.csv")).consistency_ratio * weights.RANDOM_CONSISTENCY[3]
    return np.array([ours]), column(FOLDER, "out_ahp4_consistency.csv", "CI")


@case("entropy of 0.002 to 0.998", "ccd", "out_weights_matrix20x6.csv")
def _coupling_entropy():
    ours = weights.entropy(0.002 + 0.996 * placed()).weights
    return ours, column("ccd", "out_weights_matrix20x6.csv", "entropy_eps0.002")


@case("critic, directed", "ccd", "out_weights_matrix20x6.csv")
def _coupling_critic():
    return weights.critic(placed()).weights, column("ccd", "out_weights_matrix20x6.csv", "critic")


@case("topsis, vector", "ccd", "out_scores_matrix20x6.csv")
def _coupling_topsis():
    ours = aggregation.topsis(figures(), GIVEN, DIRECTION, "vector")
    return ours, column("ccd", "out_scores_matrix20x6.csv", "topsis")
