"""The report as a whole: complete, closed in itself, safe and repeatable."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
import pytest

from pipelines.publishing.report import site
from tests.helpers import synthetic
from tests.helpers.synthetic import EMPTY, GENERATION, HOSTILE, REVOKED, RICH

VOID = {"meta", "link", "br", "wbr", "input", "img", "hr"}


class Page(HTMLParser):
    """Tags with attributes, ids, and whether every element is closed in order."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.ids, self.open, self.unbalanced = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append((tag, self.getpos()))


@pytest.fixture(scope="module")
def pages(report) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(report.rglob("*.html"))}


def test_one_page_a_zone_and_the_common_pages(report, pages):
    names = {str(path.relative_to(report)) for path in pages}
    zones = {f"zone/{code}.html" for code in ("990100", "990200", "990300", "990400")}
    assert names == zones | {"index.html", "method.html", "quality.html", "dictionary.html"}


def test_build_returns_the_files_it_wrote(warehouse, tmp_path):
    paths = site.build(warehouse, tmp_path, GENERATION)
    assert sorted(paths) == sorted(path for path in tmp_path.rglob("*") if path.is_file())


def test_elements_are_closed_and_ids_unique(pages):
    for path, page in pages.items():
        assert not page.unbalanced and not page.open, path
        assert len(page.ids) == len(set(page.ids)), path


def test_no_page_or_style_asks_anything_of_the_network(report, pages):
    for path, page in pages.items():
        for tag, attrs in page.tags:
            if tag in ("link", "script", "img", "iframe", "source", "use", "image"):
                address = attrs.get("href") or attrs.get("src") or ""
                assert not urlsplit(address).netloc and not address.startswith("//"), (path, tag, address)
            assert "srcset" not in attrs and "background" not in attrs
    for style in report.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert "@import" not in text
        assert all(not urlsplit(url).netloc for url in re.findall(r'url\("?([^")]+)', text))


def test_outside_links_tell_no_referrer(pages):
    for path, page in pages.items():
        for tag, attrs in page.tags:
            if tag == "a" and urlsplit(attrs.get("href", "")).netloc:
                assert attrs["rel"] == "noreferrer", path


def test_internal_links_resolve(pages):
    for path, page in pages.items():
        for tag, attrs in page.tags:
            address = attrs.get("href") or attrs.get("src")
            if tag not in ("a", "link", "script", "img") or not address or urlsplit(address).scheme:
                continue
            parts = urlsplit(address)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), (path, address)
            if parts.fragment:
                assert unquote(parts.fragment) in pages[target].ids, (path, address)


def test_hostile_names_come_out_escaped(report):
    for path in report.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert HOSTILE not in text and "<img src=x" not in text and "<b>" + "\n" not in text, path
        assert "12480.5<b>" not in text and "12<i>" not in text, path
    own = (report / "zone" / f"{REVOKED}.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in own
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in (report / "index.html").read_text(encoding="utf-8")


def test_a_reference_that_is_no_web_address_is_no_link(report, pages):
    path = report / "zone" / f"{RICH}.html"
    assert "javascript:alert(2)" in path.read_text(encoding="utf-8")
    assert not any(attrs.get("href", "").startswith("javascript") for _, attrs in pages[path].tags)


def test_every_page_is_made_for_a_phone_and_for_readers(pages):
    for path, page in pages.items():
        metas = [attrs for tag, attrs in page.tags if tag == "meta"]
        assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in metas, path
        assert ("html", {"lang": "en"}) in page.tags, path
        assert sum(tag == "table" for tag, _ in page.tags) == sum(tag == "caption" for tag, _ in page.tags), (
            path
        )
        assert all("scope" in attrs for tag, attrs in page.tags if tag == "th"), path
        assert all(
            "aria-label" in attrs or "aria-hidden" in attrs for tag, attrs in page.tags if tag == "svg"
        ), path


def test_every_table_lies_in_a_box_that_scrolls(report):
    for path in report.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"<table", text)) == len(
            re.findall(r'<div class="scroll"[^>]*>\s*<table', text)
        ), path


def test_a_rerun_gives_the_same_bytes(warehouse, report, tmp_path):
    for path in site.build(warehouse, tmp_path, GENERATION):
        assert path.read_bytes() == (report / path.relative_to(tmp_path)).read_bytes(), path


def test_a_zone_code_that_is_no_file_name_stops_the_report(tmp_path):
    copy = duckdb.connect(":memory:")
    synthetic.fill(copy)
    copy.execute("update mart.zone_profile set zone_code = '../x' where zone_code = ?", [EMPTY])
    with pytest.raises(ValueError, match=r"zone_profile.*'\.\./x'"):
        site.build(copy, tmp_path, GENERATION)


def test_a_missing_column_is_named(tmp_path):
    con = duckdb.connect(":memory:")
    con.execute("create schema mart")
    con.execute("create table mart.zone_profile as select '1' as zone_code")
    with pytest.raises(duckdb.BinderException, match="zone_name_en"):
        site.build(con, tmp_path, GENERATION)
