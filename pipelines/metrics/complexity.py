"""Relatedness and complexity of a regions x industries matrix of revealed advantage.

Here belong the measures of Hidalgo and Hausmann, in the definitions of the Growth Lab's `ecomplexity`. Not
here: shares and quotients (specialisation.py), column names (clusters.py).

Throughout, `m` has shape (regions, industries), True or 1 where the region has an advantage in the industry.
A region with no advantage (diversity 0) or an industry that no region has (ubiquity 0) is set aside: it gets
NaN, and the figures of the rest are as if it were not there.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from pipelines.metrics.specialisation import location_quotient

# A quotient of exactly 1 is an advantage; rounding in the shares must not decide over it.
ROUNDING = 1e-12
# Two eigenvalues, or a correlation and zero, closer than this cannot be told apart in double precision.
DISTINCT = 1e-9


class Complexity(NamedTuple):
    """eci (regions,), pci (industries,); one reason code per element, None where there is a figure."""

    eci: np.ndarray
    pci: np.ndarray
    eci_reason: np.ndarray
    pci_reason: np.ndarray


def revealed_advantage(e: np.ndarray) -> np.ndarray:
    """Boolean matrix, shape of the employment matrix `e`: location quotient of at least 1.

    An undefined quotient (empty region or industry) is no advantage. Source: Balassa (1965).
    """
    return np.nan_to_num(location_quotient(e)) >= 1 - ROUNDING


def _checked(m: np.ndarray) -> np.ndarray:
    m = np.asarray(m, dtype=np.float64)
    if m.ndim != 2 or not np.isin(m, (0.0, 1.0)).all():
        raise ValueError(f"advantage matrix: found shape {m.shape}, expected 2 dimensions of only 0 and 1")
    return m


def diversity(m: np.ndarray) -> np.ndarray:
    """Number of industries in which each region has an advantage; shape (regions,)."""
    return _checked(m).sum(axis=1)


def ubiquity(m: np.ndarray) -> np.ndarray:
    """Number of regions with an advantage in each industry; shape (industries,)."""
    return _checked(m).sum(axis=0)


def proximity(m: np.ndarray) -> np.ndarray:
    """Proximity of each pair of industries, shape (industries, industries), symmetric, 0 to 1, diagonal 1.

    The minimum of the two conditional probabilities of having one advantage given the other: regions with
    both over the larger ubiquity. NaN in row and column of an industry of ubiquity 0.
    Source: Hidalgo, Klinger, Barabasi and Hausmann (2007).
    """
    m = _checked(m)
    found = ubiquity(m)
    larger = np.maximum.outer(found, found)
    known = np.logical_and.outer(found > 0, found > 0)
    return np.divide(m.T @ m, larger, out=np.full(larger.shape, np.nan), where=known)


def relatedness_density(m: np.ndarray) -> np.ndarray:
    """Share of the proximity around an industry that the region has advantages in; shape of `m`, 0 to 1.

    sum_k m_jk phi_ik / sum_k phi_ik, the industry itself (phi = 1) included, as `ecomplexity` does. NaN for
    regions and industries set aside. Source: Hidalgo et al. (2007), called distance = 1 - density later.
    """
    m = _checked(m)
    regions, industries = diversity(m) > 0, ubiquity(m) > 0
    kept = m[np.ix_(regions, industries)]
    phi = proximity(kept)
    density = np.full(m.shape, np.nan)
    # A region with every advantage has exactly 1, whatever the order of the two sums.
    density[np.ix_(regions, industries)] = np.minimum(kept @ phi / phi.sum(axis=0), 1)
    return density


def eci_pci(m: np.ndarray) -> Complexity:
    """Economic and product complexity indices of `m`, by eigenvectors of a symmetric matrix.

    ECI is the second eigenvector of D^-1 M U^-1 M', PCI that of U^-1 M' D^-1 M, with D diversity and U
    ubiquity. Signed so that ECI correlates with diversity; ECI has mean 0 and population standard deviation 1
    over the regions, PCI is on the scale of ECI, so that a region's ECI is the mean PCI of its advantages.
    Source: Hidalgo and Hausmann (2009), Mealy, Farmer and Teytelboym (2019), `ecomplexity`.

    NaN with reason 'zero_diversity' or 'zero_ubiquity' for what is set aside; for all the rest at once with
    'disconnected' (two groups without a shared industry: the second eigenvector only names the groups),
    'no_variation' (no second dimension), 'eigenvalue_tied' or 'sign_undetermined'.
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
    """ECI, PCI and the reason why there are none, for a matrix without empty rows and columns."""
    if min(m.shape) < 2:
        return np.nan, np.nan, "no_variation"
    if _is_disconnected(m):
        return np.nan, np.nan, "disconnected"
    d, u = m.sum(axis=1), m.sum(axis=0)
    scaled = m / np.sqrt(d)[:, None] / np.sqrt(u)
    by_regions = m.shape[0] <= m.shape[1]
    # eigh works on the smaller of the two products; both have the same non-zero eigenvalues, ascending.
    values, vectors = np.linalg.eigh(scaled @ scaled.T if by_regions else scaled.T @ scaled)
    second = values[-2]
    if second < DISTINCT:
        return np.nan, np.nan, "no_variation"
    if len(values) > 2 and second - values[-3] < DISTINCT:
        return np.nan, np.nan, "eigenvalue_tied"
    if by_regions:
        eci = vectors[:, -2] / np.sqrt(d)
        pci = (m.T @ eci) / u / second
    else:
        pci = vectors[:, -2] / np.sqrt(u)
        eci = (m @ pci) / d
    return _standardised(eci, pci, d)


def _is_disconnected(m: np.ndarray) -> bool:
    """True when regions and industries, joined by advantages, fall into more than one component."""
    rows, columns = np.nonzero(m)
    size = sum(m.shape)
    links = csr_matrix((np.ones(len(rows)), (rows, columns + m.shape[0])), shape=(size, size))
    return connected_components(links, directed=False, return_labels=False) > 1


def _standardised(
    eci: np.ndarray, pci: np.ndarray, d: np.ndarray
) -> tuple[np.ndarray | float, np.ndarray | float, str | None]:
    """Sign by the correlation with diversity, then mean and population standard deviation of ECI."""
    centred, d_centred = eci - eci.mean(), d - d.mean()
    together = centred @ d_centred
    if abs(together) <= DISTINCT * np.sqrt((centred @ centred) * (d_centred @ d_centred)):
        return np.nan, np.nan, "sign_undetermined"
    scale = np.sign(together) * eci.std()
    return centred / scale, (pci - eci.mean()) / scale, None
