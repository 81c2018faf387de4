"""Charts: marks stand where their figures say, losses go below the line, and nothing written in them is markup."""

import re
from decimal import Decimal

from casino.admin.charts import HEIGHT, LABEL, MARGIN, WIDTH, Band, Column, bands, columns


def rectangles(svg: str, kind: str) -> list[tuple[Decimal, Decimal]]:
    """(y, height) of every mark of that class."""
    found = re.findall(rf'class="{kind}" x="[\d.-]+" y="([\d.-]+)" width="[\d.-]+" height="([\d.-]+)"', svg)
    return [(Decimal(y), Decimal(height)) for y, height in found]


def test_columns_are_as_high_as_their_figures_and_losses_hang_below_the_line():
    svg = columns(
        [Column("Mon", Decimal(100), Decimal(50), "a", True), Column("Tue", Decimal(50), Decimal(-25), "b")], "Wagers"
    )
    (high, low), (gain,), (loss,) = rectangles(svg, "wide"), rectangles(svg, "gain"), rectangles(svg, "loss")
    assert abs(high[1] - 2 * low[1]) <= Decimal("0.1")
    assert abs(gain[1] - low[1]) <= Decimal("0.1")
    zero = high[0] + high[1]
    assert abs(low[0] + low[1] - zero) <= Decimal("0.1")
    assert loss[0] == zero
    assert loss[0] + loss[1] <= HEIGHT
    assert re.findall(r">(Mon|Tue)<", svg) == ["Mon"]
    assert 'role="img" aria-label="Wagers"' in svg


def test_a_chart_of_nothing_is_still_a_chart():
    assert "<svg" in columns([], "Nothing")
    assert "<svg" in columns([Column("00", Decimal(0), Decimal(0), "")], "Nothing")
    assert bands([], "Nothing") == ""


def test_a_return_stands_left_or_right_of_its_promise_and_never_outside():
    rows = [
        Band("Low", Decimal(90), Decimal(96), Decimal(3), "amber", "low"),
        Band("High", Decimal(500), Decimal(96), Decimal(300), "too_few", "high"),
        Band("Just", Decimal(96), Decimal(96), Decimal(1), "ok", "just"),
    ]
    svg = bands(rows, "RTP")
    low, high, just = (Decimal(x) for x in re.findall(r'cx="([\d.]+)"', svg))
    assert LABEL <= low < just < high <= WIDTH - MARGIN
    assert just == LABEL + Decimal(WIDTH - LABEL - MARGIN) / 2
    assert re.findall(r'circle class="(\w+)"', svg) == ["amber", "too_few", "ok"]


def test_a_name_is_never_markup():
    svg = bands([Band("<b>&", Decimal(1), Decimal(2), Decimal(1), "ok", "<i>")], '"quoted"')
    assert "<b>" not in svg
    assert "<i>" not in svg
    assert "&lt;b&gt;&amp;" in svg
    assert "&quot;quoted&quot;" in svg
