"""Relatedness and complexity of a regions x industries matrix of revealed advantage.

The measures of Hidalgo and Hausmann belong here, in the definitions of the Growth Lab's `ecomplexity`. Shares
and quotients belong to specialisation.py, column names to the tables.

In every function, `m` has shape (regions, industries): True or 1 where the region has an advantage in the
industry. A region with no advantage (diversity 0) and an industry that no region has (ubiquity 0) are set
aside: their figures are NaN, and they do not influence the other figures.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from pipelines.metrics.clusters.specialisation import location_quotient

# A quotient of exactly 1 is an advantage; the rounding of the shares must not change that.
ROUNDING = 1e-12
MEASURES = ("proximity", "cosine", "jaccard", "association", "probability")
# Double precision cannot tell two eigenvalues, or a correlation and zero, apart if they are closer than this.
DISTINCT = 1e-9


class Complexity(NamedTuple):
    """eci (regions,), pci (industries,), and a reason code for each element; None where there is a figure."""

    eci: np.ndarray
    pci: np.ndarray
    eci_reason: np.ndarray
    pci_reason: np.ndarray


def revealed_advantage(e: np.ndarray) -> np.ndarray:
    """Boolean matrix in the shape of the employment matrix `e`: True where the location quotient is at
    least 1.

    An undefined quotient (empty region or industry) is no advantage. Source: Balassa (1965).

    >>> revealed_advantage(np.array([[3.0, 1.0], [1.0, 3.0]])).tolist()
    [[True, False], [False, True]]
    """
    return np.nan_to_num(location_quotient(e)) >= 1 - ROUNDING


def _checked(m: np.ndarray) -> np.ndarray:
    m = np.asarray(m, dtype=np.float64)
    if m.ndim != 2 or not ((m == 0) | (m == 1)).all():
        raise ValueError(f"advantage matrix: found shape {m.shape}, expected 2 dimensions of only 0 and 1")
    return m


def diversity(m: np.ndarray) -> np.ndarray:
    """Number of industries in which each region has an advantage; shape (regions,)."""
    return _checked(m).sum(axis=1)


def ubiquity(m: np.ndarray) -> np.ndarray:
    """Number of regions with an advantage in each industry; shape (industries,)."""
    return _checked(m).sum(axis=0)


def relatedness(m: np.ndarray, measure: str = "proximity") -> np.ndarray:
    """Relatedness of each pair of industries, shape (industries, industries), symmetric, not negative.

    'proximity' (0 to 1, diagonal 1): the smaller of the two conditional probabilities of having one advantage
    given the other, that is the regions with both over the larger ubiquity. Source: Hidalgo, Klinger,
    Barabasi, Hausmann (2007).
    The other measures use the co-occurrences c_ij, their sums s_i over the other industries and S over all;
    the diagonal is 0. 'cosine': c / sqrt(s_i s_j). 'jaccard': c / (s_i + s_j - c). 'association': c S / (s_i
    s_j), where 1 means as often as by chance. 'probability': like association, for pairs in which no industry
    meets itself. Source: Van Eck and Waltman (2009), Steijn (2021), in the form of EconGeo.
    An industry of ubiquity 0 has NaN in its row and column. A pair is 0 when one of the two occurs with no
    other industry.
    """
    if measure not in MEASURES:
        raise ValueError(f"relatedness: measure is {measure!r}, expected one of {MEASURES}")
    m = _checked(m)
    found = ubiquity(m)
    pairs = m.T @ m
    if measure == "proximity":
        figures = pairs / np.maximum(np.maximum.outer(found, found), 1)
    else:
        figures = _cooccurrence(pairs, measure)
    figures[found == 0] = np.nan
    figures[:, found == 0] = np.nan
    return figures


def _cooccurrence(pairs: np.ndarray, measure: str) -> np.ndarray:
    c = pairs - np.diag(np.diagonal(pairs))
    s = c.sum(axis=0)
    total = s.sum()
    rows, columns = np.broadcast_arrays(s[:, None], s)
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # the division below gives 0 for a pair that cannot occur
        expected = {
            "cosine": lambda: np.sqrt(rows * columns),
            "jaccard": lambda: rows + columns - c,
            "association": lambda: rows * columns / total,
            "probability": lambda: rows * columns * (1 / (total - rows) + 1 / (total - columns)) / 2,
        }[measure]()
    return np.divide(c, expected, out=np.zeros(c.shape), where=c > 0)


def relatedness_density(m: np.ndarray, phi: np.ndarray | None = None) -> np.ndarray:
    """Share of the relatedness around an industry in which the region has advantages; shape of `m`, 0 to 1.

    sum_k m_jk phi_ik / sum_k phi_ik. phi (industries, industries) is a result of `relatedness`. Without phi,
    proximity is used and includes the industry itself (phi = 1), as in `ecomplexity`. NaN for regions and
    industries that are set aside, and for an industry that is related to no other. Source: Hidalgo et al.
    (2007); later called distance = 1 - density.
    """
    m = _checked(m)
    regions, industries = diversity(m) > 0, ubiquity(m) > 0
    kept = m[np.ix_(regions, industries)]
    every = np.vstack([kept, np.ones(kept.shape[1])])  # a region with every advantage: the denominator
    if phi is not None:
        near = every @ phi[np.ix_(industries, industries)]
    elif kept.shape[1] <= kept.shape[0]:
        near = every @ relatedness(kept)
    else:
        near = _proximity_sums(every, kept)
    density = np.full(m.shape, np.nan)
    around = near[-1]
    figures = np.divide(near[:-1], around, out=np.full(kept.shape, np.nan), where=around > 0)
    density[np.ix_(regions, industries)] = np.minimum(figures, 1)  # the two sums may round differently
    return density


def _proximity_sums(weights: np.ndarray, m: np.ndarray) -> np.ndarray:
    """`weights` @ proximity of `m`, without the square matrix: for many more industries than regions.

    With c_ik = sum_s m_si m_sk and phi_ik = c_ik / max(u_i, u_k), the sum over k of w_rk phi_ik is the sum
    over the regions s of m_si g_rs(u_i), where g(u) = sum over u_k <= u of w_rk m_sk / u + sum over u_k > u
    of w_rk m_sk / u_k is one small matrix for each value of ubiquity. No term of these sums is negative.
    """
    order = np.argsort(ubiquity(m), kind="stable")
    m, weights = m[:, order], weights[:, order]
    values, starts = np.unique(ubiquity(m), return_index=True)
    sums = np.empty(weights.shape)
    below = weights @ m.T  # industries of at most this ubiquity: whole numbers, so that subtracting is exact
    above = np.zeros(below.shape)
    ends = [*starts[1:], m.shape[1]]
    for u, start, end in reversed(list(zip(values, starts, ends, strict=True))):
        sums[:, order[start:end]] = (below / u + above) @ m[:, start:end]
        same = weights[:, start:end] @ m[:, start:end].T
        below -= same
        above += same / u
    return sums


def reflections(m: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Method of reflections: k_n of the regions and of the industries after `steps` steps.

    Each step takes the mean of the other side's k_(n-1). k_0 is diversity for a region and ubiquity for an
    industry. k_1 of a region is the mean ubiquity of its advantages; k_1 of an industry is the mean diversity
    of its regions. Even steps of a region tend to a constant, and their differences tend to the order of ECI;
    `eci_pci` computes this limit. NaN for regions and industries that are set aside. ValueError for fewer
    than one step. Source: Hidalgo and Hausmann (2009).
    """
    if steps < 1:
        raise ValueError(f"reflections: found {steps} steps, expected at least 1")
    m = _checked(m)
    d, u = diversity(m), ubiquity(m)
    regions, industries = d, u
    for _ in range(steps):
        regions, industries = m @ industries / np.maximum(d, 1), m.T @ regions / np.maximum(u, 1)
    return np.where(d > 0, regions, np.nan), np.where(u > 0, industries, np.nan)


