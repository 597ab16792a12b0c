"""EconGeo 2.1: 16 German Laender x 17 industries and 40 synthetic regions x 60 industries.

The two data sets share their cases; `both` registers one function for each of them.
"""

from pipelines.metrics import complexity, specialisation
from tests.parity.registry import case, column, matrix

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
