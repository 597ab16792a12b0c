"""Shift-share: the parts of a region's change that come from the whole, from its industries and from itself.

The decomposition of a change between two years belongs here. The tables decide which years and zones are
compared.
"""

from typing import NamedTuple

import numpy as np

from pipelines.metrics.clusters.specialisation import checked_matrix


class ShiftShare(NamedTuple):
    """Arrays (regions,): the change of the sum over industries, and its three parts.

    The parts add up to the change.
    """

    change: np.ndarray
    national_share: np.ndarray
    industrial_mix: np.ndarray
    regional_share: np.ndarray


def shift_share(
    before: np.ndarray,
    after: np.ndarray,
    reference_before: np.ndarray | None = None,
    reference_after: np.ndarray | None = None,
) -> ShiftShare:
    """Change = national share + industrial mix + regional share, in the unit of the matrices.

    `before` and `after` are (regions, industries) as in specialisation.py. `reference_*` are (industries,);
    without them, the sums over the regions are the reference. With g the growth of the whole reference and
    g_i that of industry i: national share sum e_ij g, industrial mix sum e_ij (g_i - g), regional share sum
    e'_ij - e_ij (1 + g_i). An industry that the reference did not have before has no growth of its own; its
    whole change is regional. ValueError for sizes that differ or a reference without employment. Source: Dunn
    (1960), Esteban-Marquillas (1972).
    """
    before, after = checked_matrix(before), checked_matrix(after)
    reference_before = (
        before.sum(axis=0) if reference_before is None else np.asarray(reference_before, dtype=np.float64)
    )
    reference_after = (
        after.sum(axis=0) if reference_after is None else np.asarray(reference_after, dtype=np.float64)
    )
    sizes = {
        before.shape,
        after.shape,
        (len(before), *reference_before.shape),
        (len(before), *reference_after.shape),
    }
    if len(sizes) > 1 or not reference_before.sum() > 0:
        raise ValueError(
            f"shift_share: found sizes {sizes}, expected one size and a reference with employment"
        )
    whole = reference_after.sum() / reference_before.sum() - 1
    had = reference_before > 0
    growth = np.divide(reference_after, reference_before, out=np.ones(had.shape), where=had) - 1
    mix = before @ np.where(had, growth - whole, 0)
    national = before.sum(axis=1) * whole
    return ShiftShare(
        (after - before).sum(axis=1), national, mix, (after - before * (1 + growth)).sum(axis=1)
    )
