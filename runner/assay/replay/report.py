"""What a replay says: progress and failures for people, JSON lines and JUnit for machines.

Every verdict is written as soon as it is known, so that a report that was cut short is still valid
and says how far it came.
"""

import json
import sys
import time
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path

import click

from assay.base.trouble import BadInput
from assay.replay.replay import BROKEN, ERROR, FAIL, PASS

INVALID = "invalid"
ORDER = (PASS, FAIL, ERROR, BROKEN, INVALID)
WORDS = {PASS: "passed", FAIL: "failed", ERROR: "in error", BROKEN: "broke the engine"}
WORDS[INVALID] = "unreadable"


class Progress:
    """A line that moves, on a terminal only, and only for work that takes a while."""

    def __init__(self, total, what, stream=None):
        self.stream = stream or sys.stderr
        self.total = total
        self.what = what
        self.count = 0
        self.shown = False
        self.next = time.monotonic() + 0.3
        self.visible = self.stream.isatty()

    def step(self):
        self.count += 1
        if self.visible and time.monotonic() >= self.next:
            self.next = time.monotonic() + 0.1
            self.shown = True
            print(f"\r{self.what}: {self.count}/{self.total}\x1b[K", end="", file=self.stream)
            self.stream.flush()

    def clear(self):
        if self.shown:
            print("\r\x1b[K", end="", file=self.stream, flush=True)
            self.shown = False


class JsonLines:
    """One object a verdict, and a last one with `done`."""

    def __init__(self, path):
        self.stream = opened(path)

    def add(self, verdict, file):
        line = {"case": verdict.case, "file": file, "engine": verdict.engine}
        line["verdict"] = verdict.verdict
        if verdict.differences:
            line |= {"flavour": verdict.flavour, "step": verdict.step}
            line["differences"] = [
                {"field": name, "expected": expected, "got": got} for name, expected, got in verdict.differences
            ]
        if verdict.message:
            line["message"] = verdict.message
        self.write(line)

    def invalid(self, entry):
        line = {"case": entry.id, "file": entry.file, "verdict": INVALID}
        self.write(line | {"offset": entry.offset, "message": entry.message})

    def write(self, line):
        print(json.dumps(line), file=self.stream, flush=True)

    def close(self, counts, interrupted):
        done = {"done": not interrupted, "interrupted": interrupted}
        self.write(done | {name: counts[name] for name in ORDER})
        if self.stream is not sys.stdout:
            self.stream.close()


def opened(path):
    if str(path) == "-":
        return sys.stdout
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from None


class Junit:
    """One test suite an engine; written at the end, also after an interrupt."""

    TAGS = {FAIL: "failure", ERROR: "error", BROKEN: "error", INVALID: "error"}

    def __init__(self, path):
        opened(path).close()
        self.path = Path(path)
        self.suites = {}

    def add(self, verdict, file):
        entry = self.case(verdict.engine, verdict.case, file)
        if not verdict.passed:
            problem = xml.SubElement(entry, self.TAGS[verdict.verdict], message=verdict.text)
            problem.text = "\n".join(
                f"{name}: expected {expected}, got {got}" for name, expected, got in verdict.differences
            )

    def invalid(self, entry):
        case = self.case("reading", entry.id or f"at byte {entry.offset}", entry.file)
        xml.SubElement(case, "error", message=str(entry))

    def case(self, suite, identity, file):
        self.suites.setdefault(suite, xml.Element("testsuite", name=suite))
        classname, _, name = identity.rpartition("/")
        return xml.SubElement(
            self.suites[suite],
            "testcase",
            classname=classname.replace("/", "."),
            name=name,
            file=str(file),
        )

    def close(self, counts, interrupted):
        root = xml.Element("testsuites", name="assay replay")
        if interrupted:
            root.set("interrupted", "true")
        for suite in self.suites.values():
            suite.set("tests", str(len(suite)))
            for tag in ("failure", "error"):
                suite.set(f"{tag}s", str(len(suite.findall(f"testcase/{tag}"))))
            root.append(suite)
        xml.ElementTree(root).write(self.path, encoding="utf-8", xml_declaration=True)


def tally(counts):
    """`9450 passed, 1 failed`: what is zero is left out, except what passed."""
    return ", ".join(f"{counts[name]:,} {WORDS[name]}" for name in ORDER if counts[name] or name == PASS)


def coloured(text, good):
    return click.style(text, fg="green" if good else "red", bold=True)


class Report:
    """Collects the verdicts of all engines."""

    def __init__(self, files, sinks=(), total=0, quiet=False):
        self.files = files  # case id -> file
        self.sinks = list(sinks)
        self.counts = {}  # engine -> Counter
        self.failures = []
        self.invalid = []
        self.progress = Progress(total, "replay") if not quiet else None

    def add(self, verdict):
        self.counts.setdefault(verdict.engine, Counter())[verdict.verdict] += 1
        if not verdict.passed:
            self.failures.append(verdict)
        for sink in self.sinks:
            sink.add(verdict, self.files[verdict.case])
        if self.progress:
            self.progress.step()

    def add_invalid(self, entry):
        self.invalid.append(entry)
        for sink in self.sinks:
            sink.invalid(entry)

    @property
    def totals(self):
        total = sum(self.counts.values(), Counter())
        total[INVALID] = len(self.invalid)
        return total

    def close(self, interrupted=False):
        if self.progress:
            self.progress.clear()
        for sink in self.sinks:
            sink.close(self.totals, interrupted)

    def votes(self, case):
        """engine -> whether it agrees on this case."""
        wrong = {verdict.engine for verdict in self.failures if verdict.case == case}
        return {name: name not in wrong for name in self.counts}
