"""Shift-share: by hand, the parts add up, errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.metrics.clusters.shift_share import shift_share

pairs = arrays(
    np.int64, st.tuples(st.just(2), st.integers(2, 6), st.integers(1, 5)), elements=st.integers(0, 10**6)
)


def test_by_hand():
    # The whole grows by half (20 to 30), industry 1 by 2.5 (4 to 14), industry 2 not (16 to 16).
    figures = shift_share([[2, 8], [2, 8]], [[2, 8], [12, 8]])
    np.testing.assert_allclose(figures.change, [0, 10])
    np.testing.assert_allclose(figures.national_share, [5, 5])
    np.testing.assert_allclose(figures.industrial_mix, [2 * 2 - 8 * 0.5] * 2)
    np.testing.assert_allclose(figures.regional_share, [-5, 5])


def test_an_industry_that_is_new_everywhere_is_the_regions_own():
    figures = shift_share([[5, 0], [5, 0]], [[5, 4], [5, 0]])
    np.testing.assert_allclose(figures.regional_share, [4, 0])
    np.testing.assert_allclose(sum(figures[1:]), figures.change + 0 * 1.0)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="expected one size and a reference with employment"):
        shift_share([[1, 2]], [[1, 2, 3]])
    with pytest.raises(ValueError, match="reference with employment"):
        shift_share([[0, 0]], [[1, 2]])


@settings(deadline=None)
@given(pairs)
def test_parts_add_up_and_the_regions_own_cancel(pair):
    before, after = pair.astype(float)
    before[0] += 1  # every industry was there
    figures = shift_share(before, after)
    scale = before.sum() + after.sum() + 1
    np.testing.assert_allclose(sum(figures[1:]) / scale, figures.change / scale, atol=1e-9)
    assert abs(figures.regional_share.sum()) / scale < 1e-9
    assert abs(figures.industrial_mix.sum()) / scale < 1e-9
