"""The charts: safe markup, true lengths, gaps as gaps, no label over another."""

import re
from xml.etree import ElementTree

import pytest

from pipelines.publishing.report import charts

STYLE = charts.PALETTE[0]


def parse(markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(markup))


def point(longitude, latitude, label=None, style=STYLE):
    return {
        "longitude": longitude,
        "latitude": latitude,
        "style": style,
        "title": "<b>&",
        "href": "x.html",
        "label": label,
    }


def test_every_chart_is_well_formed_and_named():
    drawn = [
        charts.level_bar(0.5, STYLE),
        charts.interval_bar(0.2, 0.3, 0.5, 0.25, STYLE),
        charts.diverging_bar(-0.1, 0.2, STYLE),
        charts.reference_bar(1.5, 3, 1),
        charts.contribution_bar([("1", 0.3), ("2", 0.1)], STYLE),
        charts.dot_strip([0.1, 0.9], 0.4, STYLE),
        charts.peer_strip(1, 2, 3),
        charts.peer_strip(2, 2, 2),
        charts.sparkline([0.1, None, 0.4], STYLE),
        charts.sparkline([], STYLE),
        charts.diverging_bar(0, 0, STYLE),
        charts.point_map([point(120, 30)]),
    ]
    for markup in drawn:
        assert parse(markup).attrib["aria-label"]


def test_bars_are_as_long_as_their_figures():
    bar = parse(charts.level_bar(0.25, STYLE))
    track, filled = (float(rect.attrib["width"]) for rect in bar.findall("rect"))
    assert filled == pytest.approx(track / 4)


def test_an_interval_lies_where_its_figures_are():
    track, interval = parse(charts.interval_bar(0.25, 0.5, 0.75, 0.4, STYLE)).findall("rect")
    width = float(track.attrib["width"])
    assert float(interval.attrib["x"]) == pytest.approx(width / 4)
    assert float(interval.attrib["width"]) == pytest.approx(width / 2)


def test_contributions_stand_end_to_end_from_nought():
    bars = parse(charts.contribution_bar([("1", 0.3), ("2", 0.2), ("3", 0.1)], STYLE)).findall("rect")[1:]
    starts = [float(bar.attrib["x"]) for bar in bars]
    assert starts == pytest.approx([10, 10 + 620 * 0.3, 10 + 620 * 0.5])


def test_a_missing_year_is_a_gap():
    line = parse(charts.sparkline([0.1, 0.2, None, 0.4], STYLE))
    assert len(line.findall("circle")) == 3
    assert len(line.findall("line")) == 2  # the floor and the one joined pair


def test_titles_of_the_map_are_escaped():
    assert "<b>" not in charts.point_map([point(120, 30)])
    assert charts.point_map([]) == ""


def test_labels_of_the_map_do_not_overlap():
    crowded = [point(120 + i / 10, 30 + i / 10, "A long name") for i in range(6)]
    boxes = []
    for text in parse(charts.point_map([*crowded, point(75, 18)])).findall("text"):
        if text.attrib["class"] != "place":
            continue
        width, x, y = 6.8 * len(text.text), float(text.attrib["x"]), float(text.attrib["y"])
        left = x - {"start": 0, "middle": width / 2, "end": width}[text.attrib["text-anchor"]]
        boxes.append((left, y - 11, left + width, y))
    assert len(boxes) >= 2
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] < b[0] + 0.2 or b[2] < a[0] + 0.2 or a[3] < b[1] or b[3] < a[1]


def test_modes_differ_in_colour_and_in_shape():
    styles = charts.styles(["a", "b", "c", "d", "e"])
    for trait in ("shape", "colour"):
        assert len({style[trait] for style in styles.values()}) == 5


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(pair, 16) / 255 for pair in re.findall("..", colour.lstrip("#"))]
        red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("style", charts.PALETTE)
def test_signs_and_numbers_are_seen(style):
    assert contrast(style["colour"], "#FFFFFF") >= 3
    assert contrast(style["tint"], charts.INK) >= 4.5


@pytest.mark.parametrize(
    ("value", "maximum", "level"), [(None, 1, "h"), (0, 1, "h0"), (1, 1, "h5"), (0.5, 1, "h2"), (3, 0, "h")]
)
def test_heat_levels(value, maximum, level):
    assert charts.heat_level(value, maximum) == level
