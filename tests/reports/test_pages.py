"""What single pages say: figures equal to the warehouse, contributions, plain words where there is none."""

import re
from html import unescape

import pytest

from pipelines.declarations.groups import groups
from pipelines.publishing.report import formatting
from tests.helpers.synthetic import EMPTY, MODES, NO_SIZE, REVOKED, RICH, SECOND, TOO_FEW


def words(markup: str) -> str:
    """The visible text."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", markup, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def page(report, name: str) -> str:
    return (report / name).read_text(encoding="utf-8")


def section(markup: str, heading_id: str) -> str:
    return markup.split(f'aria-labelledby="{heading_id}"')[1].split("</section>", maxsplit=1)[0]


def test_fits_are_those_of_the_warehouse_after_rounding(report, warehouse):
    fits = warehouse.sql(
        "select zone_code, fit, comparative_fit, coverage, gate from mart.mode_fit"
        " where fit is not null and comparative_fit is not null and time_period = '2019'"
    ).fetchall()
    assert len(fits) == 5
    for code, fit, comparative, coverage, gate in fits:
        shown = section(page(report, f"zone/{code}.html"), "fit")
        assert f'<data value="{fit!r}">{fit:.3f}</data>' in shown
        assert f'<data value="{comparative!r}">{comparative:+.3f}</data>'.replace(">-", ">\u2212") in shown
        assert f'<data value="{coverage!r}">{coverage * 100:.0f}\u00a0%</data>' in shown
        assert f'<data value="{gate!r}">{gate:.3f}</data>' in shown


def test_every_printed_figure_is_its_exact_value_rounded(report):
    for path in report.rglob("*.html"):
        for value, text in re.findall(
            r'<data value="([^"]+)">([^<]+)</data>', path.read_text(encoding="utf-8")
        ):
            digits = re.match(r"[\d.]+", text.lstrip("+\u2212").replace(",", "")).group()
            half_a_step = 0.5 * 10 ** -len(digits.partition(".")[2])
            share = text.endswith("\u00a0%") and abs(float(value)) <= 1
            scale = 100 if share else 1e-9 if "\u00a0bn" in text else 1e-6 if "\u00a0m " in text else 1
            assert abs(float(digits) - abs(float(value)) * scale) <= half_a_step * (1 + 1e-9), (
                path,
                value,
                text,
            )
            assert ("\u2212" in text) == (float(value) < 0), (path, value, text)


def test_contributions_are_shown_and_add_up(report, warehouse):
    shown = section(page(report, f"zone/{RICH}.html"), "criteria")
    for mode in MODES[:4]:
        detail = shown.split(f'id="mode-{mode}"')[1].split("</article>")[0]
        parts = warehouse.execute(
            "select contribution from mart.mode_fit_contribution"
            " where zone_code = ? and time_period = '2019' and mode_id = ?",
            [RICH, mode],
        ).fetchall()
        fit = warehouse.execute(
            "select fit from mart.mode_fit where zone_code = ? and time_period = '2019' and mode_id = ?",
            [RICH, mode],
        ).fetchall()[0][0]
        assert len(parts) == 2 and sum(part for (part,) in parts) == pytest.approx(fit)
        for (part,) in parts:
            assert f'<data value="{part!r}">{part:.3f}</data>' in detail
        assert f"Contributions of 2 criteria, sum {fit:.3f}" in detail


def test_the_values_of_criteria_stand_in_their_units(report):
    text = words(section(page(report, f"zone/{RICH}.html"), "criteria"))
    assert "1,248 bn CNY" in text.replace("\u00a0", " ")
    assert "0.735" in text and "0.520" in text and "2018" in text
    assert "not scored: not observed" in text
    assert "(less is better)" in text


@pytest.mark.parametrize("code", [EMPTY, REVOKED])
def test_a_zone_without_data_gets_words_and_never_a_number(report, code):
    markup = page(report, f"zone/{code}.html")
    shown = words(section(markup, "fit"))
    assert shown.count("insufficient data") == len(MODES)
    assert shown.count(TOO_FEW) == len(MODES)
    assert f"Best mode: insufficient data : {TOO_FEW}" in words(markup)
    assert 'class="chart contributions"' not in markup and 'class="chart bar"' not in markup
    assert "No mode could be scored in any year from 2018 to 2019." in shown


def test_one_mode_without_data_beside_four_with(report):
    shown = words(section(page(report, f"zone/{RICH}.html"), "fit"))
    assert shown.count("insufficient data") == 1
    assert f"insufficient data : {TOO_FEW}" in shown and f"not compared: {NO_SIZE}" in shown
    assert "1 of 2" in shown


def test_unverified_facts_carry_a_visible_mark(report):
    markup = page(report, f"zone/{RICH}.html")
    text = words(markup)
    assert "unverified source month verified, day recalled" in text
    gate = markup.split("Harbour city")[1].split("</tr>")[0]
    assert '<span class="mark unverified">unverified source</span>' in gate
    assert "reasoned, no source" in text


def test_sources_name_file_row_column_and_printed_text(report):
    text = words(section(page(report, f"zone/{RICH}.html"), "sources"))
    assert "book_2019.csv 0123456789ab row 17, column 4 12480.5<b>" in text
    assert "goods_trade / gdp" in text and "Invented output" in text
    assert "the same cells as Invented output 生产总值 , 2018" in text


def test_the_cluster_profile_and_its_gaps(report):
    text = words(section(page(report, f"zone/{RICH}.html"), "cluster"))
    for figure in ("0.088", "0.432", "0.216", "\u22120.346", "171,000", "high among low", "no employment"):
        assert figure in text
    assert "1 strong cluster with 12 % of the persons employed; 6 cluster stars" in text
    assert "strong star for size, specialisation" in text
    assert text.count("star for") == 5
    assert "insufficient data" in words(section(page(report, f"zone/{SECOND}.html"), "cluster"))


def test_the_suggestions_show_gap_and_missing_peers(report):
    text = words(section(page(report, f"zone/{RICH}.html"), "gaps"))
    assert "0.75" in text and "2.25" in text and "no peers" in text and "same batch: 3" in text


def test_a_revoked_zone_says_so(report):
    assert "no longer active: valid until 2025-04-25" in words(page(report, f"zone/{REVOKED}.html"))


def test_the_overview_counts_and_tests_as_they_come_out(report):
    text = words(page(report, "index.html")).replace(" / ", "/")
    assert "3/4 zones active" in text
    assert "By fit, the stated mode comes first for 1 of 3 named cities; for 1 of them" in text
    assert "Insufficient data 2" in text
    assert "no zone has enough figures for this mode in any year" in text


def test_the_ranking_is_in_order_and_complete(report):
    table = page(report, "index.html").split('id="tab-mode_a"')[1].split("</table>")[0]
    assert re.findall(r'href="zone/(\d+)\.html"', table) == [RICH, SECOND]


def test_every_fit_has_its_interval_or_the_reason_why_not(report):
    shown = words(section(page(report, f"zone/{RICH}.html"), "fit"))
    assert "of 1,000 replications" in shown
    assert "0.571 to 0.698 1 to 2 +0.113 to +0.133 87.0 % weights ( 61 % of the variance)" in shown
    assert "0.270 to 0.330 1 to 2 – – –" in shown
    assert "How sure" not in words(section(page(report, f"zone/{EMPTY}.html"), "fit"))


def test_levers_are_those_of_the_best_mode_and_no_advice_to_shrink(report):
    shown = words(section(page(report, f"zone/{RICH}.html"), "levers"))
    assert "Best mode: Invented A , fit 0.634" in shown
    assert "Trade against output 0.735 2018 0.91 9 batch 3 +0.043" in shown
    assert "Days of waiting" not in shown and "Output of the city" not in shown
    assert 'in the group "batch 3": Samplefield' in shown and "no best mode" in shown
    none = words(section(page(report, f"zone/{EMPTY}.html"), "levers"))
    assert "insufficient data : no mode has a fit that could rise" in none


def test_a_best_mode_that_another_exceeds_by_level_says_so(report, warehouse):
    """Best is meant comparatively; the page names the mode of the highest fit wherever that is another one."""
    rows = warehouse.sql(
        "select zone_code, best_mode, arg_max(f.mode_id, f.fit) from mart.zone_profile as z join mart.mode_fit as f "
        "using (zone_code) where best_mode is not null and f.time_period = z.latest_period group by all"
    ).fetchall()
    assert {best == leader for _, best, leader in rows} == {True, False}
    for code, best, leader in rows:
        headline = page(report, f"zone/{code}.html").split('class="headline"')[1].split("</div>")[0]
        assert ("By level, another mode fits more" in words(headline)) == (best != leader)


def test_the_linkage_is_shown_with_its_parts(report):
    shown = words(section(page(report, f"zone/{RICH}.html"), "gaps"))
    assert (
        "talent 0.321 : coupling 0.980" in shown
        and "primary coordination 初级协调 ; held back most by talent" in shown
    )


def test_the_back_test_stands_beside_its_baselines_and_without_each_criterion(report):
    shown = words(section(page(report, "index.html"), "test-h"))
    assert "2019 fit 2 of 3 1 0.750 0.521 0.183 0.493 0.750 0.084 0.169" in shown
    assert "the 1 of 2 criteria that change a rank" in shown
    assert "Invented A Trade against output 1 0.750 \u22120.250" in shown


def test_the_method_page_declares_every_criterion_and_code(report):
    text = words(page(report, "method.html"))
    for needle in (
        "Trade against output",
        "Trains by hour",
        "not_observed",
        "not_a_number",
        "Nothing to gain.",
        TOO_FEW,
    ):
        assert needle in text


def test_the_quality_page_accounts_for_cells(report):
    text = words(page(report, "quality.html"))
    for needle in (
        "12<i>",
        "expected a number",
        "1.2 trillion",
        "0 unaccounted for",
        "75 %",
        "invented_book",
    ):
        assert needle in text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (124805e7, "CNY", "1,248\u00a0bn CNY"),
        (12.480e9, "CNY", "12.48\u00a0bn CNY"),
        (-3.5e6, "USD", "\u22123.500\u00a0m USD"),
        (0.0, "CNY", "0\u00a0CNY"),
        (128994.0, "CNY per person", "128,994 CNY per person"),
        (34.567, "pct", "34.57\u00a0%"),
        (0.73519, "1", "0.735"),
        (3849.0, "count", "3,849"),
        (0.0000123, "1", "1.2e-05"),
        (None, "CNY", "–"),
    ],
)
def test_quantities(value, unit, text):
    shown = formatting.quantity(value, unit)
    assert re.sub(r"<[^>]+>", "", shown) == text


def test_a_figure_that_is_not_finite_stops_the_report():
    with pytest.raises(ValueError, match="expected a finite number or NULL"):
        formatting.score(float("nan"))


@pytest.mark.parametrize(
    ("status", "mark"),
    [
        ("verified", "verified"),
        ("recalled", "unverified source"),
        ("", "status not stated"),
        ("verified (2022-11-14; published 2022-11-24)", "verified"),
        ("reasoned", "reasoned, no source"),
        ("month verified, day recalled", "unverified source"),
        (None, "status not stated"),
    ],
)
def test_status_marks(status, mark):
    assert re.search(r">([^<]+)</span>", formatting.status_mark(status)).group(1) == mark


def test_only_web_addresses_become_links():
    markup = formatting.linked('see https://example.org/a"onclick=x; javascript:alert(1) <b>')
    assert 'href="https://example.org/a"' in markup
    assert "&lt;b&gt;" in markup and markup.count("<a ") == 1


def test_the_page_names_the_chain_of_each_fit_and_the_day_and_file_of_each_cell(report):
    text = (report / "zone" / f"{RICH}.html").read_text(encoding="utf-8")
    assert f"zonescope trace {RICH} 2019 mode_a" in text
    assert "known from 2020-12-31" in text and f"SHA-256 {'0123456789abcdef' * 4}" in text


def test_the_dictionary_begins_with_the_tables_to_start_with_and_groups_the_rest(report):
    markup = page(report, "dictionary.html")
    assert (
        re.findall(r'<th scope="row"><a href="#([a-z_.]+)">', section(markup, "first")) == groups()[0].tables
    )
    for group in groups():
        assert (
            re.findall(r'<article class="mode-detail" id="([a-z_.]+)"', section(markup, group.id))
            == group.tables
        )
    assert "Foreign keys: province_code in core.area" in words(section(markup, "start_here"))


@pytest.mark.parametrize("name", ["index.html", "dictionary.html"])
def test_the_search_has_a_label_and_a_script_without_data(report, name):
    markup = page(report, name)
    assert '<label for="query">' in markup and 'id="found" role="status"' in markup
    scripts = re.findall(r"<script>.*?</script>", markup, flags=re.S)
    assert scripts == re.findall(r"<script>.*?</script>", page(report, "index.html"), flags=re.S)
    assert len(scripts) == 1 and "data-find" in markup and "data-group" in markup


def test_the_search_of_the_dictionary_knows_chinese_and_stands_before_the_tables(report):
    """The terms of the glossary stand beside the tables and columns that they name; each term is an item itself."""
    markup = page(report, "dictionary.html")
    assert markup.index('id="query"') < markup.index('class="onpage"')
    assert markup.count("data-browse>") == 2 and "Nothing found" in markup
    fit = section(markup, "start_here").split('id="mart.mode_fit"')[1].split("</article>")[0]
    assert '<span lang="zh-Hans">契合度</span>' in fit
    assert "data-group" in markup.split('aria-labelledby="glossary"')[1].split(">")[0]
    assert "<tr data-find>" in section(markup, "glossary")


def test_a_long_name_can_break_and_is_copied_whole(report):
    assert "<code>methodology_<wbr>version</code>" in section(page(report, "dictionary.html"), "start_here")
