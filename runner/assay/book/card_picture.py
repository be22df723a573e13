"""A terminal's text as an SVG picture: one `text` a line, its colours those of the palette."""

import re
from html import escape

from assay.book.palette import Palette

ESCAPE = re.compile(r"\x1b\[(\d+)m")
ADVANCE, LEADING, MARGIN, TITLE = 7.8, 19, 20, 34  # pixels of a column, a line, the border, the window's bar
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def picture(lines: list[str], title: str, palette: Palette) -> str:
    """The SVG of some lines with colour escapes, in a window with a title."""
    columns = max(len(ESCAPE.sub("", line)) for line in lines)
    width = round(columns * ADVANCE + 2 * MARGIN)
    height = TITLE + MARGIN + LEADING * len(lines)
    rows = [_row(line, TITLE + 24 + LEADING * at, palette) for at, line in enumerate(lines)]
    label = escape(" ".join(" ".join(ESCAPE.sub("", line) for line in lines).split()))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            f' role="img" aria-label="{label}">',
            f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" fill="{palette.panel}"'
            f' stroke="{palette.line}"/>',
            f'<path d="M0.5 {TITLE}H{width - 0.5}" stroke="{palette.line}"/>',
            f'<text x="{MARGIN}" y="22" font-family="{FONT}" font-size="12" fill="{palette.soft}">',
            f"{escape(title)}</text>",
            f'<g font-family="{FONT}" font-size="13" fill="{palette.text}">',
            *rows,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _row(line: str, y: int, palette: Palette) -> str:
    """One line; what two spaces separate stands at its own column, whatever the font."""
    spans: list[str] = []
    column, style = 0, ""
    for at, piece in enumerate(ESCAPE.split(line)):
        if at % 2:
            style = _style(int(piece), palette)
        elif piece:
            for word in re.finditer(r"\S+(?: \S+)*", piece):
                x = MARGIN + (column + word.start()) * ADVANCE
                spans.append(f'<tspan x="{x:.1f}"{style}>{escape(word[0])}</tspan>')
            column += len(piece)
    return f'<text y="{y}">{"".join(spans)}</text>'


def _style(code: int, palette: Palette) -> str:
    colours = {2: palette.soft, 31: palette.red, 32: palette.green, 33: palette.blue}
    if code == 1:
        return ' font-weight="bold"'
    return f' fill="{colours[code]}"' if code in colours else ""
