"""Small files of international trade and code lists in the publishers' layouts, written by hand. No assertions here."""

from __future__ import annotations

import json

# The 47 keys of a record of UN Comtrade, version 1, as an import of 2022 of China from World.
RECORD = {
    "typeCode": "C",
    "freqCode": "A",
    "refPeriodId": 20220101,
    "refYear": 2022,
    "refMonth": 52,
    "period": "2022",
    "reporterCode": 156,
    "reporterISO": "CHN",
    "reporterDesc": "China",
    "flowCode": "M",
    "flowDesc": "Import",
    "partnerCode": 0,
    "partnerISO": "W00",
    "partnerDesc": "World",
    "partner2Code": 0,
    "partner2ISO": "W00",
    "partner2Desc": "World",
    "classificationCode": "H6",
    "classificationSearchCode": "HS",
    "isOriginalClassification": True,
    "cmdCode": "TOTAL",
    "cmdDesc": "All, commodities",
    "aggrLevel": 0,
    "isLeaf": False,
    "customsCode": "C00",
    "customsDesc": "TOTAL CPC",
    "mosCode": "0",
    "motCode": 0,
    "motDesc": "TOTAL MOT",
    "qtyUnitCode": -1,
    "qtyUnitAbbr": "N/A",
    "qty": None,
    "isQtyEstimated": False,
    "altQtyUnitCode": -1,
    "altQtyUnitAbbr": "N/A",
    "altQty": None,
    "isAltQtyEstimated": False,
    "netWgt": None,
    "isNetWgtEstimated": False,
    "grossWgt": 0,
    "isGrossWgtEstimated": False,
    "cifvalue": 100.0,
    "fobvalue": None,
    "primaryValue": 100.0,
    "legacyEstimationFlag": 0,
    "isReported": True,
    "isAggregate": False,
}
COUNTRIES = {
    0: ("W00", "World"),
    842: ("USA", "USA"),
    276: ("DEU", "Germany"),
    490: ("S19", "Other Asia, nes"),
}


def record(commodity: str = "TOTAL", value: float | None = 100.0, partner: int = 0, **other: object) -> dict:
    """One record; the level follows from the code."""
    letters, name = COUNTRIES[partner]
    level = 0 if commodity == "TOTAL" else len(commodity)
    named = {"cmdCode": commodity, "aggrLevel": level, "cifvalue": value, "primaryValue": value}
    return {**RECORD, **named, "partnerCode": partner, "partnerISO": letters, "partnerDesc": name, **other}


def reply(records: list, **other: object) -> bytes:
    """A JSON reply of the service."""
    whole = {"elapsedTime": "0.21 secs", "count": len(records), "data": records, "error": "", **other}
    return json.dumps(whole, indent=1, ensure_ascii=False).encode()


def download(records: list[dict], trailing: str = ",") -> bytes:
    """A CSV download of the site: rows end in a comma that the header lacks, accents are Latin-1."""
    lines = [",".join(RECORD)]
    for row in records:
        cells = ["" if v is None else str(v) for v in row.values()]
        lines.append(",".join(f'"{c}"' if "," in c else c for c in cells) + trailing)
    return ("\r\n".join(lines) + "\r\n").encode("windows-1252")


BULK = (
    "Classification,Year,Period,Period Desc.,Aggregate Level,Is Leaf Code,Trade Flow Code,Trade Flow,Reporter Code,"
    "Reporter,Reporter ISO,Partner Code,Partner,Partner ISO,Commodity Code,Commodity,Qty Unit Code,Qty Unit,Qty,"
    "Netweight (kg),Trade Value (US$),Flag\n"
)
BULK_FILE = (
    BULK
    + 'H4,2015,2015,2015,2,0,2,Export,156,China,CHN,0,World,WLD,09,"Coffee, tea",1,No Quantity,,,300,0\n'
    + "H4,2015,2015,2015,4,0,2,Export,156,China,CHN,0,World,WLD,0902,Tea,8,Weight in kilograms,50,50,300,0\n"
    + "H4,2015,2015,2015,4,0,2,Export,156,China,CHN,384,Côte d'Ivoire,CIV,0902,Tea,8,Weight in kilograms,5,5,30,4\n"
)
SITE = (
    "Classification,Year,Period,Period Desc.,Aggregate Level,Is Leaf Code,Trade Flow Code,Trade Flow,Reporter Code,"
    "Reporter,Reporter ISO,Partner Code,Partner,Partner ISO,2nd Partner Code,2nd Partner,2nd Partner ISO,"
    "Customs Proc. Code,Customs,Mode of Transport Code,Mode of Transport,Commodity Code,Commodity,Qty Unit Code,"
    "Qty Unit,Qty,Alt Qty Unit Code,Alt Qty Unit,Alt Qty,Netweight (kg),Gross weight (kg),Trade Value (US$),"
    "CIF Trade Value (US$),FOB Trade Value (US$),Flag\r\n"
)
SITE_FILE = (
    SITE + "HS,2016,201603,March 2016,6,1,1,Import,156,China,CHN,276,Germany,DEU,,,,,,,,090210,Green tea,8,"
    "Weight in kilograms,7,,,,7,,70,70,,0\r\n"
)
BACI_FILE = (
    "t,i,j,k,v,q\n2022,156,842,010121,1.5,0.25\n2022,156,276,090210,2,          NA\n2022,4,490,090220,3,\n"
)
BACI_CUT = "t,i,j,k,v,q\n2022,156,842,10121,1.5,0.25\n2022,156,276,90299,2,NA\n2022,156,276,854231,7,1\n"
PRODUCTS = (
    "code,description\n010121,Horses: pure-bred breeding animals\n854231,Electronic integrated circuits\n"
)
DATAWEB_WIDE = (
    '"FAS Value by HTS Number and Country","","","","",""\n"for ALL Countries","","","","",""\n'
    "Data Type,HTS Number,Description,Country,2021,2022\n"
    'FAS Value,09,"Coffee, tea",China,"1,000",1200\nFAS Value,09,"Coffee, tea",Germany,5,\n'
    "Total,,,,1005,1200\n"
)
DATAWEB_LONG = (
    "General Customs Value\nfor China\nCountry,HTS Number,Description,Year,General Customs Value\n"
    "China,0902,Tea,2021,40\nChina,0902,Tea,2022,50\nTotal:,,,,90\n"
)
GOODS_FILE = (
    '"商品编码","商品名称","年份","第一计量单位编码","第一计量单位名称","第二计量单位编码","第二计量单位名称",\n'
    '01012100,"改良\n种用马",2022,09,"千克",01,"头",\n'
    '98050000,"跨境\0电商",2022,09,"千克",?,"?",\n'
    '01013010,"短",2022,09,"千克",\n'
    "\n"
    '0101309\0,"末",2022,09,"千克",?,"?",\n'
    '09021090,"绿茶",2022,09,"千克",?,"?",\n'
)
DISTRICT_FILE = (
    '[\n  {\n    "DISTRICT_NAME": "杭州经济技术开发区",\n    "DISTRICT_CODE": "33012"\n  },\n'
    '  {"DISTRICT_NAME": "杭州保税物流中心", "DISTRICT_CODE": "3316W", "DISTRICT_TYPE": "9"},\n'
    '  {"DISTRICT_NAME": "某地", "DISTRICT_CODE": "33999"},\n'
    '  {"DISTRICT_NAME": "朝阳区", "DISTRICT_CODE": "11059"},\n'
    '  {"DISTRICT_NAME": "浙江其他", "DISTRICT_CODE": "33909"}\n]'
)