def eci_pci(m: np.ndarray) -> Complexity:
    """Economic and product complexity indices of `m`, by eigenvectors of a symmetric matrix.

    ECI is the second eigenvector of D^-1 M U^-1 M', PCI that of U^-1 M' D^-1 M, with D diversity and U
    ubiquity. The sign makes ECI correlate with diversity. ECI has mean 0 and population standard deviation 1
    over the regions. PCI is on the scale of ECI: the ECI of a region is the mean PCI of its advantages.
    Source: Hidalgo and Hausmann (2009), Mealy, Farmer and Teytelboym (2019), `ecomplexity`.

    Regions and industries that are set aside are NaN with reason 'zero_diversity' or 'zero_ubiquity'. All
    others are NaN together, with one of these reasons: 'disconnected' (two groups without a shared industry:
    the second eigenvector only names the groups), 'no_variation' (no second dimension), 'eigenvalue_tied' or
    'sign_undetermined'.
    """
    m = _checked(m)
    regions, industries = diversity(m) > 0, ubiquity(m) > 0
    kept = m[np.ix_(regions, industries)]
    eci_kept, pci_kept, reason = _solve(kept)
    eci, pci = np.full(m.shape[0], np.nan), np.full(m.shape[1], np.nan)
    eci[regions], pci[industries] = eci_kept, pci_kept
    return Complexity(
        eci, pci, _reasons(regions, "zero_diversity", reason), _reasons(industries, "zero_ubiquity", reason)
    )


