"""Draws, percentiles and Sobol indices against what is known of them; the same seed gives the same bits."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from pipelines.metrics.composite import aggregation, uncertainty


def ishigami(x: np.ndarray) -> np.ndarray:
    """sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 on [-pi, pi]^3 (Ishigami and Homma 1990)."""
    x = (2 * x - 1) * np.pi
    return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def test_sobol_indices_of_the_ishigami_function():
    found = uncertainty.sobol(ishigami(uncertainty.saltelli(2**13, 3, 1)))
    np.testing.assert_allclose(found.first, [0.3139, 0.4424, 0], atol=0.02)
    np.testing.assert_allclose(found.total, [0.5576, 0.4424, 0.2437], atol=0.01)
    assert found.variance == pytest.approx(13.8446, rel=0.01)


def test_centring_makes_the_indices_free_of_the_level():
    design = uncertainty.saltelli(256, 3, 2)
    low, high = (uncertainty.sobol(ishigami(design) + level) for level in (0, 1e4))
    np.testing.assert_allclose(low.first, high.first, atol=1e-8)
    np.testing.assert_allclose(low.total, high.total, atol=1e-8)


def test_indices_of_several_outputs_weigh_by_variance():
    design = uncertainty.saltelli(1024, 2, 3)
    outputs = np.stack([3 * design[..., 0], design[..., 1]], axis=-1)
    np.testing.assert_allclose(uncertainty.sobol(outputs).total, [0.9, 0.1], atol=0.01)


def test_standard_errors_cover_what_a_plain_sample_errs():
    rng = np.random.default_rng(5)
    a, b = rng.random((2, 4096, 3))
    mixed = [np.where(np.arange(3) == k, b, a) for k in range(3)]
    outputs = ishigami(np.stack([a, b, *mixed]))
    found, (first, total) = uncertainty.sobol(outputs), uncertainty.sobol_error(outputs, 200, 1)
    assert (np.abs(found.first - [0.3139, 0.4424, 0]) < 4 * first).all() and (first < 0.1).all()
    assert (np.abs(found.total - [0.5576, 0.4424, 0.2437]) < 4 * total).all() and (total < 0.1).all()


def test_an_output_that_never_varies_has_no_indices():
    found = uncertainty.sobol(np.ones((4, 8)))
    assert np.isnan(found.first).all() and np.isnan(found.total).all() and found.variance == 0


def test_dirichlet_weights_have_the_nominal_mean_and_declared_spread():
    nominal = np.array([0.5, 0.3, 0.2, 0.0])
    drawn = uncertainty.dirichlet(np.random.default_rng(1), nominal, 50, 20_000)
    np.testing.assert_allclose(drawn.sum(axis=1), 1)
    np.testing.assert_allclose(drawn.mean(axis=0), nominal, atol=2e-3)
    np.testing.assert_allclose(drawn.var(axis=0), nominal * (1 - nominal) / 51, atol=2e-4)
    assert (drawn[:, 3] == 0).all()


def test_percentiles_are_numpys_and_nan_where_a_replication_is():
    x = np.random.default_rng(2).random((101, 4, 3))
    x[7, 1, 1] = np.nan
    found = uncertainty.percentiles(x, [0.05, 0.5, 0.95])
    np.testing.assert_allclose(found, np.quantile(x, [0.05, 0.5, 0.95], axis=0), rtol=1e-12)
    assert np.isnan(found[:, 1, 1]).all() and np.isnan(found).sum() == 3


def test_options_are_equally_likely():
    assert np.bincount(uncertainty.option(np.linspace(0, 1, 3000, endpoint=False), 3)).tolist() == [1000] * 3
    assert uncertainty.option(np.array([np.nextafter(1, 0)]), 3).tolist() == [2]


def small_index(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    variants, parents = rng.random((3, 30, 8)), [np.arange(8) // 3, np.zeros(3, dtype=int)]
    weights = [uncertainty.dirichlet(rng, np.full(k, 1 / k), 50, 200) for k in (8, 3)]
    return uncertainty.replicate(
        variants, rng.integers(3, size=200), rng.integers(0, 2, 200).astype(float), weights, parents
    )


def test_replications_are_single_indices():
    rng = np.random.default_rng(9)
    variants, parents = rng.random((2, 12, 5)), [np.array([0, 0, 1, 1, 1]), np.zeros(2, dtype=int)]
    weights = [rng.random((6, 5)), rng.random((6, 2))]
    variant, power = np.array([0, 1, 0, 1, 0, 1]), np.array([1.0, 0, 0, 1, -1, 2])
    many = uncertainty.replicate(variants, variant, power, weights, parents)
    for r in range(6):
        one = aggregation.hierarchy(variants[variant[r]], [w[r] for w in weights], parents, power[r])[-1][
            :, 0
        ]
        assert np.array_equal(many[r], one)


def test_the_same_seed_gives_the_same_bits_with_one_thread_and_with_two():
    script = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.metrics.test_uncertainty import small_index\nprint(small_index(4).tobytes().hex())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"OPENBLAS_NUM_THREADS": n, "OMP_NUM_THREADS": n, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for n in ("1", "2")
    }
    assert prints == {small_index(4).tobytes().hex()}
