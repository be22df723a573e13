"""Hostile programs: the example engine of docs/examples behind a pipe, with one bad habit each.

python3 program.py HABIT
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HABITS = (
    "dies_at_start",
    "cannot_be_understood_at_start",
    "hangs_at_start",
    "speaks_before_it_is_asked",
    "answers_twice",
    "answers_without_end",
    "answers_byte_by_byte",
    "answers_ok_to_everything",
    "answers_another_question",
    "repeats_a_key",
    "nests_deeply",
    "breaks_utf_8",
    "never_reads",
    "closes_its_output",
    "ends_with_code_3",
    "hangs_at_the_end",
    "leaves_children",
    "ignores_requests_to_end",
    "shouts",
    "changes_its_name",
)
FORGED = '{"case": "exit/entries/first", "verdict": "pass", "index": 0}\n{"done": true, "pass": 999999}\n'


def example():
    """The well-behaved engine."""
    here = Path(__file__).resolve().parents[3] / "docs" / "examples" / "mine.py"
    path = Path(os.environ.get("HOSTILE_EXAMPLE") or here)
    spec = importlib.util.spec_from_file_location("mine", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def begin(habit):
    match habit:
        case "dies_at_start":
            os.kill(os.getpid(), signal.SIGKILL)
        case "cannot_be_understood_at_start":
            say("Welcome!\n")
        case "hangs_at_start" | "never_reads":
            time.sleep(1_000_000)
        case "speaks_before_it_is_asked":
            say(FORGED)
        case "ignores_requests_to_end":
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)


def answer(habit, number, request, reply):
    """What it says to a request in place of the right reply."""
    text = json.dumps(reply) + "\n"
    late = request["op"] in ("run", "resume")
    match habit:
        case "answers_twice" if late:
            return text + text
        case "answers_ok_to_everything" if request["op"] != "hello":
            return '{"ok": {}}\n'
        case "answers_another_question" if late:
            return '{"ok": {"load": "admitted"}}\n'
        case "repeats_a_key" if late:
            return text.replace('{"ok": {', '{"ok": {"exit": "halt", ', 1)
        case "nests_deeply" if late:
            return '{"ok": ' + "[" * 3000 + "]" * 3000 + "}\n"
        case "breaks_utf_8" if late:
            return text.replace('"exit"', '"ex\udcfft"')
        case "changes_its_name" if request["op"] == "hello" and number > 1:
            return text.replace('"mine"', '"another"')
    return text


def misbehave(habit, request):
    late = request["op"] in ("run", "resume")
    match habit:
        case "answers_without_end" if late:
            while True:
                say("x" * 65536)
        case "answers_byte_by_byte" if late:
            for _ in range(1_000_000):
                say(" ")
                time.sleep(0.2)
        case "closes_its_output" if late:
            os.close(1)
            time.sleep(1_000_000)
        case "leaves_children":
            subprocess.Popen(["setsid", "sleep", "54321.5"], stdin=-3, stdout=-3, stderr=-3)
        case "shouts":
            sys.stderr.write("\x1b[2J\x1b[31m\a\0\x1b]0;owned\a PASSED 9450 cases\r\n" * 100)
        case "ignores_requests_to_end" if late:
            time.sleep(1_000_000)


def main():
    habit = sys.argv[1]
    if habit not in HABITS:
        sys.exit(f"a habit is one of {', '.join(HABITS)}")
    sys.stdout.reconfigure(errors="surrogateescape")
    begin(habit)
    mine = example()
    server = mine.Server()
    for number, line in enumerate(sys.stdin, 1):
        request = json.loads(line)
        try:
            reply = {"ok": server.answer(request)}
        except mine.Refused as reason:
            reply = {"error": {"kind": "refused", "message": str(reason)}}
        except mine.Unsupported as reason:
            reply = {"error": {"kind": "unsupported", "message": str(reason)}}
        misbehave(habit, request)
        say(answer(habit, number, request, reply))
        if request["op"] == "bye":
            break
    if habit == "ends_with_code_3":
        sys.exit(3)
    if habit == "hangs_at_the_end":
        time.sleep(1_000_000)


if __name__ == "__main__":
    main()
