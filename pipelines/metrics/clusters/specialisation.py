"""Specialisation and concentration of a regions x industries employment matrix.

Indices that need only the matrix belong here. Measures with neighbours belong to spatial.py, measures with an
eigenvector to complexity.py, column names and reason codes to the tables.

In every function, `e` has shape (regions, industries): persons employed, float, not negative, every cell
observed. Anything else raises ValueError. A region without employment and an industry without employment have
figures of NaN, never 0 or infinity.
"""

import numpy as np


def checked_matrix(e: np.ndarray) -> np.ndarray:
    """Return `e` as float64 of shape (regions, industries); ValueError unless finite and not negative.

    The square of a large count overflows as an integer (as in some other packages), but not as a float.
    """
    matrix = np.asarray(e, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"employment matrix: found {matrix.ndim} dimension(s), expected 2")
    bad = ~(np.isfinite(matrix) & (matrix >= 0))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"employment matrix: row {row}, column {column} holds {matrix[row, column]}, "
            "expected a finite number that is not negative"
        )
    return matrix


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """numerator / denominator, NaN (instead of infinity and a warning) where the denominator is 0."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    return np.divide(numerator, denominator, out=np.full(shape, np.nan), where=denominator != 0)


def zone_shares(e: np.ndarray) -> np.ndarray:
    """Share of each industry in its region's employment, s_ij = e_ij / e_j; shape of `e`, rows sum to 1."""
    e = checked_matrix(e)
    return _ratio(e, e.sum(axis=1, keepdims=True))


def industry_shares(e: np.ndarray) -> np.ndarray:
    """Share of each region in the industry's employment, e_ij / e_i; shape of `e`, columns sum to 1."""
    e = checked_matrix(e)
    return _ratio(e, e.sum(axis=0, keepdims=True))


def reference_shares(e: np.ndarray) -> np.ndarray:
    """Share of each industry in the employment of all regions together, e_i / e; shape (industries,)."""
    e = checked_matrix(e)
    return _ratio(e.sum(axis=0), e.sum())


def region_weights(e: np.ndarray) -> np.ndarray:
    """Share of each region in the employment of all regions together, e_j / e; shape (regions,)."""
    e = checked_matrix(e)
    return _ratio(e.sum(axis=1), e.sum())


def location_quotient(e: np.ndarray) -> np.ndarray:
    """LQ = (e_ij / e_j) / (e_i / e), shape of `e`. 1 means: as in the reference, which is all regions of `e`.

    NaN for a region or an industry without employment. Source: Florence (1939), Hoover (1936).

    >>> location_quotient(np.array([[3.0, 1.0], [1.0, 3.0]])).tolist()
    [[1.5, 0.5], [0.5, 1.5]]
    """
    return _ratio(zone_shares(e), reference_shares(e))


def herfindahl_regions(e: np.ndarray) -> np.ndarray:
    """Herfindahl-Hirschman index of each region over its industries, sum of s_ij^2; shape (regions,).

    From 1/industries (even) to 1 (one industry only).

    >>> herfindahl_regions(np.array([[2.0, 2.0], [4.0, 0.0]])).tolist()
    [0.5, 1.0]
    """
    return np.square(zone_shares(e)).sum(axis=1)


def herfindahl_industries(e: np.ndarray) -> np.ndarray:
    """Herfindahl-Hirschman index of each industry over the regions; shape (industries,), 1/regions to 1."""
    return np.square(industry_shares(e)).sum(axis=0)


def entropy(e: np.ndarray) -> np.ndarray:
    """Shannon entropy of each region over its industries, - sum s ln s / ln 2 in bits; shape (regions,).

    From 0 (one industry only) to log2(industries) (even). 0 ln 0 counts as 0. Source: Shannon (1948).
    """
    s = zone_shares(e)
    return -(s * np.log2(s, out=np.zeros(s.shape), where=s > 0)).sum(axis=1) + 0.0  # no negative zero


def hachman(e: np.ndarray) -> np.ndarray:
    """Hachman index of each region, 1 / sum s_ij LQ_ij; shape (regions,).

    1 means: the same shares as the reference. The inverse is the mean location quotient, weighted by the
    region's shares. Source: Hachman (1994).
    """
    return _ratio(np.array(1.0), np.nansum(zone_shares(e) * location_quotient(e), axis=1))


def krugman_specialisation(e: np.ndarray, reference: str = "all") -> np.ndarray:
    """Krugman index of each region, sum over industries of |s_ij - s_i|; shape (regions,), from 0 to 2.

    reference 'all': s_i is over all regions, with the region itself. 'others': s_i is over all regions except
    the region itself, so that a large region is not compared with itself; NaN where the others have no
    employment. Source: Krugman (1991), Geography and Trade.
    """
    e = checked_matrix(e)
    if reference == "all":
        compared = reference_shares(e)
    elif reference == "others":
        others = e.sum(axis=0) - e
        compared = _ratio(others, others.sum(axis=1, keepdims=True))
    else:
        raise ValueError(f"krugman_specialisation: reference is {reference!r}, expected 'all' or 'others'")
    return np.minimum(np.abs(zone_shares(e) - compared).sum(axis=1), 2)  # no rounding beyond the bound


def krugman_concentration(e: np.ndarray) -> np.ndarray:
    """Krugman index of each industry, sum over regions of |e_ij/e_i - e_j/e|; shape (industries,), 0 to 2."""
    return np.abs(industry_shares(e) - region_weights(e)[:, None]).sum(axis=0)


def hoover_specialisation(e: np.ndarray) -> np.ndarray:
    """Hoover's coefficient of specialisation: half of Krugman's, all regions; shape (regions,), 0 to 1.

    The share of the region's employment that would have to change industry to match the reference.
    Source: Hoover and Giarratani (1985).
    """
    return krugman_specialisation(e) / 2


def hoover_concentration(e: np.ndarray) -> np.ndarray:
    """Hoover's coefficient of localisation: half of Krugman's; shape (industries,), 0 to 1.

    The share of the industry's employment that would have to move for the same distribution as all
    employment.
    """
    return krugman_concentration(e) / 2


def locational_gini(e: np.ndarray) -> np.ndarray:
    """Locational Gini of each industry against all employment; shape (industries,), from 0 to just below 0.5.

    The area between the diagonal and the Lorenz curve of the industry's shares over the regions' shares in
    all employment, with the regions in order of LQ. This is the area itself, as in EconGeo; the plain Gini
    coefficient is twice as large. Source: Krugman (1991), Geography and Trade, appendix D.
    """
    e = checked_matrix(e)
    # A region without employment has no quotient: NaN sorts last, where its width and height are 0.
    order = np.argsort(location_quotient(e), axis=0, kind="stable")
    width = region_weights(e)[order]
    height = np.cumsum(np.take_along_axis(industry_shares(e), order, axis=0), axis=0)
    below = np.vstack([np.zeros((1, e.shape[1])), height[:-1]])
    area = 0.5 - (width * (height + below) / 2).sum(axis=0)
    return np.where(e.any(axis=0), np.maximum(area, 0), np.nan)  # an even industry may round below 0