def _reasons(kept: np.ndarray, code_aside: str, code_kept: str | None) -> np.ndarray:
    return np.array([code_kept if inside else code_aside for inside in kept], dtype=object)


def _solve(m: np.ndarray) -> tuple[np.ndarray | float, np.ndarray | float, str | None]:
    """ECI, PCI and the reason for a missing result, for a matrix without empty rows and columns."""
    if min(m.shape) < 2:
        return np.nan, np.nan, "no_variation"
    if _is_disconnected(m):
        return np.nan, np.nan, "disconnected"
    d, u = m.sum(axis=1), m.sum(axis=0)
    scaled = m / np.sqrt(d)[:, None] / np.sqrt(u)
    by_regions = m.shape[0] <= m.shape[1]
    # The smaller of the two products: both have the same non-zero eigenvalues, in ascending order.
    product = scaled @ scaled.T if by_regions else scaled.T @ scaled
    # Only the three largest eigenvalues matter: the second, and whether the third is tied with it.
    size = len(product)
    values, vectors = eigh(product, subset_by_index=[max(size - 3, 0), size - 1], check_finite=False)
    second = values[-2]
    if second < DISTINCT:
        return np.nan, np.nan, "no_variation"
    if size > 2 and second - values[-3] < DISTINCT:
        return np.nan, np.nan, "eigenvalue_tied"
    if by_regions:
        eci = vectors[:, -2] / np.sqrt(d)
        pci = (m.T @ eci) / u / second
    else:
        pci = vectors[:, -2] / np.sqrt(u)
        eci = (m @ pci) / d
    return _standardised(eci, pci, d)


def _is_disconnected(m: np.ndarray) -> bool:
    """True when advantages join regions and industries into more than one component."""
    rows, columns = np.nonzero(m)
    size = sum(m.shape)
    links = csr_matrix((np.ones(len(rows)), (rows, columns + m.shape[0])), shape=(size, size))
    components: int = connected_components(links, directed=False)[0]
    return components > 1


def _standardised(
    eci: np.ndarray, pci: np.ndarray, d: np.ndarray
) -> tuple[np.ndarray | float, np.ndarray | float, str | None]:
    """Set the sign of ECI by its correlation with diversity, then set its mean to 0 and its deviation to
    1.
    """
    centred, d_centred = eci - eci.mean(), d - d.mean()
    together = centred @ d_centred
    if abs(together) <= DISTINCT * np.sqrt((centred @ centred) * (d_centred @ d_centred)):
        return np.nan, np.nan, "sign_undetermined"
    scale = np.sign(together) * eci.std()
    return centred / scale, (pci - eci.mean()) / scale, None
