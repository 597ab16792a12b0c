"""Faults put into a file: bytes that go, scraps that come, an end that is cut off."""

from __future__ import annotations

from hypothesis import strategies as st

SCRAPS = st.one_of(
    st.sampled_from([b'"', b",", b"\n", b"\r", b"\r\n", b",,,\n", b"\x00", b"\xff", b"\xef\xbb\xbf"]),
    st.binary(max_size=4),
    st.text(alphabet='甲年地区,"\n\r注：', max_size=6).map(lambda text: text.encode("gb18030")),
)


@st.composite
def faults(draw: st.DrawFn) -> tuple[list[tuple[float, int, bytes]], float | None]:
    """A list of edits: where (a share of the file), how many bytes go, and what comes instead."""
    edit = st.tuples(st.floats(0, 1), st.integers(0, 12), SCRAPS)
    return draw(st.lists(edit, max_size=6)), draw(st.one_of(st.none(), st.floats(0, 1)))


def damage(content: bytes, edits: list, cut: float | None) -> bytes:
    for place, length, scrap in edits:
        at = int(place * len(content))
        content = content[:at] + scrap + content[at + length :]
    return content if cut is None else content[: int(cut * len(content))]
