"""Parity of the cluster metrics with EconGeo, ecomplexity and esda.

Two sources: fixtures/ (always there) and the full set of reference cases beside the project (skipped when
missing). Figures agree to 1e-9 relative, except where the peer rounds (its last digit) and the permutation
p-values, where the random numbers differ (five standard errors of the difference).

Not reproduced, because the peer is wrong or means something else: EconGeo's kci and tci (matrix rounded to 4
digits before the eigenvectors), its rca and densities (rounded), its 0 for a quotient that is not defined;
ecomplexity's NaN for a whole year with one region of diversity 0; esda's significant islands.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.metrics import complexity, spatial, specialisation

FIXTURES = Path(__file__).parent / "fixtures"
CASES = Path(__file__).parents[3] / "shared" / "cases"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the reference cases are not beside the project")
DATA_SETS = ["german_16x17", "synth_40x60"]
QUADRANTS = {1: "HH", 2: "LH", 3: "LL", 4: "HL"}
DRAWS = 999


def _matrix(path: Path) -> np.ndarray:
    return pl.read_csv(path)[:, 1:].to_numpy().astype(float)


def _values(path: Path) -> np.ndarray:
    return pl.read_csv(path)["value"].to_numpy()


def _agrees(ours: np.ndarray, peer: np.ndarray) -> None:
    np.testing.assert_allclose(ours, peer, rtol=1e-9, atol=1e-12)


def _agrees_rounded(ours: np.ndarray, peer: np.ndarray, digits: int) -> None:
    np.testing.assert_allclose(ours, peer, rtol=0, atol=0.5 * 10**-digits + 1e-9)


def _agrees_in_probability(ours: np.ndarray, peer: np.ndarray) -> None:
    middle = (ours + peer) / 2
    error = np.sqrt(2 * middle * (1 - middle) / DRAWS)
    assert (np.abs(ours - peer) <= 5 * error + 2 / (DRAWS + 1)).all()


def _codes(n: int) -> list[str]:
    return [f"{place:03d}" for place in range(n)]


def _nearest_on_the_plane(x: np.ndarray, y: np.ndarray, neighbours: int) -> np.ndarray:
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    np.fill_diagonal(distance, np.inf)
    weights = np.zeros(distance.shape)
    nearest = np.argsort(distance, axis=1)[:, :neighbours]
    np.put_along_axis(weights, nearest, 1 / neighbours, axis=1)
    return weights


def _local_moran_agrees(values: np.ndarray, weights: np.ndarray, peer: pl.DataFrame) -> None:
    ours = spatial.local_moran(_codes(len(values)), values, weights, permutations=DRAWS, seed=12345)
    _agrees(ours.i, peer["Is"].to_numpy())
    assert list(ours.quadrant) == [QUADRANTS[q] for q in peer["q"]]
    _agrees_in_probability(ours.p, peer["p_sim"].to_numpy())


def test_fixture_regions_and_industries():
    e = _matrix(FIXTURES / "german_employment.csv")
    regions = pl.read_csv(FIXTURES / "german_regions.csv")
    industries = pl.read_csv(FIXTURES / "german_industries.csv")
    index = complexity.eci_pci(complexity.revealed_advantage(e))
    _agrees(specialisation.herfindahl_regions(e), regions["herfindahl"].to_numpy())
    _agrees(specialisation.krugman_specialisation(e), regions["krugman"].to_numpy())
    _agrees(specialisation.hoover_specialisation(e), regions["hoover"].to_numpy())
    _agrees(specialisation.locational_gini(e), industries["locational_gini"].to_numpy())
    _agrees_rounded(
        100 * specialisation.hoover_concentration(e), industries["hoover_pct_round2"].to_numpy(), digits=2
    )
    _agrees(index.eci, regions["eci"].to_numpy())
    _agrees(index.pci, industries["pci"].to_numpy())


def test_fixture_cells():
    e = _matrix(FIXTURES / "german_employment.csv")
    cells = pl.read_csv(FIXTURES / "german_cells.csv")
    m = complexity.revealed_advantage(e)
    _agrees(specialisation.location_quotient(e).ravel(), cells["location_quotient"].to_numpy())
    np.testing.assert_array_equal(m.ravel(), cells["has_advantage"].to_numpy())
    _agrees(complexity.relatedness_density(m).ravel(), cells["relatedness_density"].to_numpy())


def test_fixture_points():
    points = pl.read_csv(FIXTURES / "points.csv")
    weights = _nearest_on_the_plane(points["x"].to_numpy(), points["y"].to_numpy(), 5)
    values = points["z"].to_numpy()
    moran = spatial.morans_i(_codes(len(values)), values, weights, permutations=DRAWS, seed=12345)
    _agrees(moran.i, 0.6838908527929543)
    assert moran.p == 1 / (DRAWS + 1)
    _local_moran_agrees(values, weights, points)


@needs_cases
@pytest.mark.parametrize("name", DATA_SETS)
def test_econgeo(name):
    folder = CASES / "econgeo"
    e = _matrix(folder / f"in_{name}_emp.csv")
    peer = {path.stem.removeprefix(f"out_{name}_"): path for path in folder.glob(f"out_{name}_*.csv")}
    m = complexity.revealed_advantage(e)
    _agrees(specialisation.location_quotient(e), _matrix(peer["lq"]))
    np.testing.assert_array_equal(m, _matrix(peer["lq_binary"]))
    _agrees(specialisation.herfindahl_regions(e), _values(peer["herfindahl_region"]))
    _agrees(specialisation.krugman_specialisation(e), _values(peer["krugman_region"]))
    _agrees(specialisation.hoover_specialisation(e), _values(peer["spec_coeff_region"]))
    _agrees(specialisation.locational_gini(e), _values(peer["locational_gini_industry"]))
    np.testing.assert_array_equal(complexity.diversity(m), _values(peer["diversity"]))
    np.testing.assert_array_equal(complexity.ubiquity(m), _values(peer["ubiquity"]))
    hoover = _values(peer["hoover_index_industry_vs_total_pct_round2"])
    _agrees_rounded(100 * specialisation.hoover_concentration(e), hoover, digits=2)


@needs_cases
@pytest.mark.parametrize("name", DATA_SETS)
def test_ecomplexity(name):
    folder = CASES / "ecomplexity"
    e = _matrix(folder / f"in_{name}_emp.csv")
    cells = pl.read_csv(folder / f"out_{name}_emp_full.csv")
    peer = {column: cells[column].to_numpy().reshape(e.shape) for column in cells.columns[4:]}
    pairs = pl.read_csv(folder / f"out_{name}_emp_proximity.csv")["proximity"].to_numpy()
    m = complexity.revealed_advantage(e)
    index = complexity.eci_pci(m)
    np.testing.assert_array_equal(m, peer["mcp"])
    _agrees(index.eci, peer["eci"][:, 0])
    _agrees(index.pci, peer["pci"][0])
    _agrees(complexity.proximity(m).ravel(), pairs)
    _agrees(complexity.relatedness_density(m), peer["density"])


@needs_cases
@pytest.mark.parametrize(
    ("places", "value", "weights", "moran", "local"),
    [
        ("lattice15", "y", "lattice15_w_rowstd", "lattice15_moran_geary", "lattice15_moran_local_seed12345"),
        (
            "points200",
            "z",
            "points200_w_knn5_rowstd",
            "points200_knn5_moran_geary",
            "points200_knn5_moran_local_seed12345",
        ),
    ],
)
def test_esda(places, value, weights, moran, local):
    folder = CASES / "esda"
    values = pl.read_csv(folder / f"in_{places}.csv")[value].to_numpy()
    links = pl.read_csv(folder / f"in_{weights}.csv")
    w = np.zeros((len(values), len(values)))
    w[links["i"].to_numpy(), links["j"].to_numpy()] = links["w"].to_numpy()
    peer = pl.read_csv(folder / f"out_{moran}.csv").row(0, named=True)
    ours = spatial.morans_i(_codes(len(values)), values, w, permutations=DRAWS, seed=12345)
    _agrees(ours.i, peer["I"])
    _agrees_in_probability(np.array(ours.p), np.array(peer["p_sim"]))
    _local_moran_agrees(values, w, pl.read_csv(folder / f"out_{local}.csv"))


@needs_cases
def test_the_fixtures_are_the_reference_cases():
    given = pl.read_csv(CASES / "esda" / "out_points200_knn5_moran_local_seed12345.csv")
    np.testing.assert_array_equal(pl.read_csv(FIXTURES / "points.csv")["Is"], given["Is"])
    employment = _matrix(CASES / "econgeo" / "in_german_16x17_emp.csv")
    np.testing.assert_array_equal(_matrix(FIXTURES / "german_employment.csv"), employment)
