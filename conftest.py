"""pytest at the root: the packages are found, here and in the programs that tests start, and every vector is an item.

pytest vectors/gas -k move_reg
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ROOMS = [str(ROOT / name) for name in ("runner", "spec", "guest")]
sys.path[:0] = ROOMS
os.environ["PYTHONPATH"] = os.pathsep.join(ROOMS)
os.environ["ASSAY_ROOT"] = str(ROOT)

pytest_plugins = ["assay.replay.pytest_plugin"]
