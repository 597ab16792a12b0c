"""The promises of a table as SQL: how many rows break each of them, and which rows.

Belongs here: from a contract to SQL text. Does not belong here: running it (checks.py).
`{table}` stands for the table in every text, as in the rules of the contracts.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.database import lineage, sql_text
from pipelines.declarations.tables import Column, Table
from pipelines.quoting import identifier, identifiers, literal


@dataclass(frozen=True)
class Promise:
    """One promise of a table.

    Args:
        name: unique within the table
        description: the contract's words
        severity: `error` is a promise that blocks, `warning` a doubt
        rows: SELECT of the rows that break it
        condition: what is true of a row that breaks it, where one row alone can tell; else empty
        column: the column that it is about, where it is about one
        expected_at_most: so many rows are accepted
    """

    name: str
    description: str
    severity: str
    rows: str
    condition: str = ""
    column: str | None = None
    expected_at_most: int = 0


def promises(table: Table) -> list[Promise]:
    """Everything that a contract promises: row count, grain, the columns, then its rules."""
    found = [_row_count(table.min_rows)]
    if table.grain:
        found.append(_grain(table.grain))
    for column in table.columns:
        found.extend(_of_column(column))
    for rule in table.rules:
        found.append(
            Promise(
                rule.name,
                rule.description,
                rule.severity,
                sql_text.bare(rule.unexpected_rows),
                expected_at_most=rule.expected_at_most,
            )
        )
    return found


def reads(table: Table) -> tuple[str, ...]:
    """Full names of the other tables that the promises of a table read, sorted: they must be made before it."""
    found = {target for target, _ in table.references.values()}
    for rule in table.rules:
        found |= lineage.tables_in(rule.unexpected_rows.replace("{table}", table.full_name))
    return tuple(sorted(found - {table.full_name}))


def counting_query(chosen: list[Promise]) -> str:
    """One SELECT of (promise, unexpected, expected_at_most), a row for each promise.

    What a row alone can tell is counted in one pass over the table; every other promise is a SELECT of its own beside
    it, not within it: a column that it misspells must not be found in the table around it.
    """
    of_rows = [promise for promise in chosen if promise.condition]
    others = [promise for promise in chosen if not promise.condition]
    selects = [f"select {_line(p, 'count(*)')} from ({p.rows})" for p in others]
    if of_rows:
        counts = ", ".join(f"count(*) filter (where {p.condition})" for p in of_rows)
        names = ", ".join(literal(p.name) for p in of_rows)
        levels = ", ".join(str(p.expected_at_most) for p in of_rows)
        selects.insert(
            0,
            f"select unnest([{names}]) as promise, unnest([{counts}]) as unexpected, "
            f"unnest([{levels}]) as expected_at_most from {{table}}",
        )
    return " union all ".join(selects)


def _line(promise: Promise, count: str) -> str:
    return (
        f"{literal(promise.name)} as promise, {count} as unexpected, "
        f"{promise.expected_at_most} as expected_at_most"
    )


def _row_count(at_least: int) -> Promise:
    """Broken by as many rows as are missing: there are none to show."""
    missing = f"select 1 from range((select greatest({at_least} - count(*), 0) from {{table}}))"
    return Promise("row_count", f"at least {at_least} rows; counted are the missing ones", "error", missing)


def _grain(names: list[str]) -> Promise:
    keys = identifiers(names)
    rows = f"select {keys} from {{table}} group by {keys} having count(*) > 1"
    return Promise("grain_unique", f"one row for each {', '.join(names)}", "error", rows)


def _of_column(column: Column) -> list[Promise]:
    """Presence, code list, range, form, finite number, known code; an empty cell breaks the first only."""
    name, found = identifier(column.name), []
    if column.required:
        found.append(_condition(column, "present", "never empty", f"{name} is null"))
    if column.values is not None:
        listed = ", ".join(literal(v) if isinstance(v, str) else str(v) for v in column.values)
        # `in ()` is no SQL: of an empty list nothing is allowed
        broken = f"{name} not in ({listed})" if column.values else f"{name} is not null"
        found.append(_condition(column, "in_code_list", f"one of {listed}", broken))
    limits = _limits(column)
    if limits:
        broken = " or ".join(f"{name} {sign} cast({limit!r} as double)" for sign, _, limit in limits)
        rule = " and ".join(f"{word} {limit:g}" for _, word, limit in limits)
        found.append(_condition(column, "in_range", rule, broken))
    if column.pattern:
        form = f"of the form that its description states ({column.description})"
        found.append(_condition(column, "matches", form, f"not ({name} ~ {literal(column.pattern)})"))
    if column.type == "DOUBLE":
        broken = f"isnan({name}) or isinf({name})"
        found.append(_condition(column, "finite", "a number or empty, never infinite", broken))
    if column.references:
        found.append(_known(column, *column.references.rsplit(".", 1)))
    return found


def _limits(column: Column) -> list[tuple[str, str, float]]:
    limits = [("<", "at least", column.min), (">", "at most", column.max)]
    return [(sign, word, limit) for sign, word, limit in limits if limit is not None]


def _condition(column: Column, name: str, rule: str, broken: str) -> Promise:
    return Promise(
        f"{column.name}_{name}",
        f"{column.name}: {rule}",
        "error",
        f"select * from {{table}} where {broken}",
        broken,
        column.name,
    )


def _known(column: Column, target: str, key: str) -> Promise:
    known = f"select {identifier(key)} from {target}"
    rows = f"select * from {{table}} where {identifier(column.name)} not in ({known})"
    rule = f"{column.name}: every code stands in {column.references}"
    return Promise(f"{column.name}_known", rule, "error", rows, column=column.name)
