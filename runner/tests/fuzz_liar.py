#!/usr/bin/env python3
"""An engine that says whatever is asked ended in a trap at once, to be caught."""

import json
import sys

STOP = {"exit": "trap", "argument": "0x0", "pc": "0x777", "gas": "0x0", "regs": ["0x0"] * 13}
for line in sys.stdin:
    op = json.loads(line)["op"]
    if op == "hello":
        told = {
            "protocol": 2,
            "name": "mine",
            "version": "0",
            "abi": 2,
            "features": [],
            "revisions": [],
            "profiles": [],
        }
        reply = {"ok": told}
    elif op in ("run", "resume"):
        reply = {"ok": {"stop": STOP}}
    else:
        reply = {"ok": {"loaded": "admitted"} if op == "load" else {}}
    print(json.dumps(reply), flush=True)
