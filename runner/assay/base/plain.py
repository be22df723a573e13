"""Words that a stranger chose, made fit for a terminal and for a report.

What would move a cursor, ring a bell, end a string or turn the direction of text is shown by its number, as \\x1b.
"""

import re

UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def plain(words: str) -> str:
    return UNFIT.sub(lambda found: shown(found[0]), words)


def shown(character: str) -> str:
    code = ord(character)
    return SHORT.get(character) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")
