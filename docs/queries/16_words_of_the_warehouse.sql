-- What does a column mean? The dictionary is in the database: comments of tables, columns and macros, and a glossary.
select c.schema_name || '.' || c.table_name as table_name, c.column_name, c.data_type, c.comment, g.term_zh
from duckdb_columns() as c
left join reference.glossary as g on g.stands_in = c.schema_name || '.' || c.table_name || '.' || c.column_name
where not c.internal and c.schema_name = 'mart' and c.table_name = 'mode_fit'
order by c.column_index;
