"""The three votes as an SVG picture: the same input, three independent answers, one comparison."""

from html import escape

from assay.book.palette import Palette

WIDTH, HEIGHT = 880, 300
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
VOTES = (
    ("model", "the specification, in Python", "decides every expected value"),
    ("ref", "an interpreter, in C", "plain enough to read"),
    ("fast", "a recompiler to x86-64, in C", "as quick as native code"),
    ("yours", "any library or program", "the same questions"),
)
INPUTS = ("12,000 vectors", "random programs", "guest programs")
LABEL = (
    "Vectors, random programs and guests go to four engines: model, ref, fast and yours. Their traces, gas, memory "
    "and state roots are compared. Either all agree, or the first wrong instruction is named."
)


def picture(palette: Palette) -> str:
    tops = [20 + 67 * at for at in range(len(VOTES))]
    body = [
        *_inputs(palette),
        *[_arrow(170, HEIGHT / 2, 250, top + 28, palette) for top in tops],
        *[part for vote, top in zip(VOTES, tops, strict=True) for part in _vote(vote, top, palette)],
        *[_arrow(540, top + 28, 610, HEIGHT / 2, palette) for top in tops],
        *_verdict(palette),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img" aria-label="{LABEL}" font-family="{FONT}">'
    )
    marker = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{palette.soft}"/></marker></defs>'
    )
    return "\n".join([head, marker, *body, "</svg>", ""])


def _box(x: float, y: float, width: float, height: float, palette: Palette, stroke: str = "", dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{palette.panel}"'
        f' stroke="{stroke or palette.line}" stroke-width="1.5"{dashed}/>'
    )


def _text(x: float, y: float, words: str, colour: str, size: int = 13, weight: str = "", anchor: str = "start") -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{bold}>{escape(words)}</text>'
    )


def _arrow(x1: float, y1: float, x2: float, y2: float, palette: Palette) -> str:
    middle = (x1 + x2) / 2
    path = f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
    return f'<path d="{path}" fill="none" stroke="{palette.soft}" stroke-width="1.5" marker-end="url(#tip)"/>'


def _inputs(palette: Palette) -> list[str]:
    lines = [_text(90, 132 + 24 * at, words, palette.text, anchor="middle") for at, words in enumerate(INPUTS)]
    return [_box(10, 95, 160, 110, palette), *lines]


def _vote(vote: tuple[str, str, str], top: float, palette: Palette) -> list[str]:
    name, what, why = vote
    mine = name == "yours"
    return [
        _box(250, top, 290, 57, palette, palette.blue if mine else "", "5 4" if mine else ""),
        _text(266, top + 34, name, palette.blue if mine else palette.text, 16, "600"),
        _text(335, top + 24, what, palette.text),
        _text(335, top + 43, why, palette.soft, 12),
    ]


def _verdict(palette: Palette) -> list[str]:
    return [
        _box(612, 70, 258, 160, palette),
        _text(741, 98, "compared, step by step", palette.text, 14, "600", "middle"),
        _text(741, 122, "registers, memory, gas,", palette.soft, 13, "", "middle"),
        _text(741, 141, "capabilities, state roots", palette.soft, 13, "", "middle"),
        _text(634, 176, "✓  all agree", palette.green, 13, "600"),
        _text(634, 203, "✗  the first wrong instruction,", palette.red, 13, "600"),
        _text(656, 221, "and the rule it breaks", palette.red, 13, "600"),
    ]
