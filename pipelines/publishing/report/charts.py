"""Charts as inline SVG, drawn by small pure functions.

Here belongs: numbers and labels in, safe SVG markup out. Not here: which figures are drawn, colours of text
and sizes on screen (static/style.css), tables (the templates; every chart stands beside the table it draws).
Every category has a colour and a shape, so that no reading depends on colour alone.
"""

import math
from itertools import pairwise

from markupsafe import Markup

# Distinguishable under protanopia, deuteranopia and tritanopia, each at least 3:1 on white; `tint` is the
# pale companion that carries dark text. Modes take them in the order of their ids.
PALETTE = (
    {"colour": "#0072B2", "tint": "#BFDDF0", "shape": "circle"},
    {"colour": "#C44E00", "tint": "#F6D3BD", "shape": "square"},
    {"colour": "#117733", "tint": "#C3E3CC", "shape": "triangle"},
    {"colour": "#882255", "tint": "#EBC9DA", "shape": "diamond"},
    {"colour": "#A67C00", "tint": "#F2E3B3", "shape": "wedge"},
    {"colour": "#332288", "tint": "#CFC9EC", "shape": "plus"},
)
NO_MODE = {"colour": "#6B6B6B", "tint": "#E4E4E4", "shape": "ring"}
INK, FAINT = "#333333", "#9A9A9A"
_SHAPES = {
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "square": "M-4.5-4.5h9v9h-9z",
    "triangle": "M0-5.5L5.5 4.5h-11z",
    "diamond": "M0-6L6 0L0 6L-6 0z",
    "wedge": "M0 5.5L5.5-4.5h-11z",
    "plus": "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
    "ring": "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
}


def styles(mode_ids: list[str]) -> dict[str, dict]:
    """Colour, tint and shape per mode, in the order of the modes."""
    return {mode_id: PALETTE[i % len(PALETTE)] for i, mode_id in enumerate(mode_ids)}


def _svg(size: tuple[float, float], kind: str, label: str, body: list[Markup], role: str = "img") -> Markup:
    return Markup(
        '<svg class="chart {0}" viewBox="0 0 {1:g} {2:g}" width="{1:g}" height="{2:g}" role="{3}"'
        ' aria-label="{4}">{5}</svg>'
    ).format(kind, *size, role, label, Markup("").join(body))


def _shape(style: dict) -> Markup:
    fill, stroke = style["colour"], "#FFFFFF"
    if style["shape"] == "ring":
        fill, stroke = stroke, fill
    return Markup('<path class="pt" d="{}" fill="{}" stroke="{}"/>').format(
        _SHAPES[style["shape"]], fill, stroke
    )


def marker(style: dict) -> Markup:
    """The sign of a mode before its name; decoration, the name stands beside it."""
    return Markup(
        '<svg class="marker" viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true">{}</svg>'
    ).format(_shape(style))


def _moved(x: float, y: float, style: dict) -> Markup:
    return Markup('<g transform="translate({:.1f} {:.1f})">{}</g>').format(x, y, _shape(style))


def _rect(x: float, y: float, width: float, height: float, fill: str) -> Markup:
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>').format(
        x, y, max(width, 0), height, fill
    )


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, *, kind: str = "") -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}"/>').format(
        kind, x1, y1, x2, y2, stroke
    )


def _text(x: float, y: float, label: str, kind: str, *, anchor: str = "middle", fill: str = INK) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="{}">{}</text>').format(
        kind, x, y, anchor, fill, label
    )


def level_bar(value: float, style: dict, maximum: float = 1.0) -> Markup:
    """A horizontal bar from 0 to `value` on a track of length `maximum`."""
    width = 80
    body = [_rect(0, 3, width, 8, "#ECECEC"), _rect(0, 1, width * value / maximum, 12, style["colour"])]
    return _svg((width, 14), "bar", f"{value:.3f} of {maximum:g}", body)


def interval_bar(low: float, middle: float, high: float, value: float, style: dict) -> Markup:
    """An interval on a track from 0 to 1, its middle as a line and the published value as the mode's marker."""
    width = 160
    body = [
        _rect(0, 6, width, 4, "#ECECEC"),
        _rect(width * low, 4, max(width * (high - low), 1), 8, "#B9B9B9"),
        _line(width * middle, 2, width * middle, 14, INK),
        _moved(width * value, 8, style),
    ]
    label = f"{value:.3f}, 5th to 95th percentile {low:.3f} to {high:.3f}"
    return _svg((width, 16), "bar", label, body)


