"""Engines that are wrong in one way, for vacuity.py: programs that speak runner/PROTOCOL.md in JSON lines."""

from assay.base import paths

ZEROS = ", ".join(['"0x0"'] * 13)

# Answers everything well-formed; `mode` says in which way it is a bad engine.
STUB = f"""
import json, sys
mode = sys.argv[1]
stop = {{"exit": "trap", "argument": "0x0", "pc": "0x0", "gas": "0x0", "regs": [{ZEROS}]}}
hello = {{"name": "stub", "version": "1", "abi": 2, "features": [], "revisions": [], "profiles": ["jar"]}}
is_loaded = has_run = False
for line in sys.stdin:
    ask = json.loads(line)
    op, reply = ask["op"], {{}}
    refused = {{"error": {{"kind": "refused", "message": "no"}}}}
    if op == "hello":
        reply = {{"ok": hello | {{"protocol": ask["protocol"]}}}}
    elif mode == "empty":
        reply = {{"ok": {{}}}}
    elif mode == "forged":
        reply = {{"case": "isa/add_64/one_and_one", "verdict": "pass", "index": 0}}
    elif op == "load":
        is_garbage = ask["blob"].startswith("ffff")
        is_loaded, has_run = mode != "refuses" and (not is_garbage or mode == "garbage"), False
        reply = {{"ok": {{"load": "admitted" if is_loaded else "refused"}}}}
    elif op == "run":
        has_run = is_loaded
        reply = {{"ok": stop}} if is_loaded or mode == "early" else refused
    elif op == "resume":
        reply = {{"ok": stop}} if has_run or mode == "resume" else refused
    elif op == "read":
        data = "00" * ask["size"]
        is_given = int(ask["address"], 16) < 0x7fff0000
        reply = {{"ok": {{"data": data}}}} if mode == "absent" or is_loaded and is_given else refused
    elif op == "write":
        reply = {{"ok": {{}}}} if mode == "writes" else refused
    elif op == "unload":
        reply = {{"ok": {{}}}}
    elif op == "bye":
        reply = {{"ok": {{}}}}
    else:
        reply = {{"ok": {{}}}} if mode == "nonsense" else {{"error": {{"kind": "unsupported", "message": "no"}}}}
    print(json.dumps(reply), flush=True)
    if op == "bye":
        break
"""

# The specification, whose add_64 does something else beside adding: once, or to a file.
SPOILED = f"""
import os, sys
sys.path[:0] = [{str(paths.ROOT / "runner")!r}, {str(paths.ROOT / "spec")!r}]
from assay.engines import server
from model.machine import op
mode, path = sys.argv[1:3]
right = op.EXECUTE["isa/add_64"]
def wrong(machine, i):
    right(machine, i)
    if mode == "always" or mode == "once" and not os.path.exists(path):
        machine.regs[i.d] ^= 1
    if mode == "once":
        open(path, "w").close()
    if mode == "writes":
        with open(path, "a") as stream:
            stream.write(" ")
op.EXECUTE["isa/add_64"] = wrong
server.serve_model()
"""
