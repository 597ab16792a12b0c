"""Replies and exports of the statistics office in the shapes that people keep them in, written by hand."""

from __future__ import annotations

import json

import yaml

from pipelines.readers import detect as readers

PREAMBLE = "数据库：分省年度数据\n指标：地区生产总值(亿元)\n时间：最近3年\n"
TABLE = "地区,2024年,2023年,2022年\n甲省,,11.5,10\n乙省,3,7.0,6.5\n"
FOOT = "注：1.核算数据。\n　　　2.续。\n数据来源：国家统计局\n"
NAME = "分省年度数据_2026-01-05.csv"
MADE = "分省年度数据整理_地区生产总值(亿元)_2026-01-05.csv"
WITH_LABELS = "分省年度数据整理_2026-01-05.csv"
GDP, PRIMARY = "地区生产总值(亿元)", "第一产业增加值(亿元)"


def transposed(table: str) -> str:
    rows = [line.split(",") for line in table.splitlines()]
    return "\n".join(",".join(column) for column in zip(*rows, strict=True)) + "\n"


SHAPES = {
    "as exported": (PREAMBLE + TABLE + FOOT, NAME),
    "without preamble": (TABLE + FOOT, MADE),
    "without preamble and foot": (TABLE, MADE),
    "without foot, with the preamble": (PREAMBLE + TABLE, WITH_LABELS),
    "transposed": (PREAMBLE + transposed(TABLE) + FOOT, NAME),
    "transposed by time": (PREAMBLE + transposed(TABLE).replace("地区", "时间") + FOOT, NAME),
    "transposed without preamble": (transposed(TABLE).replace("地区", "年份"), MADE),
    "blank lines between": ("\n" + PREAMBLE + "\n" + TABLE + "\n" + FOOT + "\n", NAME),
    "notes in quotes": (PREAMBLE + TABLE + '"注：1.核算数据。\n　　　2.续。"\n数据来源：国家统计局\n', NAME),
}
TWO_ROWS = {
    "labels above periods": f"地区,{GDP},,{PRIMARY},\n,2024年,2023年,2024年,2023年\n甲省,1,2,3,4\n乙省,5,6,7,\n",
    "periods above labels": f"地区,2024年,,2023年,\n,{GDP},{PRIMARY},{GDP},{PRIMARY}\n甲省,1,3,2,4\n乙省,5,7,6,\n",
    "indicators as rows": f"指标,甲省,,乙省,\n,2024年,2023年,2024年,2023年\n{GDP},1,2,5,6\n{PRIMARY},3,4,7,\n",
    "a shorter first row": f"地区,{GDP},,{PRIMARY}\n,2024年,2023年,2024年,2023年\n甲省,1,2,3,4\n乙省,5,6,7,\n",
    "the corner twice": f"地区,{GDP},,{PRIMARY},\n地区,2024年,2023年,2024年,2023年\n甲省,1,2,3,4\n乙省,5,6,7,\n",
}


def adds_up(reading: readers.Reading) -> bool:
    counts = dict(reading.accounting)
    return counts.pop("physical_rows") == sum(counts.values())


def reply(*figures: tuple[str, bool, str], area: str = "", **changes: object) -> dict:
    """A reply as the service prints it: period, whether there is a figure, its text."""
    of_area = [{"wdcode": "reg", "valuecode": area}] if area else []
    nodes = [
        {
            "code": f"zb.A01_sj.{period}",
            "data": {"data": float(printed or 0), "dotcount": 1, "hasdata": there, "strdata": printed},
            "wds": [{"wdcode": "zb", "valuecode": "A01"}, *of_area, {"wdcode": "sj", "valuecode": period}],
        }
        for period, there, printed in figures
    ]
    meant = {"zb": [("A01", "地区生产总值", "亿元", "初步核算。")], "reg": [("110000", "北京市", "", "")]}
    meant["sj"] = [(period, f"{period[:4]}年", "", "") for period, _, _ in figures]
    keys = ("code", "cname", "unit", "memo")
    groups = [
        {"wdcode": k, "nodes": [dict(zip(keys, values, strict=True)) for values in v]}
        for k, v in meant.items()
    ]
    return {"returncode": 200, "returndata": {"datanodes": nodes, "wdnodes": groups}, **changes}


def recorded(*replies: dict) -> bytes:
    headers = {"Date": ["Tue, 03 Mar 2026 03:16:18 GMT"]}
    exchanges = [{"response": {"body": {"string": json.dumps(r)}, "headers": headers}} for r in replies]
    return yaml.safe_dump({"interactions": exchanges, "version": 1}).encode()


def newer(*figures: tuple[str, object], about: dict | None = None, **changes: object) -> dict:
    """A reply of the newer service: name of the period and the figure's text, of one indicator and area."""
    about = {
        "_id": "aff5",
        "i_showname": "地区生产总值 (亿元) ",
        "du_name": "亿元",
        "da": "330000000000",
        "da_name": "浙江",
        **(about or {}),
    }
    periods = [
        {"code": f"{name[:4]}YY", "name": name, "values": [{**about, "value": printed}]}
        for name, printed in figures
    ]
    return {"success": True, "state": 20000, "message": "成功", "data": periods, **changes}
