"""REAT 3.0.3: German industries and regions, plants of two small economies, inequality of GDP per head, shift-share.

Its K i and K j compare with the plain mean of the other industries' or regions' shares, a third reference beside the two
of method.md (all regions, all others together); they have no comparison here.
"""

import numpy as np
import polars as pl

from pipelines.metrics.clusters import inequality, specialisation
from pipelines.metrics.clusters.plants import coagglomeration, plant_concentration
from pipelines.metrics.clusters.shift_share import shift_share
from tests.parity.registry import case, column, matrix, not_covered, table

FOLDER = "reat"


def _german():
    """Employees, 16 regions x 17 industries, in the order of codes that the peer's files have."""
    long = table(FOLDER, "in_german_16x17_long.csv").sort("region_code", "ind_code")
    return long["emp_all"].to_numpy().reshape(16, 17).astype(float)


def _german_case(metric, file, name, figures):
    @case(metric, FOLDER, file)
    def _one():
        return figures(_german()), column(FOLDER, file, name)


def _gini_of_quotients(e):
    return inequality.gini(specialisation.location_quotient(e))


def _gini_over_industries(e):
    return inequality.gini(specialisation.location_quotient(e).T)


for _metric, _file, _name, _figures in (
    ("herfindahl_industries", "out_german_by_industry.csv", "herf", specialisation.herfindahl_industries),
    (
        "hoover_concentration",
        "out_german_by_industry.csv",
        "hoover_vs_total",
        specialisation.hoover_concentration,
    ),
    (
        "krugman_concentration",
        "out_german_by_industry.csv",
        "krugman_conc_vs_total",
        specialisation.krugman_concentration,
    ),
    ("gini of quotients", "out_german_by_industry.csv", "gini_conc", _gini_of_quotients),
    ("hoover_concentration", "out_german_conc_industry.csv", "H i", specialisation.hoover_concentration),
    ("gini of quotients", "out_german_conc_industry.csv", "G i", _gini_of_quotients),
    ("herfindahl_regions", "out_german_by_region.csv", "herf", specialisation.herfindahl_regions),
    (
        "hoover_specialisation",
        "out_german_by_region.csv",
        "hoover_vs_total",
        specialisation.hoover_specialisation,
    ),
    (
        "krugman_specialisation",
        "out_german_by_region.csv",
        "krugman_spec_vs_total",
        specialisation.krugman_specialisation,
    ),
    ("gini of quotients over industries", "out_german_by_region.csv", "gini_spec", _gini_over_industries),
    ("hoover_specialisation", "out_german_spec_region.csv", "H j", specialisation.hoover_specialisation),
    ("gini of quotients over industries", "out_german_spec_region.csv", "G j", _gini_over_industries),
):
    _german_case(_metric, _file, _name, _figures)


@case("location_quotient", FOLDER, "out_german_locq.csv")
def _lq():
    return specialisation.location_quotient(_german()).T, matrix(FOLDER, "out_german_locq.csv")


def _plants():
    plants = table(FOLDER, "in_firms_9x12.csv")
    return [plants[name].to_numpy() for name in ("industry", "region", "emp")]


def _farhauer_kroell():
    """The plants of Farhauer and Kroell's example and the employment of their regions."""
    plants = table(FOLDER, "in_firms_FK2014_EGC.csv")
    regions = dict(plants.select("region", "emp_region").iter_rows())
    return [plants[name].to_numpy() for name in ("industry", "region", "emp_firm")], regions


def _ellison(file, plants):
    for metric, name in (
        ("ellison_glaeser", "Gamma.i"),
        ("raw_concentration", "G.i"),
        ("z", "z.Gi"),
        ("plants", "K.i"),
        ("herfindahl", "HHI.i"),
    ):

        @case(f"plants: {metric}", FOLDER, file)
        def _one(metric=metric, name=name):
            ours = plant_concentration(*plants())
            several = ours.plants > 1  # one plant: the peer is infinite, ours NULL with a reason
            theirs = column(FOLDER, file, name)
            return getattr(ours, metric)[several], theirs[several]


_ellison("out_firms_9x12_ellison_a2.csv", _plants)
_ellison("out_FK2014_ellison_a2.csv", lambda: _farhauer_kroell()[0])


def _coagglomeration_by_definition(plants, group, regions=None):
    """gamma^c as Ellison and Glaeser print it, with H and the gammas of the industries that cancel in ours."""
    industry, region, employees = plants
    codes = np.unique(region)
    inside = np.isin(industry, group)

    def shares(rows):
        totals = np.array([employees[rows & (region == code)].sum() for code in codes], dtype=float)
        return totals / totals.sum()

    if regions is None:
        x = shares(np.ones(len(region), dtype=bool))
    else:
        x = np.array([regions[code] for code in codes.tolist()]) / sum(regions.values())
    each = plant_concentration(industry, region, employees, regions)
    place = [each.industry.tolist().index(code) for code in group]
    w = np.array([employees[industry == code].sum() for code in group]) / employees[inside].sum()
    h, gamma = each.herfindahl[place], each.ellison_glaeser[place]
    g = np.square(shares(inside) - x).sum()
    return (g / (1 - x @ x) - w**2 @ h - gamma @ (w**2 * (1 - h))) / (1 - w @ w)


ELLISON_C_WRONG = "ellison.c exceeds 1, which the index cannot (Ellison and Glaeser 1997)"


@case("coagglomeration", FOLDER, "out_documented_examples.csv", ELLISON_C_WRONG)
def _documented_group():
    plants, regions = _farhauer_kroell()
    group = sorted(set(plants[0]))
    theirs = table(FOLDER, "out_documented_examples.csv").filter(pl.col("fn") == "ellison.c_FK")["computed"][
        0
    ]
    return (
        coagglomeration(*plants, group, regions),
        theirs,
        _coagglomeration_by_definition(plants, group, regions),
    )


