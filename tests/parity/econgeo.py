"""EconGeo 2.1: 16 German Laender x 17 industries and 40 synthetic regions x 60 industries.

The two data sets share their cases; `both` registers one function for each of them.
"""

import numpy as np

from pipelines.metrics.clusters import complexity, inequality, specialisation
from tests.parity.registry import case, column, matrix, not_covered

DATA_SETS = ("german_16x17", "synth_40x60")
FOLDER = "econgeo"


def both(metric, suffix, peer_wrong=None, *, decimals=None):
    """Decorator: the function takes (employment, path parts of the peer's file) of each data set in turn."""

    def register(function):
        for name in DATA_SETS:
            file = f"out_{name}_{suffix}.csv"

            def figures(name=name, file=file):
                return function(matrix(FOLDER, f"in_{name}_emp.csv"), file)

            figures.__doc__ = function.__doc__
            case(metric, FOLDER, file, peer_wrong, decimals=decimals)(figures)
        return function

    return register


@both("location_quotient", "lq")
def _lq(e, file):
    return specialisation.location_quotient(e), matrix(FOLDER, file)


@both("location_quotient", "rca_round2", decimals=2)
def _rca(e, file):
    return specialisation.location_quotient(e), matrix(FOLDER, file)


@both("revealed_advantage", "M")
@both("revealed_advantage", "lq_binary")
def _advantage(e, file):
    return complexity.revealed_advantage(e), matrix(FOLDER, file)


@both("herfindahl_regions", "herfindahl_region")
def _herfindahl(e, file):
    return specialisation.herfindahl_regions(e), column(FOLDER, file)


@both("krugman_specialisation", "krugman_region")
def _krugman(e, file):
    return specialisation.krugman_specialisation(e), column(FOLDER, file)


@both("hoover_specialisation", "spec_coeff_region")
def _specialisation_coefficient(e, file):
    return specialisation.hoover_specialisation(e), column(FOLDER, file)


@both("hoover_concentration", "hoover_index_industry_vs_total_pct_round2", decimals=2)
def _hoover(e, file):
    return 100 * specialisation.hoover_concentration(e), column(FOLDER, file)


@both("locational_gini", "locational_gini_industry")
def _locational_gini(e, file):
    return specialisation.locational_gini(e), column(FOLDER, file)


@both("locational_gini", "hoover_gini_industry_vs_total_round3", decimals=3)
def _hoover_gini(e, file):
    # The coefficient is twice the area that locational_gini gives.
    return 2 * specialisation.locational_gini(e), column(FOLDER, file)


@both("diversity", "diversity")
def _diversity(e, file):
    return complexity.diversity(complexity.revealed_advantage(e)), column(FOLDER, file)


@both("ubiquity", "ubiquity")
def _ubiquity(e, file):
    return complexity.ubiquity(complexity.revealed_advantage(e)), column(FOLDER, file)


@both("entropy", "entropy_log2_region_round3", decimals=3)
def _entropy(e, file):
    return specialisation.entropy(e), column(FOLDER, file)


@both("hachman", "hachman_region")
def _hachman(e, file):
    return specialisation.hachman(e), column(FOLDER, file)


@both("hachman, inverse", "lq_avg")
def _mean_quotient(e, file):
    return 1 / specialisation.hachman(e), column(FOLDER, file)


@both("gini", "gini_industry_round3", decimals=3)
def _gini(e, file):
    return inequality.gini(e), column(FOLDER, file)


def _relatedness(measure):
    @both(f"relatedness {measure}", f"relatedness_{'prob' if measure == 'probability' else measure}")
    def _of_pairs(e, file):
        return complexity.relatedness(complexity.revealed_advantage(e), measure), matrix(FOLDER, file)


for _measure in ("cosine", "jaccard", "association", "probability"):
    _relatedness(_measure)


def _probable(m):
    """Pairs that occur more often than by chance, as 0 and 1."""
    return (complexity.relatedness(m, "probability") > 1).astype(float)


@both("relatedness probability, above 1", "relatedness_prob_binary")
def _binary(e, file):
    return _probable(complexity.revealed_advantage(e)), matrix(FOLDER, file)