def diverging_bar(value: float, extent: float, style: dict) -> Markup:
    """A bar to the left or right of a middle line; `extent` is the largest absolute value on the page."""
    width, middle = 80, 40
    reach = middle * min(abs(value) / extent, 1) if extent else 0
    start = middle if value >= 0 else middle - reach
    body = [_rect(0, 3, width, 8, "#ECECEC"), _rect(start, 1, reach, 12, style["colour"])]
    return _svg((width, 14), "bar", f"{value:+.3f}", [*body, _line(middle, 0, middle, 14, INK)])


def reference_bar(value: float, maximum: float, reference: float) -> Markup:
    """A bar with a reference line, as for a location quotient against 1; above it dark, below it pale."""
    width = 220
    fill = "#0072B2" if value >= reference else "#8FBFDD"
    at = width * reference / maximum
    body = [_rect(0, 3, width * value / maximum, 10, fill), _line(at, 0, at, 16, INK, kind="unity")]
    return _svg((width, 16), "bar", f"{value:.2f}, reference {reference:g}", body)


def contribution_bar(parts: list[tuple[str, float]], style: dict) -> Markup:
    """Contributions stacked to their sum on a scale 0..1; each part carries its number in the table below."""
    width, x, body = 640.0, 10.0, []
    scale = width - 20
    body.append(_rect(x, 8, scale, 22, "#F1F1F1"))
    for i, (number, value) in enumerate(parts):
        length = scale * max(value, 0)
        body.append(_rect(x, 8, length - 1, 22, style["tint"] if i % 2 else style["colour"]))
        if length >= 24:
            body.append(_text(x + length / 2 - 0.5, 24, number, "part", fill=INK if i % 2 else "#FFFFFF"))
        x += length
    for tick in (0, 0.25, 0.5, 0.75, 1):
        body.append(_line(10 + scale * tick, 30, 10 + scale * tick, 35, FAINT))
        body.append(_text(10 + scale * tick, 48, f"{tick:g}", "axis"))
    total = sum(value for _, value in parts)
    return _svg(
        (width, 54), "contributions", f"Contributions of {len(parts)} criteria, sum {total:.3f}", body
    )


def dot_strip(values: list[float], value: float | None, style: dict) -> Markup:
    """All zones as strokes on 0..1 and this zone as the sign of the mode."""
    scale, left = 150.0, 8.0
    strokes = Markup("").join(Markup("M{:.1f} 6v10").format(left + scale * other) for other in sorted(values))
    body = [
        _line(left, 11, left + scale, 11, "#DDDDDD"),
        Markup('<path class="others" d="{}" stroke="{}" fill="none"/>').format(strokes, FAINT),
    ]
    if value is not None:
        body.append(_moved(left + scale * value, 11, style))
    where = "" if value is None else f", this zone at {value:.3f}"
    return _svg((scale + 16, 22), "strip", f"{len(values)} zones between 0 and 1{where}", body)


def peer_strip(value: float, median: float, quartile: float) -> Markup:
    """One zone (dot) against the median (stroke) and the upper quartile (triangle) of its peers."""
    low, high = min(value, median, quartile), max(value, median, quartile)
    scale, left = 120.0, 10.0

    def place(number: float) -> float:
        return left + (scale * (number - low) / (high - low) if high > low else scale / 2)

    body = [
        _line(left, 11, left + scale, 11, "#CCCCCC"),
        _line(place(median), 3, place(median), 19, INK, kind="median"),
        Markup('<path d="M{:.1f} 12l5 8h-10z" fill="{}"/>').format(place(quartile), INK),
        Markup('<circle cx="{:.1f}" cy="11" r="5" fill="#C44E00" stroke="#FFFFFF"/>').format(place(value)),
    ]
    return _svg(
        (scale + 20, 22), "strip", "This zone against the median and upper quartile of its peers", body
    )


def sparkline(values: list[float | None], style: dict) -> Markup:
    """Years from left to right on a fixed scale 0..1; a year without a figure is a gap in the line."""
    width, height, step = 120.0, 26.0, 0.0
    if len(values) > 1:
        step = (width - 10) / (len(values) - 1)
    points = [
        None if value is None else (5 + i * step, height - 4 - value * (height - 8))
        for i, value in enumerate(values)
    ]
    body = [_line(0, height - 4, width, height - 4, "#DDDDDD")]
    for here, after in pairwise(points):
        if here and after:
            body.append(_line(*here, *after, style["colour"]))
    body += [
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2.5" fill="{}"/>').format(*point, style["colour"])
        for point in points
        if point
    ]
    return _svg((width, height), "sparkline", f"{sum(v is not None for v in values)} years with a fit", body)


def heat_level(value: float | None, maximum: float = 1.0) -> str:
    """CSS class of a heat table's cell: `h` for no figure, h0 (nothing) to h5 (all)."""
    if value is None or maximum <= 0:
        return "h"
    return f"h{min(5, max(0, round(5 * value / maximum)))}"


