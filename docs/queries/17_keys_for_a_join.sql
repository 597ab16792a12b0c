-- On which columns do two tables join? Each foreign key leads to the whole primary key of another table.
select table_name, column_name, referenced_table, referenced_column, may_be_empty
from reference.warehouse_key
where key_type = 'foreign' and table_name = 'mart.mode_fit'
order by column_name;
