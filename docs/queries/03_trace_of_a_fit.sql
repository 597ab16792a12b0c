-- From which printed cells does a fit come? mart.trace gives every step with its formula; here the cells only.
select t.path, t.name, t.value, t.unit, t.formula, t.printed_text, t.file_name, t.sheet, t.row_no, t.column_no
from mart.trace('410100', '2022', 'b2c_import') as t
where t.step = 'cell'
order by t.step_no;