# The map: points by longitude and latitude on a plain field. No outline of any country or province is drawn,
# because no boundary data are used.
_MAP_WIDTH, _MAP_MARGIN, _LABEL_HEIGHT, _LETTER_WIDTH = 760.0, 36.0, 14.0, 6.8


def _frame(points: list[dict]) -> dict:
    """Bounds one whole degree beyond the points; scales that keep distances true at the middle latitude."""
    longitudes, latitudes = [p["longitude"] for p in points], [p["latitude"] for p in points]
    west, south = math.floor(min(longitudes)) - 1, math.floor(min(latitudes)) - 1
    east, north = math.ceil(max(longitudes)) + 1, math.ceil(max(latitudes)) + 1
    x_scale = (_MAP_WIDTH - 2 * _MAP_MARGIN) / (east - west)
    y_scale = x_scale / math.cos(math.radians((south + north) / 2))
    height = (north - south) * y_scale + 2 * _MAP_MARGIN
    bounds = {"west": west, "east": east, "south": south, "north": north}
    return {**bounds, "x": x_scale, "y": y_scale, "height": height}


def _place(frame: dict, longitude: float, latitude: float) -> tuple[float, float]:
    x = _MAP_MARGIN + (longitude - frame["west"]) * frame["x"]
    return x, _MAP_MARGIN + (frame["north"] - latitude) * frame["y"]


def _graticule(frame: dict) -> list[Markup]:
    left, top = _place(frame, frame["west"], frame["north"])
    right, bottom = _place(frame, frame["east"], frame["south"])
    body = [_rect(left, top, right - left, bottom - top, "#F5F7F8")]
    for longitude in range(math.ceil(frame["west"] / 10) * 10, frame["east"] + 1, 10):
        x, _ = _place(frame, longitude, frame["south"])
        body += [_line(x, top, x, bottom, "#DDE2E5"), _text(x, bottom + 18, f"{longitude}°E", "axis")]
    for latitude in range(math.ceil(frame["south"] / 10) * 10, frame["north"] + 1, 10):
        _, y = _place(frame, frame["west"], latitude)
        body += [
            _line(left, y, right, y, "#DDE2E5"),
            _text(left - 4, y + 4, f"{latitude}°N", "axis", anchor="end"),
        ]
    return body


def _free_spot(at: tuple, label: str, taken: list[tuple], dots: list[tuple]) -> tuple | None:
    """Of four spots round a point the one that covers no label and fewest points: (x, y, anchor, box)."""
    width = _LETTER_WIDTH * len(label)
    found: list[tuple] = []
    for dx, dy, anchor in ((9, 4, "start"), (0, 19, "middle"), (0, -9, "middle"), (-9, 4, "end")):
        left = at[0] + dx - {"start": 0, "end": width, "middle": width / 2}[anchor]
        box = (left, at[1] + dy - _LABEL_HEIGHT, left + width, at[1] + dy + 3)
        if all(box[2] < b[0] or box[0] > b[2] or box[3] < b[1] or box[1] > b[3] for b in taken):
            covered = sum(box[0] < x < box[2] and box[1] < y < box[3] for x, y in dots)
            found.append((covered, len(found), (at[0] + dx, at[1] + dy, anchor, box)))
    return min(found)[2] if found else None


def _labels(points: list[dict], places: list[tuple]) -> list[Markup]:
    taken: list[tuple] = []
    labels: list[Markup] = []
    for point, at in zip(points, places, strict=True):
        spot = _free_spot(at, point["label"], taken, places) if point["label"] else None
        if spot:
            taken.append(spot[3])
            labels.append(_text(spot[0], spot[1], point["label"], "place", anchor=spot[2]))
    return labels


def point_map(points: list[dict]) -> Markup:
    """Zones as signs of their modes.

    Each point: longitude, latitude, style, title, href, and `label` (words or None) for the few named ones.
    A label without a free spot is left out; the title of its point still names it.
    """
    if not points:
        return Markup("")
    frame = _frame(points)
    places = [_place(frame, point["longitude"], point["latitude"]) for point in points]
    # Hollow rings first, so that a zone with a mode is never hidden by one without.
    drawn = sorted(zip(points, places, strict=True), key=lambda pair: pair[0]["style"]["shape"] != "ring")
    signs = [
        Markup('<a href="{}" tabindex="-1"><title>{}</title>{}</a>').format(
            point["href"], point["title"], _moved(*place, point["style"])
        )
        for point, place in drawn
    ]
    label = f"{len(points)} zones as points by longitude and latitude; no borders are drawn"
    body = [*_graticule(frame), *signs, *_labels(points, places)]
    return _svg((_MAP_WIDTH, round(frame["height"])), "map", label, body, "group")
