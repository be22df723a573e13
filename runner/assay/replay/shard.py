"""Some cases on one engine in one process of `assay-native replay`; a verdict as soon as there is one.

A shared object that dies or hangs costs the case at which it did; the harness is started again behind that case. A
program on pipes is started again by the harness itself.
"""

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import IO

from assay.base import strict
from assay.base.exit_code import AGREED, BAD_INPUT, DIFFERED, NO_ENGINE, NOTHING
from assay.base.plain import plain
from assay.engines import endings
from assay.engines.catalog import DEATHS, Kind, Target
from assay.engines.trouble import EngineDied, how_it_ended
from assay.replay.verdict import Verdict, broken, not_run, read_verdict
from assay.suite.collection import Entry

LAST_WORDS = 400
BEGIN = b'{"begin"'
HONEST_ENDS = (AGREED, DIFFERED, BAD_INPUT, NOTHING)  # of assay-native replay, when it says that it is done
INVALID = "invalid"  # a case that cannot be read: it was listed as such


class Shard:
    """Plays in one thread (`play`), is read in another (`verdicts`)."""

    def __init__(
        self, target: Target, entries: Sequence[Entry], timeout: float, deaths_max: int = DEATHS, says_bye: bool = True
    ) -> None:
        self.target = target
        self.timeout = target.patience(timeout)
        self.order = [entry.id for entry in entries]
        self.ids = set(self.order)
        self.files = list(dict.fromkeys(entry.file for entry in entries))
        self.found: SimpleQueue[Verdict | Exception | None] = SimpleQueue()
        self.process: subprocess.Popen[bytes] | None = None
        self.says_bye = says_bye  # and counts how the engine ends
        self.is_stopped = False
        self.begun: tuple[str, int] | None = None  # id and index of the case that runs
        self.is_done = False
        self.hung = ""
        self.ending = ""  # what was wrong after bye
        self.skipped = 0  # cases without records, because the engine gives none
        self.deaths = 0
        self.deaths_max = deaths_max  # then the engine is given up

    def verdicts(self) -> Iterator[Verdict]:
        while (item := self.found.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    def play(self) -> None:
        try:
            with selection(self.ids) as path:
                self.play_selected(path)
        except Exception as error:  # it is raised again in the thread that reads
            self.found.put(error)
        finally:
            self.found.put(None)

    def stop(self) -> None:
        self.is_stopped = True
        if self.process is not None:
            self.process.kill()

    def play_selected(self, path: str) -> None:
        """Starts the harness again and again until it comes to an end."""
        argv = [str(self.target.harness), "replay", "--engine", self.target.spec, "--select", path]
        argv += ["--timeout", f"{self.timeout:g}"] if self.target.kind != Kind.NATIVE else []
        argv += ["--deaths", str(self.deaths_max)]
        argv += [] if self.says_bye else ["--no-bye"]
        argv += ["--records"] if self.target.is_ours else []
        argv += ["--one-flavour"] if self.target.kind == Kind.MODEL else []
        start = 0
        while not self.is_stopped and self.deaths < self.deaths_max:
            with tempfile.TemporaryFile() as words:
                code = self.run([*argv, "--from", str(start), *self.files], words)
                if self.is_done or self.is_stopped:
                    self.look_at_end(code, words)
                    return
                how = self.hung or how_it_ended(code)
                said = last_words(words)
            message = f"engine {self.target.name}: {how}{said}"
            if self.begun is None:
                self.could_not_start(code, said, message)
                return
            self.found.put(broken(self.begun[0], self.target.name, message))
            start = self.begun[1] + 1
            self.deaths += 1

    def look_at_end(self, code: int, words: IO[bytes]) -> None:
        """A shared object of ours may still bring the harness down, or tell of a leak, when all is said."""
        if self.target.kind == Kind.NATIVE and not self.is_stopped and code not in HONEST_ENDS:
            self.ending = f"{how_it_ended(code)} after the last case{last_words(words)}"

    def could_not_start(self, code: int, said: str, message: str) -> None:
        """A program that dies, hangs or says garbage at its hello: the first case says so, no other is run."""
        if self.target.kind != Kind.PROCESS or code != NO_ENGINE:
            raise EngineDied(self.target.name, code, said, "the start")
        message = said.rpartition("assay-native: ")[2] or message
        first, *others = self.order
        self.found.put(broken(first, self.target.name, message))
        for identity in others:
            self.found.put(not_run(identity, self.target.name, "the engine did not start"))

    def run(self, argv: list[str], words: IO[bytes]) -> int:
        """One process of the harness; its exit status."""
        self.begun, self.is_done, self.hung = None, False, ""
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=words, env=tied())
        if self.is_stopped:  # meanwhile: `stop` saw no process yet
            self.process.kill()
        assert self.process.stdout is not None
        try:
            self.follow(self.process.stdout)
            if not self.hung:
                return self.process.wait()
        finally:
            self.process.kill()
            self.process.stdout.close()
            code = self.process.wait()
        return code

    def follow(self, output: IO[bytes]) -> None:
        """Takes lines as they come, until the end of the output or of patience."""
        patience = self.timeout if self.target.kind == Kind.NATIVE else None  # the harness bounds a program itself
        rest = b""
        until = time.monotonic() + (patience or 0)
        while True:
            left = None if patience is None else max(0.0, until - time.monotonic())
            ready, _, _ = select.select([output], [], [], left)
            if not ready:
                self.hung = f"no answer within {self.timeout:g} s, so it was ended"
                return
            data = os.read(output.fileno(), 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            if lines:
                until = time.monotonic() + (patience or 0)
            self.take(lines)

    def take(self, lines: Sequence[bytes]) -> None:
        for text in lines:
            line = strict.mapping(strict.ours(text), "a line of assay-native replay")
            if text.startswith(BEGIN):
                self.begun = strict.text(line["begin"], "begin"), strict.count(line.get("index"), "index")
            elif line.get("done"):
                self.is_done = True
                self.ending = endings.read(line, (self.target.name,)).get(self.target.name, "")
                self.skipped = strict.count(line.get("records_skipped", 0), "records_skipped")
            elif line.get("verdict") != INVALID:
                verdict = read_verdict(line, self.target.name)
                self.deaths += verdict.is_broken
                if verdict.case in self.ids:
                    self.found.put(verdict)


def tied() -> dict[str, str]:
    """An environment in which the harness ends with this process, also when that is killed."""
    return {**os.environ, "ASSAY_PARENT": str(os.getpid())}


@contextmanager
def selection(ids: set[str]) -> Iterator[str]:
    """A file that names cases, for --select."""
    with tempfile.NamedTemporaryFile("w", prefix="assay-select-", suffix=".txt") as stream:
        stream.write("\n".join(sorted(ids)))
        stream.flush()
        yield stream.name


def last_words(stream: IO[bytes]) -> str:
    stream.seek(0)
    text = plain(stream.read().decode("utf-8", "replace").strip())
    return f"; its last words: {text[-LAST_WORDS:]}" if text else "; it said nothing"