@both("relatedness_density probability", "rel_density_prob_round2", decimals=2)
def _density(e, file):
    m = complexity.revealed_advantage(e)
    ours = complexity.relatedness_density(m, complexity.relatedness(m, "probability"))
    return 100 * ours, matrix(FOLDER, file)


def _binary_density(e):
    m = complexity.revealed_advantage(e)
    return m, 100 * complexity.relatedness_density(m, _probable(m))


@both("relatedness_density binary", "rel_density_probbin_round2", decimals=2)
def _density_binary(e, file):
    return _binary_density(e)[1], matrix(FOLDER, file)


@both("relatedness_density of advantages", "rel_density_int_round0", decimals=0)
def _density_inside(e, file):
    m, density = _binary_density(e)
    return np.where(m, density, np.nan), matrix(FOLDER, file)


@both("relatedness_density of others", "rel_density_ext_round0", decimals=0)
def _density_outside(e, file):
    m, density = _binary_density(e)
    return np.where(m, np.nan, density), matrix(FOLDER, file)


KCI_WRONG = "rounds the matrix to 4 digits before the eigenvectors and does not sign them"


@both("eci", "kci", KCI_WRONG)
def _kci(e, file):
    m = complexity.revealed_advantage(e).astype(float)
    d, u = m.sum(axis=1), m.sum(axis=0)
    return complexity.eci_pci(m).eci, column(FOLDER, file), _second_eigenvector((m / u) @ m.T / d[:, None], d)


@both("pci", "tci", KCI_WRONG)
def _tci(e, file):
    m = complexity.revealed_advantage(e).astype(float)
    d, u = m.sum(axis=1), m.sum(axis=0)
    ours, right = (
        _standardised(complexity.eci_pci(m).pci),
        _second_eigenvector((m.T / d) @ m / u[:, None], -u),
    )
    return ours * np.sign(ours @ right), _standardised(column(FOLDER, file)), right


def _second_eigenvector(stochastic, alike):
    """Of the textbook's matrix that is not symmetric, by the general solver; signed to correlate with `alike`."""
    values, vectors = np.linalg.eig(stochastic)
    second = vectors[:, np.argsort(-values.real)[1]].real
    return _standardised(second) * np.sign(np.corrcoef(second, alike)[0, 1])


def _standardised(figures):
    return (figures - figures.mean()) / figures.std()


@both("reflections, 1 step", "morc1")
def _one_reflection(e, file):
    return complexity.reflections(complexity.revealed_advantage(e), 1)[0], column(FOLDER, file)


@both("reflections, 2 steps", "morc2")
def _two_reflections(e, file):
    return complexity.reflections(complexity.revealed_advantage(e), 2)[0], column(FOLDER, file)


PATENTS = "complexity of patents by ease of recombination: needs classes on one patent, not regions; not in method.md"
LATE = "differences after 20 steps are a billionth of the figures: neither has nine digits of them; eci_pci is the limit"
OTHER = {
    "morc20": LATE,
    "mort19": LATE,
    "cooccurrence": "the co-occurrences from which relatedness is made; covered by relatedness",
    "zscore_cooc": "z-score of co-occurrence: not in method.md, and negative, so that no density can be made of it",
    "norm_ubiquity": PATENTS,
    "ease_recombination": PATENTS,
    "modular_complexity": PATENTS,
    "prody_gdp_1000i": "sophistication of exports by GDP per head: not in method.md, and the peer rounds RCA to 2 digits",
    "expy_gdp_1000i": "sophistication of exports by GDP per head: not in method.md, made from the rounded PRODY",
    "entry_mat": "changes of advantages between two years: preparation of data, not a metric of method.md",
    "exit_mat": "changes of advantages between two years: preparation of data, not a metric of method.md",
    "growth_mat_plus1": "growth in per cent, rounded by the peer: preparation of data, not a metric of method.md",
}
for _suffix, _why in OTHER.items():
    not_covered(FOLDER, f"out_*_{_suffix}.csv", _why)
