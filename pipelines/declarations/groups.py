"""Groups of the published tables: the content of warehouse/groups.yml.

The typed form of a group belongs here, and the proof that each published table stands in one group. How a page
shows the groups belongs to publishing.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

from pydantic import Field

from pipelines.declarations import files
from pipelines.declarations.files import NOT_PUBLISHED, DeclarationError, Declared, load
from pipelines.declarations.tables import Table, tables

PLACE = "warehouse/groups.yml"
START_HERE = "start_here"
MOST_TO_START_WITH = 10


class Group(Declared):
    """Tables that a reader meets together."""

    id: str = Field(pattern=files.LETTERS)
    title: str = Field(min_length=3)
    title_zh: str = Field(min_length=2)
    description: str = Field(min_length=20)
    tables: list[str] = Field(min_length=1)

    @property
    def contracts(self) -> list[Table]:
        """The contracts of the tables, in the order of the group."""
        return [tables()[name] for name in self.tables]


class Groups(Declared):
    """The content of warehouse/groups.yml."""

    groups: list[Group] = Field(min_length=1)


@cache
def groups() -> list[Group]:
    """Groups in the order of the file; the first is start_here.

    Raises:
        DeclarationError: The file is wrong, or a table is unknown, in two groups or in none.
    """
    found: Groups = load(files.ROOT / PLACE, Groups)
    published = [name for name, table in tables().items() if table.schema_name != NOT_PUBLISHED]
    check(found.groups, published)
    return found.groups


def group_of(name: str) -> str:
    """Id of the group of a table; "" for a macro and for a table that is not published.

    >>> group_of("core.zone")
    'start_here'
    """
    return next((group.id for group in groups() if name in group.tables), "")


def check(stated: list[Group], published: list[str]) -> None:
    """Refuse groups that do not hold each published table once.

    Args:
        stated: the groups.
        published: full names of all published tables.

    Raises:
        DeclarationError: The message names every fault, one a line.
    """
    faults = [*_start(stated), *_ids(stated), *_unknown(stated, published), *_places(stated, published)]
    if faults:
        raise DeclarationError("\n".join(f"{PLACE}: {fault}" for fault in faults))


def _start(stated: list[Group]) -> list[str]:
    first = stated[0]
    if first.id != START_HERE:
        return [f"group 1: found {first.id}, expected {START_HERE}; move the group {START_HERE} to the top"]
    if len(first.tables) > MOST_TO_START_WITH:
        return [
            f"group {START_HERE}: found {len(first.tables)} tables, expected at most {MOST_TO_START_WITH}; move the "
            "others to another group"
        ]
    return []


def _ids(stated: list[Group]) -> list[str]:
    counted = Counter(group.id for group in stated)
    return [
        f"group {name}: found {n} groups with this id, expected 1" for name, n in counted.items() if n > 1
    ]


def _unknown(stated: list[Group], published: list[str]) -> list[str]:
    return [
        f"group {group.id}: found {name}, expected a published table (warehouse/<schema>/<table>.yml, schema not "
        f"{NOT_PUBLISHED}); correct the name or remove it"
        for group in stated
        for name in group.tables
        if name not in published
    ]


def _places(stated: list[Group], published: list[str]) -> list[str]:
    faults = []
    for name in published:
        places = [group.id for group in stated for table in group.tables if table == name]
        if not places:
            faults.append(
                f"{name}: found the table in no group, expected it in one; add it to the group of its subject"
            )
        if len(places) > 1:
            faults.append(
                f"{name}: found the table in {' and '.join(places)}, expected it in one group; remove the others"
            )
    return faults
