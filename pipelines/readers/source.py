"""What a reader asks of a declared source. Belongs here: the form alone; declarations.sources has the sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol


class Source(Protocol):
    """The source of a file, as far as readers know it; a reader is tested with anything that has these."""

    @property
    def source_id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def layout(self) -> str: ...

    @property
    def cadence(self) -> str:
        """How often the publisher has new figures: yearly, quarterly, monthly, or another word."""
        ...

    @property
    def encoding(self) -> list[str]:
        """The encodings to try, in this order."""
        ...

    @property
    def file_pattern(self) -> str:
        """Pattern of the names of its files, with named parts."""
        ...

    @property
    def signature(self) -> list[str | list[str]]:
        """Texts that stand in the first rows of each file; of a list, any one."""
        ...

    @property
    def options(self) -> dict[str, Any]:
        """What the layout asks for; each reader lists its own."""
        ...

    @property
    def folder(self) -> Path:
        """The folder of its declaration, with the tables beside it."""
        ...

    @property
    def raw_columns(self) -> list[str]:
        """The columns of the raw table that a reader fills."""
        ...

    @property
    def facts(self) -> dict[str, str]:
        """The facts that the sidecar of this file states."""
        ...
