"""Barcodes for the till: Code 128 (ISO/IEC 15417), code set B, drawn as SVG."""

from html import escape
from itertools import accumulate

# Widths in modules of bar, space, bar, space, bar, space: the symbol characters 0 to 105, as the standard lists them.
_WIDTHS = """
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321
232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121
313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224
111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111
111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113
114311 411113 411311 113141 114131 311141 411131 211412 211214 211232
"""
PATTERNS = _WIDTHS.split()
STOP = "2331112"
START_B = 104
QUIET_MODULES = 10
HEIGHT_MODULES = 50


def code128(text: str) -> list[int]:
    """The symbol characters of ``text`` (ASCII 32 to 126) in code set B: start, data and checksum, without the stop.

    Raises ValueError for a text that is empty or holds anything else.
    """
    if not text or not all(" " <= character <= "~" for character in text):
        raise ValueError("A barcode holds printable ASCII.")
    values = [ord(character) - 32 for character in text]
    weighed = sum(position * value for position, value in enumerate(values, start=1))
    return [START_B, *values, (START_B + weighed) % 103]


def barcode_svg(text: str) -> str:
    """The barcode of ``text`` as an SVG image, one unit a module, with its quiet zones; ValueError as ``code128``."""
    widths = [int(width) for value in code128(text) for width in PATTERNS[value]] + [int(width) for width in STOP]
    edges = list(accumulate(widths, initial=QUIET_MODULES))
    bars = zip(edges[:-1:2], widths[::2], strict=True)
    path = "".join(f"M{edge} 0h{width}v{HEIGHT_MODULES}h-{width}z" for edge, width in bars)
    whole = edges[-1] + QUIET_MODULES
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {HEIGHT_MODULES}" role="img" '
        f'aria-label="{escape(text)}" shape-rendering="crispEdges">'
        f'<rect width="{whole}" height="{HEIGHT_MODULES}" fill="#fff"/><path d="{path}"/></svg>'
    )
