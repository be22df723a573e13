"""Replays cases on engines; yields one verdict a case and engine, whatever the engine does.

An engine that dies or hangs costs the case at which it did; it is started again behind that case.
"""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Pool

from assay.engines import catalog
from assay.engines.process import EngineDied, EngineError, EngineGarbage, EngineHung, how_it_ended
from assay.replay.judge import judge_entry

PASS, FAIL, ERROR, BROKEN = "pass", "fail", "error", "broken"
DEATHS_MAX = 50  # then the engine is given up
LAST_WORDS = 400


@dataclass(frozen=True)
class Verdict:
    case: str
    engine: str
    verdict: str
    flavour: str = ""
    step: int = 0
    differences: tuple = field(default=())  # (field, expected, got)
    message: str = ""

    @property
    def passed(self):
        return self.verdict == PASS

    @property
    def text(self):
        """What went wrong, in one line."""
        if self.differences:
            field_, expected, got = self.differences[0]
            more = len(self.differences) - 1
            rest = f" and {more} more" if more else ""
            return f"step {self.step}: {field_} is {got}, expected {expected}{rest}"
        return self.message


def replay(suite, engine, timeout=catalog.TIMEOUT, jobs=1):
    """Verdicts of one engine on every selected case, in the order of the suite."""
    if engine.kind == catalog.NATIVE:
        return native(suite, engine, timeout)
    if engine.kind == catalog.PROCESS:
        return process(suite, engine, timeout)
    return specification(suite, engine, jobs)


# The specification, in as many processes as there are cores


def specification(suite, engine, jobs):
    pieces = [(engine, suite.entries[at : at + 200]) for at in range(0, len(suite.entries), 200)]
    if jobs == 1 or len(pieces) == 1:
        yield from (verdict for piece in pieces for verdict in play_piece(piece))
        return
    with Pool(jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        for verdicts in pool.imap(play_piece, pieces):
            yield from verdicts


def play_piece(piece):
    engine, entries = piece
    return list(through_python(entries, engine, engine.open()))


def process(suite, engine, timeout):
    with engine.open(timeout) as opened:
        yield from through_python(suite.entries, engine, opened)


def through_python(entries, engine, opened):
    deaths = 0
    for entry in entries:
        if deaths > DEATHS_MAX:
            yield Verdict(entry.id, engine.name, ERROR, message="not run: the engine was given up")
            continue
        try:
            found = judge_entry(entry, opened)
        except (EngineDied, EngineHung, EngineGarbage) as error:
            deaths += 1
            yield Verdict(entry.id, engine.name, BROKEN, message=str(error))
        except EngineError as error:
            yield Verdict(entry.id, engine.name, ERROR, message=str(error))
        else:
            if found is None:
                yield Verdict(entry.id, engine.name, PASS)
            else:
                flavour, step, differences = found
                yield Verdict(entry.id, engine.name, FAIL, flavour, step, tuple(differences))


# Shared objects, in the harness


def native(suite, engine, timeout):
    """Cases of the machine in the harness, those of the kernel through its `serve`."""
    kernel = [entry for entry in suite.entries if entry.is_kernel]
    if len(kernel) < len(suite.entries):
        yield from machine(suite, engine, timeout)
    if kernel:
        with engine.open(timeout) as opened:
            yield from through_python(kernel, engine, opened)


def machine(suite, engine, timeout):
    entries = {entry.id: entry for entry in suite.entries if not entry.is_kernel}
    files = list(dict.fromkeys(entry.file for entry in entries.values()))
    with selection(entries) as path:
        argv = [engine.harness, "replay", "--engine", engine.path, "--select", path]
        argv += ["--records"] if engine.is_ours else []
        runner = Native(engine, [str(part) for part in argv], files, timeout)
        yield from (verdict for verdict in runner.run() if verdict.case in entries)


@contextmanager
def selection(ids):
    with tempfile.NamedTemporaryFile("w", prefix="assay-select-", suffix=".txt") as stream:
        stream.write("\n".join(ids))
        stream.flush()
        yield stream.name


class Native:
    """One engine in `assay-native replay`, started again after it died or hung."""

    def __init__(self, engine, argv, files, timeout):
        self.engine = engine
        self.argv = argv
        self.files = files
        self.timeout = timeout
        self.begun = None  # (id, index) of the case that runs
        self.done = False

    def run(self):
        start, deaths = 0, 0
        while True:
            with tempfile.TemporaryFile() as words:
                self.begun, self.done = None, False
                argv = [*self.argv, "--from", str(start), *self.files]
                process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=words)
                try:
                    yield from self.follow(process)
                finally:
                    process.kill()
                    process.stdout.close()
                    code = process.wait()
                if self.done:
                    return
                how = self.hung or how_it_ended(code)
                message = f"engine {self.engine.name}: {how}{last_words(words)}"
            if self.begun is None:
                raise EngineDied(self.engine.name, code, message, "the start")
            yield Verdict(self.begun[0], self.engine.name, BROKEN, message=message)
            start, deaths = self.begun[1] + 1, deaths + 1
            if deaths > DEATHS_MAX:
                return

    def follow(self, process):
        """Verdicts as they come, until the end of the output or of patience."""
        self.hung = ""
        rest = b""
        until = time.monotonic() + self.timeout
        while True:
            ready, _, _ = select.select([process.stdout], [], [], max(0, until - time.monotonic()))
            if not ready:
                self.hung = f"no answer within {self.timeout:g} s, so it was ended"
                return
            data = os.read(process.stdout.fileno(), 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            if lines:
                until = time.monotonic() + self.timeout
            for line in lines:
                yield from self.take(json.loads(line))

    def take(self, line):
        if "begin" in line:
            self.begun = line["begin"], line["index"]
        elif line.get("done"):
            self.done = True
        elif line["verdict"] != "invalid":
            yield self.verdict(line)

    def verdict(self, line):
        differences = tuple((entry["field"], entry["expected"], entry["got"]) for entry in line.get("differences", ()))
        return Verdict(
            line["case"],
            self.engine.name,
            line["verdict"],
            line.get("flavour", ""),
            line.get("step", 0),
            differences,
            line.get("message", ""),
        )


def last_words(stream):
    stream.seek(0)
    text = stream.read().decode("utf-8", "replace").strip()
    return f"; its last words: {text[-LAST_WORDS:]}" if text else "; it said nothing"
