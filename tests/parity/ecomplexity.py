"""ecomplexity 0.5.3: complexity, proximity and density on the two data sets of EconGeo's cases."""

from pipelines.metrics.clusters import complexity, specialisation
from tests.parity.registry import case, matrix, not_covered, table

FOLDER = "ecomplexity"
DATA_SETS = ("german_16x17_emp", "synth_40x60_emp")


def _peer(name, e, column):
    return table(FOLDER, f"out_{name}_full.csv")[column].to_numpy().reshape(e.shape)


def _cases_of(name):
    def employment():
        return matrix(FOLDER, f"in_{name}.csv")

    def register(metric, figures):
        @case(metric, FOLDER, f"out_{name}_full.csv")
        def _of_the_full_table():
            e = employment()
            return figures(e, lambda column: _peer(name, e, column))

    register("location_quotient", lambda e, peer: (specialisation.location_quotient(e), peer("rca")))
    register("revealed_advantage", lambda e, peer: (complexity.revealed_advantage(e), peer("mcp")))
    register("diversity", lambda e, peer: (complexity.diversity(_m(e)), peer("diversity")[:, 0]))
    register("ubiquity", lambda e, peer: (complexity.ubiquity(_m(e)), peer("ubiquity")[0]))
    register("eci", lambda e, peer: (complexity.eci_pci(_m(e)).eci, peer("eci")[:, 0]))
    register("pci", lambda e, peer: (complexity.eci_pci(_m(e)).pci, peer("pci")[0]))
    register("relatedness_density", lambda e, peer: (complexity.relatedness_density(_m(e)), peer("density")))

    @case("eci", FOLDER, f"out_{name}_continuous.csv")
    def _beside_continuous_proximity():
        e, file = employment(), f"out_{name}_continuous.csv"
        peer = table(FOLDER, file)["eci"].to_numpy().reshape(e.shape)[:, 0]
        return complexity.eci_pci(_m(e)).eci, peer

    @case("proximity", FOLDER, f"out_{name}_proximity.csv")
    def _proximity():
        pairs = table(FOLDER, f"out_{name}_proximity.csv")["proximity"].to_numpy()
        return complexity.relatedness(_m(employment())).ravel(), pairs


def _m(e):
    return complexity.revealed_advantage(e)


for _name in DATA_SETS:
    _cases_of(_name)

not_covered(FOLDER, "out_world_*", "the trade matrix that they were made from is not among the cases")
