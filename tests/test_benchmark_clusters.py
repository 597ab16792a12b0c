"""The benchmark of the cluster metrics keeps working on a small panel. Nothing is timed."""

from __future__ import annotations

import numpy as np

from benchmarks import cluster_metrics


def test_every_metric_of_the_panel_is_computed():
    for e in cluster_metrics.panel(20, 40, 2):
        figures = cluster_metrics.metrics_of(e)
        assert set(figures.eci_reason) == {None}


def test_places_have_weights_and_a_pattern():
    given = cluster_metrics.places(60)
    np.testing.assert_allclose(given["weights"].sum(axis=1), 1)
    seconds, figures = cluster_metrics.local_moran_seconds(given)
    assert seconds > 0
    assert figures.mean() > 0