@case("coagglomeration of pairs", FOLDER, "out_FK2014_ellison_c2.csv", ELLISON_C_WRONG)
def _pairs():
    plants, regions = _farhauer_kroell()
    pairs = [pair.split("-") for pair in table(FOLDER, "out_FK2014_ellison_c2.csv")["pair"]]
    ours = [coagglomeration(*plants, pair, regions) for pair in pairs]
    right = [_coagglomeration_by_definition(plants, pair, regions) for pair in pairs]
    return ours, column(FOLDER, "out_FK2014_ellison_c2.csv", "Gamma.c"), right


@case("coagglomeration", FOLDER, "out_firms_9x12_ellison_c.csv", "gives -infinity for sets of industries")
def _sets():
    sets = [["I01", "I02"], ["I03", "I04", "I05"]]
    theirs = column(FOLDER, "out_firms_9x12_ellison_c.csv", "gamma_c")[
        1:
    ]  # without "all", which has I12: one plant
    ours = [coagglomeration(*_plants(), one) for one in sets]
    return ours, theirs, [_coagglomeration_by_definition(_plants(), one) for one in sets]


# The examples of REAT's manual, after Farhauer and Kroell (2014): a plant register and an industry's five regions.
EXAMPLE_PLANTS = [200, 650, 12000, 100, 50, 16000, 13000, 1500, 1500, 25000]
EXAMPLE_REGIONS = ["Wien"] * 5 + ["Linz"] * 4 + ["Graz"]
EXAMPLE_EMPLOYMENT = {"Wien": 500000, "Linz": 400000, "Graz": 100000}
EXAMPLE_INDUSTRY, EXAMPLE_ALL = [500, 500, 1000, 7000, 1000], [20000, 15000, 20000, 40000, 5000]


def _example(name):
    return table(FOLDER, "out_documented_examples.csv").filter(pl.col("fn") == name)["computed"][0]


@case("plants: ellison_glaeser", FOLDER, "out_documented_examples.csv")
def _documented_plants():
    ours = plant_concentration(["one"] * 10, EXAMPLE_REGIONS, EXAMPLE_PLANTS, EXAMPLE_EMPLOYMENT)
    return ours.ellison_glaeser[0], _example("ellison.a")


@case("gini of quotients", FOLDER, "out_documented_examples.csv")
def _documented_gini():
    ratios = np.array(EXAMPLE_INDUSTRY)[:, None] / np.array(EXAMPLE_ALL)[:, None]
    return inequality.gini(ratios)[0], _example("gini.conc")


def _income():
    """GDP per head (units, 1), GDP (units, 1) and population (units,)."""
    given = table(FOLDER, "in_german_gdp_pop_2015.csv")
    gdp, population = given["gdp"].to_numpy()[:, None] * 1e9, given["pop"].to_numpy().astype(float)
    return gdp / population[:, None], gdp, population


def _theirs(file, row):
    given = table(FOLDER, file)
    return given.filter(given[given.columns[0]] == row)[:, 1].to_numpy()


for _file, _rows in (
    ("out_german_disp.csv", {"gini": "Gini", "gini, weighted": "Gini w", "hhi": "HHI", "theil l": "Theil"}),
    (
        "out_german_inequality_pc_gdp.csv",
        {"gini": "gini", "gini, weighted": "gini2_w", "hhi": "herf", "theil l": "theil"},
    ),
):
    _weighted = "Theil w" if _file == "out_german_disp.csv" else "theil_w"

    @case("gini", FOLDER, _file)
    def _gini(file=_file, row=_rows["gini"]):
        return inequality.gini(_income()[0]), _theirs(file, row)

    @case("gini, weighted", FOLDER, _file)
    def _gini_weighted(file=_file, row=_rows["gini, weighted"]):
        per_head, _, population = _income()
        return inequality.gini(per_head, population), _theirs(file, row)

    @case("herfindahl", FOLDER, _file)
    def _herfindahl(file=_file, row=_rows["hhi"]):
        return specialisation.herfindahl_industries(_income()[0]), _theirs(file, row)

    @case("theil, L of equal units", FOLDER, _file)
    def _theil(file=_file, row=_rows["theil l"]):
        # The peer's "theil" is the mean log deviation, Theil's L.
        return inequality.theil(_income()[0]).l, _theirs(file, row)

    @case("theil, L weighted", FOLDER, _file, "negative, which Theil's index cannot be")
    def _theil_weighted(file=_file, row=_weighted):
        per_head, gdp, population = _income()
        weight = population / population.sum()
        right = weight @ np.log(weight @ per_head / per_head)
        return inequality.theil(gdp, population).l, _theirs(file, row), right


@case("shift_share", FOLDER, "out_goettingen_shift.csv")
def _goettingen():
    years = table(FOLDER, "in_goettingen.csv")[1:]  # the first row is the sum
    before, after = (years[name].to_numpy()[None, :] for name in ("Goettingen2008", "Goettingen2017"))
    germany = (years[name].to_numpy() for name in ("BRD2008", "BRD2017"))
    ours = shift_share(before, after, *germany)
    net_total_shift = ours.industrial_mix[0] + ours.regional_share[0]
    theirs = column(FOLDER, "out_goettingen_shift.csv", "Components")
    return [*(part[0] for part in ours), net_total_shift], theirs


not_covered(
    FOLDER, "out_firms_howard*", "Howard's cluster index needs random draws of the peer; not in method.md"
)
not_covered(
    FOLDER,
    "out_german_litzenberger2.csv",
    "Litzenberger-Sternberg index needs areas and firms of zones; not in method.md",
)
