"""One fuzzer of a campaign: how it is started, and what it tells of itself.

OUT/TARGET is the folder of a target:

    in/                 the seeds
    sync/ROLE/          of each afl-fuzz: queue, crashes, hangs; they read each other's queues
    sync/libfuzzer/queue, artifacts    of libFuzzer
    differs/            inputs on which engines differ, a few of each likeness, kept by the targets
    ROLE.ledger         executions, counted by the target itself
    ROLE.log            what the fuzzer says
"""

import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from assay.fuzz import builds

MAIN, CMPLOG_ROLE, EXPLOIT, SANITIZED = "main", "cmplog", "exploit", "libfuzzer"
ROLES = (MAIN, SANITIZED, CMPLOG_ROLE, EXPLOIT)
PRESETS = {MAIN: builds.AFL, CMPLOG_ROLE: builds.AFL, EXPLOIT: builds.AFL, SANITIZED: builds.LIBFUZZER}
OPTIONS = {
    MAIN: ("-M", MAIN),
    CMPLOG_ROLE: ("-S", CMPLOG_ROLE, "-l", "2AT"),
    EXPLOIT: ("-S", EXPLOIT, "-p", "exploit"),
}
EXECUTION_MS = 3000  # of one execution; a longer one is a hang
LONGEST_INPUT = 64 * 1024
LEDGER = struct.Struct("<11Q")
LEDGER_MAGIC = 0x3172676C7A7566
ENVIRONMENT = {
    "AFL_NO_UI": "1",
    "AFL_AUTORESUME": "1",
    "AFL_SKIP_CPUFREQ": "1",
    "AFL_NO_AFFINITY": "1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
    "AFL_IGNORE_PROBLEMS": "1",
    "AFL_FORKSRV_INIT_TMOUT": "60000",
    "AFL_FAST_CAL": "1",
}
SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=1:symbolize=1:detect_leaks=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


@dataclass(frozen=True)
class Counts:
    """What a target counted."""

    agreed: int = 0
    differed: int = 0
    foreign: int = 0
    skipped: int = 0

    @property
    def executions(self) -> int:
        return self.agreed + self.differed + self.foreign + self.skipped

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.agreed + other.agreed,
            self.differed + other.differed,
            self.foreign + other.foreign,
            self.skipped + other.skipped,
        )

    def __sub__(self, other: "Counts") -> "Counts":
        return self + Counts(-other.agreed, -other.differed, -other.foreign, -other.skipped)


@dataclass
class Part:
    """A fuzzer on a target."""

    out: Path
    target: str
    role: str
    engine: str = ""  # a third one, as assay-native takes it
    process: "subprocess.Popen[bytes] | None" = None
    log: BinaryIO | None = None
    deaths: int = 0
    before: Counts = field(default_factory=Counts)  # what earlier runs of the campaign had counted

    @property
    def folder(self) -> Path:
        return self.out / self.target

    @property
    def name(self) -> str:
        return f"{self.target}/{self.role}"

    @property
    def own(self) -> Path:
        return self.folder / "sync" / self.role

    @property
    def differing(self) -> Path:
        return self.folder / "differs"

    @property
    def ledger(self) -> Path:
        return self.folder / f"{self.role}.ledger"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, seconds: int) -> None:
        self.own.parent.mkdir(parents=True, exist_ok=True)
        self.differing.mkdir(exist_ok=True)
        for folder in ("queue", "artifacts") if self.role == SANITIZED else ():
            (self.own / folder).mkdir(parents=True, exist_ok=True)
        env = os.environ | ENVIRONMENT | {"ASSAY_FUZZ_LEDGER": str(self.ledger), "ASSAY_FUZZ_TARGET": self.target}
        env["ASSAY_FUZZ_FINDS"] = str(self.differing)
        if self.engine:
            env["ASSAY_FUZZ_ENGINE"] = self.engine
        if self.role == SANITIZED:
            env |= SANITIZERS | {"ASSAY_FUZZ_KEEP": "1"}
        else:
            env["AFL_CUSTOM_MUTATOR_LIBRARY"] = str(builds.mutator())
        self.close_log()
        self.log = (self.folder / f"{self.role}.log").open("ab")
        argv = [*together(), *(self.libfuzzer(seconds) if self.role == SANITIZED else self.afl(seconds))]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=env)

    def afl(self, seconds: int) -> list[str]:
        program = str(builds.program(PRESETS[self.role], self.target))
        twin = ["-c", str(builds.program(builds.CMPLOG, self.target))] if self.role == CMPLOG_ROLE else []
        others = ["-F", str(self.own.parent / SANITIZED / "queue")] if self.role == MAIN else []
        where = ["-i", str(self.folder / "in"), "-o", str(self.own.parent)]
        limits = ["-t", str(EXECUTION_MS), "-G", str(LONGEST_INPUT), "-V", str(seconds)]
        return ["afl-fuzz", *OPTIONS[self.role], *twin, *others, *where, *limits, "--", program]

    def libfuzzer(self, seconds: int) -> list[str]:
        program = str(builds.program(builds.LIBFUZZER, self.target))
        limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}", f"-timeout={EXECUTION_MS * 5 // 1000}"]
        return [
            program, *limits, "-rss_limit_mb=6000", "-reload=10", "-print_final_stats=1",
            f"-artifact_prefix={self.own / 'artifacts'}/", str(self.own / "queue"), str(self.folder / "in"),
        ]  # fmt: skip

    def stop(self) -> None:
        """Ends it and all that it started."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.close_log()

    def close_log(self) -> None:
        if self.log is not None:
            self.log.close()
            self.log = None

    def counts(self) -> Counts:
        return read_ledger(self.ledger) - self.before

    def stats(self) -> dict[str, str]:
        """What afl-fuzz writes of itself, once a minute and at its end."""
        try:
            lines = (self.own / "fuzzer_stats").read_text().splitlines()
        except OSError:
            return {}
        return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}

    def found(self) -> Iterator[Path]:
        """Inputs that ended the target, or did not end."""
        yield from sorted(self.differing.glob("differs-*[0-9a-f]-[0-9]"))
        is_sanitized = self.role == SANITIZED
        for folder in ("artifacts",) if is_sanitized else ("crashes", "hangs"):
            yield from sorted((self.own / folder).glob("*-*" if is_sanitized else "id:*"))

    def died(self) -> str:
        """Why it ended by itself before its time, or the empty text: libFuzzer ends with each of its finds."""
        code = self.process.poll() if self.process is not None else None
        if code in (None, 0) or (self.role == SANITIZED and code in (1, 70, 71, 77, -signal.SIGABRT, 134)):
            return ""
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def read_ledger(path: Path) -> Counts:
    try:
        data = path.read_bytes()
    except OSError:
        return Counts()
    if len(data) < LEDGER.size or LEDGER.unpack_from(data)[0] != LEDGER_MAGIC:
        return Counts()
    return Counts(*LEDGER.unpack_from(data)[1:5])


@lru_cache
def together() -> tuple[str, ...]:
    """Words that make a fuzzer and its targets end together, also when the campaign is killed; none without bwrap."""
    words = (*"bwrap --bind / / --dev-bind /dev /dev --proc /proc".split(), *"--unshare-pid --unshare-ipc".split())
    words += ("--die-with-parent",)
    if shutil.which("bwrap") is None:
        return ()
    works = subprocess.run([*words, "true"], capture_output=True, stdin=subprocess.DEVNULL)
    return words if works.returncode == 0 else ()
