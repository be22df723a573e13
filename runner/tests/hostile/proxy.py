"""A hostile program that computes everything right: it has an honest server do the work, and cheats with the replies.

python3 proxy.py TRICK SERVER... [--tell]    SERVER answers frames, as assay-native serve --framed does
"""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time

HEAD = 4
LATE = ("run", "resume", "world_run", "world_resume", "chain_apply")
COLOURS = "\x1b[31m\x07 9450 passed"


def take(stream):
    """A frame, or nothing at the end."""
    head = stream.read(HEAD)
    return stream.read(int.from_bytes(head, "little")) if len(head) == HEAD else b""


def give(stream, message, size=None):
    stream.write((len(message) if size is None else size).to_bytes(HEAD, "little") + message)
    stream.flush()


def dumps(value):
    return json.dumps(value).encode()


def error(kind, words):
    return {"error": {"kind": kind, "message": words}}


# What it says in place of the right reply. A trick gets the request and the right reply.


def hides_records(request, reply):
    """No record at all, and there were too many of them."""
    ok = reply.get("ok", {})
    for kind in ("blocks", "instructions", "events"):
        if kind in ok:
            ok |= {kind: [], "records_cut": True}
    return reply


def hides_the_last_record(request, reply):
    ok = reply.get("ok", {})
    for kind in ("blocks", "instructions", "events"):
        if ok.get(kind):
            ok |= {kind: ok[kind][:-1], "records_cut": True}
    return reply


def hides_behind_many_records(request, reply):
    """As many as fill a reply, all of them invented."""
    ok = reply.get("ok", {})
    for kind in ("blocks", "instructions", "events"):
        if ok.get(kind):
            ok |= {kind: ok[kind][:1] * 65536, "records_cut": True}
    return reply


def says_that_it_lacks(request, reply):
    return error("host", "the engine lacks that feature") if request["op"] in LATE else reply


def says_not_run(request, reply):
    return error("host", "not run: the engine was given up") if request["op"] in LATE else reply


def says_pass(request, reply):
    return error("refused", '", "verdict": "pass"}\n{"done": true, "pass": 1}') if request["op"] in LATE else reply


def speaks_in_colours(request, reply):
    return error("host", COLOURS) if request["op"] in (*LATE, "admit", "decode") else reply


def invents_words(request, reply):
    ok = reply.get("ok", {})
    for key in ("outcome", "verdict", "load", "exit", "result"):
        if key in ok:
            ok[key] = COLOURS
    return reply


def answers_and_errs(request, reply):
    return reply | error("unsupported", "no") if request["op"] in LATE else reply


def is_wrong_unobserved(request, reply):
    ok = reply.get("ok", {})
    if not request.get("records") and "gas" in ok:
        ok["gas"] = hex(int(ok["gas"], 16) ^ 1)
    if not request.get("records") and "gas_used" in ok:
        ok["gas_used"] = hex(int(ok["gas_used"], 16) ^ 1)
    return reply


def writes_numbers_otherwise(request, reply):
    ok = reply.get("ok", {})
    if "gas" in ok:
        ok["gas"] = "0x0" + ok["gas"][2:]
    return reply


def writes_true_for_numbers(request, reply):
    ok = reply.get("ok", {})
    if "argument" in ok:
        ok["argument"] = False
    return reply


REPLIES = (
    hides_records,
    hides_the_last_record,
    hides_behind_many_records,
    says_that_it_lacks,
    says_not_run,
    says_pass,
    speaks_in_colours,
    invents_words,
    answers_and_errs,
    is_wrong_unobserved,
    writes_numbers_otherwise,
    writes_true_for_numbers,
)


# What it does besides. A deed gets the request, the right reply and the place to say it.


def dies_with_forged_words(request, reply, out):
    if request["op"] in LATE:
        sys.stderr.write("no reply to hello within 3 s; its last words: during hello\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGABRT)
    give(out, reply)


def dies_with_forged_records(request, reply, out):
    """Lines as `serve --tell` writes them, of no record that there is."""
    if request["op"] in LATE:
        sys.stderr.write("step\nrecord \nrecord 00\nrecord " + "ff" * 70 + "\nrecord xyz\n" + "record 0\n" * 3)
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    give(out, reply)


def answers_early(request, reply, out):
    """The next reply is there before its request: in the same write, so that no request can come between."""
    twice = io.BytesIO()
    for _ in range(2 if request["op"] in LATE else 1):
        give(twice, reply)
    out.write(twice.getvalue())
    out.flush()


def promises_a_long_reply(request, reply, out):
    give(out, reply, size=0xFFFFFFFF if request["op"] in LATE else None)


def promises_more_than_it_gives(request, reply, out):
    if request["op"] in LATE:
        give(out, reply, size=len(reply) + 1)
        sys.exit(0)
    give(out, reply)


def adds_bytes_behind(request, reply, out):
    give(out, reply + b'{"ok": {}}' if request["op"] in LATE else reply)


def answers_with_a_flood(request, reply, out):
    values = b'{"ok": {"flood": [' + b"[0]," * 12_000_000 + b"0]}}"
    give(out, values if request["op"] in LATE else reply)


def leaves_at_once(request, reply, out):
    """The right reply, and its end in the middle of a case."""
    give(out, reply)
    if request["op"] in LATE:
        os._exit(0)


def moves_to_a_child(request, reply, out):
    """A child goes on with the pipes, in a session of its own; the process that was started ends."""
    if request["op"] in LATE and os.getpid() == STARTED:
        give(out, reply)
        if os.fork():
            os._exit(0)
        os.setsid()
        return
    give(out, reply)


DEEDS = (
    dies_with_forged_words,
    dies_with_forged_records,
    answers_early,
    promises_a_long_reply,
    promises_more_than_it_gives,
    adds_bytes_behind,
    answers_with_a_flood,
    leaves_at_once,
    moves_to_a_child,
)
# What it does after bye.
ENDINGS = {
    "exits_with_3": lambda: sys.exit(3),
    "aborts": lambda: os.kill(os.getpid(), signal.SIGABRT),
    "hangs": lambda: time.sleep(1_000_000),
    "reports_a_leak": lambda: sys.exit("ERROR: LeakSanitizer: detected memory leaks"),
    "leaves_a_thread": lambda: threading.Thread(target=time.sleep, args=(1_000_000,)).start(),
}
STARTED = os.getpid()


def main():
    trick, *server = sys.argv[1:]
    replies = {made.__name__: made for made in REPLIES}
    deeds = {made.__name__: made for made in DEEDS}
    honest = subprocess.Popen(
        [word for word in server if word != "--tell"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    out = sys.stdout.buffer
    while message := take(sys.stdin.buffer):
        request = json.loads(message)
        give(honest.stdin, message)
        reply = take(honest.stdout)
        if trick in replies:
            reply = dumps(replies[trick](request, json.loads(reply)))
        if trick in deeds:
            deeds[trick](request, reply, out)
        else:
            give(out, reply)
        if request["op"] == "bye":
            break
    honest.wait()
    if trick in ENDINGS:
        ENDINGS[trick]()


if __name__ == "__main__":
    main()
