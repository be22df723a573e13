"""pytest at the root: the packages are found, and every vector is an item.

pytest vectors/gas -k move_reg
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / name) for name in ("runner", "spec", "guest")]

pytest_plugins = ["assay.replay.pytest_plugin"]
