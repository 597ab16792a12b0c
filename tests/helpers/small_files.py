"""Small files in the layouts of the embedded sources, written by hand, and where the large samples lie. No assertions here."""

from __future__ import annotations

import os
from pathlib import Path

SHARED = Path(os.environ.get("ZONESCOPE_SHARED", Path(__file__).parents[3] / "shared"))
SAMPLES = SHARED / "samples"
PANEL = "年份,省份,城市,城市代码,地区生产总值(万元),户籍人口(万人)\n"
PANEL_FILE = PANEL + "2019,甲省,甲市,990100,100,5\n2019,甲省,乙市,990200,,6.5\n"
NBS_FILE = (
    "数据库：分省年度数据\r\n指标：地区生产总值(亿元)\r\n时间：最近3年\r\n地区,2024年,2023年,2022年\r\n"
    "甲省,,11.5,10\r\n乙省,,7.0,6.5\r\n注：1.核算数据。\r\n　　　2.续。\r\n数据来源：国家统计局\r\n"
)
CUSTOMS_FILE = (
    '"数据年月","贸易伙伴编码","贸易伙伴名称","商品编码","商品名称","第一数量","第一计量单位","第二数量",'
    '"第二计量单位","人民币",\n'
    '"202401","999","某国","01012100","某商品，其他除外","20","千克","0","?","1,234,567",\n'
    '"202402","999","某国","01012100","某商品，其他除外","7","千克","0","?","89",\n'
)
LIST = "area_code,area_name,admin_level,year,period,indicator,value,unit,status,scope_note,source,quote\n"
LIST_FILE = LIST + '990100,甲市,city,2023,annual,trade,1.5,billion CNY,seen,customs,http://x,"a, b"\n'

FIGURES = "area_code,area_name,admin_level,year,period,indicator,value,unit,status,scope_note,source,quote,known_from\n"
GOOD_FIGURE = (
    "510100,成都市,city,2022,annual,GDP,2081.75,billion CNY,seen,,https://example.org/a,a sentence,\n"
)
