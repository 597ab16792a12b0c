"""Which files there are to land: data files and their sidecars in the embedded folders and the inbox.

Belongs here: finding files and the sidecar of each. Does not belong here: reading a data file.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.declarations.files import ROOT
from pipelines.landing import kept_bytes, sidecar
from pipelines.landing.outcome import Landed, Unreadable, printable
from pipelines.settings import Paths

IGNORED_PREFIXES = (".", "~")


def candidates(paths: Paths) -> list[tuple[Path, str]]:
    """List the files to land, each with its origin: first the embedded data, then the inbox.

    Sidecars are not listed, because each goes with its data file.
    """
    return [
        (path, origin)
        for folder, origin in ((ROOT / "sources", "embedded"), (paths.inbox, "inbox"))
        for path in data_files(folder, "*/data/**/*" if origin == "embedded" else "**/*")
    ]


def data_files(folder: Path, pattern: str = "**/*") -> list[Path]:
    """List the files of a folder that are not sidecars, sorted by name, so that all runs use the same order.

    Files whose name begins with a dot or a tilde are left out: they are lock files and half-written copies.
    """
    return [path for path in _files(folder, pattern) if not is_sidecar(path)]


def sidecars(folder: Path) -> list[Path]:
    """List the sidecars of a folder, sorted by name."""
    return [path for path in _files(folder, "**/*") if is_sidecar(path)]


def alone(folder: Path) -> list[Landed]:
    """What is said of the sidecars of a folder that stand without their data file."""
    return [Landed(printable(path), "", "alone", message_alone(path)) for path in sidecars_alone(folder)]


def sidecars_alone(folder: Path) -> list[Path]:
    """Sidecars of a folder whose data file is not there, sorted."""
    return [path for path in sidecars(folder) if not data_file_of(path).exists()]


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(path for path in folder.glob(pattern) if path.is_file())
    return [path for path in found if not path.name.startswith(IGNORED_PREFIXES)]


def is_sidecar(path: Path) -> bool:
    """Whether the file is a sidecar: it states facts of another file."""
    return sidecar.is_name(path.name, [data_file_of(path).name] if data_file_of(path).exists() else [])


def data_file_of(path: Path) -> Path:
    """The data file of a sidecar.

    >>> data_file_of(Path("trade_2024.csv.yml")).name
    'trade_2024.csv'
    """
    return path.with_name(path.name.removesuffix(sidecar.SUFFIX))


def sidecar_beside(path: Path) -> str | None:
    """Read the sidecar beside a file.

    Returns:
        The text of the sidecar, or None if the file has none.

    Raises:
        Unreadable: the system does not give the bytes, or the sidecar is too large.
    """
    place = path.with_name(sidecar.name_of(path.name))
    with kept_bytes.readable():
        if not place.is_file():
            return None
        if place.stat().st_size > sidecar.MAX_BYTES:
            raise Unreadable(
                f"found over {sidecar.MAX_BYTES} bytes in the sidecar {place.name}, expected a few lines"
            )
        return place.read_bytes().decode("utf-8-sig", errors="backslashreplace")


def message_alone(path: Path) -> str:
    """The message for a sidecar that stands without its data file."""
    expected = printable(data_file_of(path))
    return f"{printable(path)}: found a sidecar, expected its data file {expected} beside it; put that file there"
