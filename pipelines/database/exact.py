"""Exact multiplication: a printed number times a factor, rounded once to the nearest double.

The SQL functions for it belong here. warehouse/core decides which figures are multiplied and by what.

Example: 21099.99999 x 1e8 is 2109999999000. As doubles, the result is 2109999999000.0002, because 21099.99999
has no exact double and is rounded before the multiplication. The functions therefore multiply the digits as
whole numbers, add the powers of ten, and read the text of the product as a double. The functions belong to a
connection; the database does not store them.
"""

from __future__ import annotations

import duckdb

# Texts are numbers such as 12, -0.5, .5, 5. and 1.5e-3, without separators of thousands. Each parameter stands once in its
# macro: DuckDB puts its whole expression into every place, and macros within macros would grow without end.
FUNCTIONS = """
-- the product of texts as a text; NULL where one is NULL or zero, or the digits (without zeros at the end) are more than 38
create or replace temporary macro exact_times(texts) as
    list_transform(
        [list_reduce(
            list_transform(
                list_transform(
                    list_transform(texts, lambda t: string_split(lower(t), 'e')),
                    lambda t: {
                        'digits': replace(t[1], '.', ''),
                        'exponent': try_cast(coalesce(t[2], '0') as bigint) - length(split_part(t[1], '.', 2))
                    }
                ),
                lambda n: {
                    'digits': try_cast(rtrim(n.digits, '0') as hugeint),
                    'exponent': n.exponent + length(n.digits) - length(rtrim(n.digits, '0'))
                }
            ),
            lambda a, b: {'digits': try(a.digits * b.digits), 'exponent': a.exponent + b.exponent}
        )],
        lambda p: cast(p.digits as varchar) || 'e' || cast(p.exponent as varchar)
    )[1];
-- the same as a double; `rounded`, the product of doubles, serves where there is no exact one
create or replace temporary macro exact_product(texts, rounded) as
    case when rounded is not null then coalesce(try_cast(exact_times(texts) as double), rounded) end
"""


def create_functions(con: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the functions exact_times (texts) and exact_product (texts, double)."""
    con.execute(FUNCTIONS)
