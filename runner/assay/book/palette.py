"""The colours of the pictures, for a light and for a dark page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    name: str
    page: str
    panel: str
    line: str
    text: str
    soft: str
    red: str
    green: str
    blue: str


LIGHT = Palette("light", "#ffffff", "#f6f8fa", "#d0d7de", "#1f2328", "#59636e", "#b3261e", "#116329", "#0550ae")
DARK = Palette("dark", "#0d1117", "#161b22", "#3d444d", "#e6edf3", "#9198a1", "#ff7b72", "#56d364", "#79c0ff")
PALETTES = (LIGHT, DARK)
