"""python -m linker link|cc ..."""

import sys

from .cli import USAGE, cc_main, link_main

COMMANDS = {"link": link_main, "cc": cc_main}

if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
    print("usage: python -m linker link|cc ...", file=sys.stderr)
    sys.exit(USAGE)
sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
