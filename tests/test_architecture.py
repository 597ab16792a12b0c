"""The picture of the rooms and the page about them are of today's imports."""

import doctest

from docs import rooms


def test_the_picture_is_of_todays_imports():
    assert rooms.picture() == rooms.PICTURE.read_text(encoding="utf-8"), "`make rooms` draws it anew"


def test_the_table_is_of_todays_imports():
    text = rooms.PAGE.read_text(encoding="utf-8")
    assert rooms.page(text) == text, "`make rooms` writes it anew"


def test_a_room_imports_only_rooms_below_it():
    imports = rooms.rooms()
    row = {room: number for number, level in enumerate(rooms.rows(imports)) for room in level}
    assert all(row[below] > row[room] for room in imports for below in imports[room])
    assert {"readers", "metrics", "landing", "publishing"} <= set(row) and not imports["readers"]


def test_the_examples_of_the_drawing_hold():
    assert doctest.testmod(rooms).failed == 0
