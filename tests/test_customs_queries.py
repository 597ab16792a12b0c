"""Exports of the customs query site of whatever dimensions go the whole way: what was not asked for is absent, not wrong."""

from __future__ import annotations

import pytest

from pipelines.database import build, connection
from pipelines.landing import land as landing
from tests.helpers.small_files import CUSTOMS_FILE
from tests.helpers.worlds import copy_of

FILES = {
    "partners_2024_export.csv": '"数据年月","贸易伙伴编码","贸易伙伴名称","美元",\n"202401","110","香港","1,000",\n"202401","","","5",\n',
    "goods_2024_import.csv": '"数据年月","商品编码","商品名称","第一数量","第一计量单位","人民币",\n"202401","01012100","马","7","头","90",\n',
    "places_2024_import.csv": (
        '"数据年月","贸易方式编码","贸易方式名称","收发货人注册地编码","收发货人注册地名称","人民币",\n'
        '"202401","10","一般贸易","33","浙江省","8",\n"202401","","","33","浙江省","9",\n'
    ),
    "names_2024_import.csv": '"数据年月","贸易方式名称","注册地名称","人民币",\n"202401","一般贸易","浙江省","8",\n',
    "total_2024_import.csv": '"数据年月","人民币"\n"202401","3"\n',
    "all_2024_import.csv": CUSTOMS_FILE,
}


@pytest.fixture(scope="module", params=[1 << 30, 1], ids=["small", "large"])
def landed(request, resolved, tmp_path_factory):
    """The files landed and decided on, read as small files and as large ones."""
    paths = copy_of(resolved, tmp_path_factory.mktemp("queries"))
    for name, content in FILES.items():
        (paths.inbox / name).write_text(content, encoding="gb18030")
    with pytest.MonkeyPatch.context() as patch, connection.connect(paths.work) as con:
        patch.setattr(landing.readers, "LARGE_BYTES", request.param)
        landing.land_all(con, paths)
        build.build_all(con, ["mart.file_accounting"])
        yield con


def trade(con, name: str, columns: str) -> list[tuple]:
    return con.execute(
        f"select {columns} from core.trade where file_sha256 = (select file_sha256 from raw.file where file_name = ?) "
        "order by row_no",
        [name],
    ).fetchall()


def test_every_file_loads_and_every_record_is_accounted_for(landed):
    rows = landed.execute(
        "select a.file_name, a.cells_loaded, a.cells_quarantined, a.unaccounted from mart.file_accounting as a "
        "join raw.file as f using (file_sha256) where f.origin = 'inbox' order by 1"
    ).fetchall()
    assert rows == [
        ("all_2024_import.csv", 2, 0, 0),
        ("goods_2024_import.csv", 1, 0, 0),
        ("names_2024_import.csv", 1, 0, 0),
        ("partners_2024_export.csv", 1, 1, 0),
        ("places_2024_import.csv", 1, 1, 0),
        ("total_2024_import.csv", 1, 0, 0),
    ]


def test_dimensions_that_were_not_asked_for_are_null(landed):
    columns = "partner_code, commodity_code, trade_mode_code, registration_place_code, quantity_1, value_cny, value_usd"
    assert trade(landed, "partners_2024_export.csv", columns) == [
        ("110", None, None, None, None, None, 1000.0)
    ]
    assert trade(landed, "goods_2024_import.csv", columns) == [
        (None, "01012100", None, None, 7.0, 90.0, None)
    ]
    assert trade(landed, "places_2024_import.csv", columns) == [(None, None, "10", "33", None, 8.0, None)]
    assert trade(landed, "total_2024_import.csv", columns) == [(None, None, None, None, None, 3.0, None)]


def test_codes_and_names_of_one_dimension_stay_apart(landed):
    columns = "trade_mode_code, trade_mode_name_zh, registration_place_code, registration_place_zh"
    assert trade(landed, "places_2024_import.csv", columns) == [("10", "一般贸易", "33", "浙江省")]
    assert trade(landed, "names_2024_import.csv", columns) == [(None, "一般贸易", None, "浙江省")]


def test_a_dimension_that_has_a_column_must_be_stated(landed):
    held = landed.execute(
        "select file_name, row_no, reason_code from core.quarantine where source_id = 'customs_query' order by all"
    ).fetchall()
    assert held == [
        ("partners_2024_export.csv", 3, "invalid_trade_record"),
        ("places_2024_import.csv", 3, "invalid_trade_record"),
    ]
