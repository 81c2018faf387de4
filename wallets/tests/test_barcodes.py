"""Barcodes are read back by a decoder of their own: bars to modules, modules to characters, checksum, stop."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallets.barcodes import PATTERNS, STOP, barcode_svg, code128

SVG = "{http://www.w3.org/2000/svg}"
# What a scanner sees of code set B's characters 0 to 102, each eleven modules (1 is black) as a number, in hexadecimal.
SEEN = """
6cc 66c 666 498 48c 44c 4c8 4c4 464 648 644 624 59c 4dc 4ce 5cc 4ec 4e6 672 65c 64e 6e4 674 76e 74c 72c 726 764 734
732 6d8 6c6 636 518 458 446 588 468 462 688 628 622 5b8 58e 46e 5d8 5c6 476 776 68e 62e 6e8 6e2 6ee 758 746 716 768
762 71a 77a 642 78a 530 50c 4b0 486 42c 426 590 584 4d0 4c2 434 432 612 650 7ba 614 47a 53c 4bc 49e 5e4 4f4 4f2 7a4
794 792 6de 6f6 7b6 578 51e 45e 5e8 5e2 7a8 7a2 5de 5ee 75e 7ae
""".split()  # noqa: SIM905
START_B, STOP_SEEN = "11010010000", "1100011101011"


def scan(svg: str) -> str:
    """The modules from the first bar to the last, after checking both quiet zones."""
    image = ET.fromstring(svg)
    whole = int(image.attrib["viewBox"].split()[2])
    dark = set()
    for edge, width in re.findall(r"M(\d+) 0h(\d+)v\d+h-\d+z", image.find(f"{SVG}path").attrib["d"]):
        dark |= set(range(int(edge), int(edge) + int(width)))
    assert (min(dark), whole - 1 - max(dark)) == (10, 10)
    return "".join("01"[module in dark] for module in range(min(dark), max(dark) + 1))


def decode(modules: str) -> str:
    """The text in code set B; the checksum and the stop must be right."""
    characters, stop = modules[:-13], modules[-13:]
    assert (len(characters) % 11, stop) == (0, STOP_SEEN)
    start, *read = (characters[place : place + 11] for place in range(0, len(characters), 11))
    assert start == START_B
    *values, checksum = (SEEN.index(f"{int(modules, 2):x}") for modules in read)
    assert checksum == (104 + sum(place * value for place, value in enumerate(values, 1))) % 103
    return "".join(chr(value + 32) for value in values)


def test_every_pattern_is_of_its_own_and_as_a_scanner_checks_it():
    widths = [[int(width) for width in pattern] for pattern in PATTERNS]
    assert len({*PATTERNS, STOP[:6]}) == 107
    assert {(len(pattern), sum(pattern), sum(pattern[::2]) % 2) for pattern in widths} == {(6, 11, 0)}
    assert {width for pattern in widths for width in pattern} == {1, 2, 3, 4}


def test_the_checksum_is_the_one_of_the_textbook():
    assert code128("PJJ123C") == [104, 48, 42, 42, 17, 18, 19, 35, 55]
    assert code128("Wikipedia")[-1] == 88


def test_a_reference_is_read_back():
    assert decode(scan(barcode_svg("D-23456789AB"))) == "D-23456789AB"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40))
def test_whatever_is_drawn_is_read_back(text: str):
    svg = barcode_svg(text)
    assert decode(scan(svg)) == text
    assert ET.fromstring(svg).attrib["aria-label"] == text


def test_the_image_is_plain():
    image = ET.fromstring(barcode_svg("<script>alert(1)</script>\"'&"))
    assert [element.tag for element in image.iter()] == [f"{SVG}svg", f"{SVG}rect", f"{SVG}path"]
    assert {name for element in image.iter() for name in element.attrib} == {
        "viewBox", "role", "aria-label", "shape-rendering", "width", "height", "fill", "d",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "é", "a\n", "\x7f", "\uff11"])
def test_what_the_code_set_lacks_is_refused(text: str):
    with pytest.raises(ValueError, match="printable ASCII"):
        code128(text)
