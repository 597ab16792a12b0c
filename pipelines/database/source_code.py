"""Our own Python as something that tables are made by: which modules a module needs, and a hash of their text.

Belongs here: reading imports off the source without running it. Does not belong here: what a hash is used for (versions.py).
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

CODE = Path(__file__).resolve().parents[2]
PACKAGE = "pipelines"


def fingerprint(*modules: str) -> str:
    """Hash of the text of modules, of all of ours that they import, and of the versions of the packages that those import."""
    needed = closure(modules)
    parts = [part for name in needed for part in (name, text_of(name))]
    foreign = {top for name in needed for top in imports(name) if is_foreign(top)}
    return short_hash(*parts, *installed(foreign))


def closure(modules: Iterable[str]) -> list[str]:
    """Modules of ours and all of ours that they import, sorted."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or not name.startswith(PACKAGE) or _path(name) is None:
            continue
        found.add(name)
        waiting += imports(name)
    return sorted(found)


def installed(packages: Iterable[str]) -> list[str]:
    """Packages with their installed versions, sorted.

    Args:
        packages: Names as they are imported.
    """
    return [f"{name} {version_of(name)}" for name in sorted(packages)]


@cache
def version_of(package: str) -> str:
    """Installed version of an imported package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        distributions = importlib.metadata.packages_distributions().get(package, [])
        return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in sorted(set(distributions)))


def short_hash(*parts: str | bytes) -> str:
    """The first 16 characters of a hash of parts; where one part ends and the next begins counts.

    >>> short_hash("ab", "c") == short_hash("a", "bc")
    False
    """
    found = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        found.update(len(content).to_bytes(8, "big") + content)
    return found.hexdigest()[:16]


@cache
def text_of(module: str) -> bytes:
    """Text of a module of ours by its name; of a process that runs for days that of its beginning, as its code is."""
    path = _path(module)
    if path is None:
        raise LookupError(f"{module}: found no such module, expected one of {PACKAGE}")
    return path.read_bytes()


@cache
def imports(module: str) -> tuple[str, ...]:
    """Names that a module imports: ours in full (a name imported from a package may be a module), of others the package."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text_of(module))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return tuple(sorted({name if name.startswith(PACKAGE) else name.split(".")[0] for name in found}))


def _path(module: str) -> Path | None:
    place = CODE.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.exists()), None)


def is_foreign(name: str) -> bool:
    """Whether an imported name belongs to an installed package."""
    return not name.startswith(PACKAGE) and name not in sys.stdlib_module_names
