"""What a stranger is asked beside its cases: that it refuses what runner/PROTOCOL.md says it must refuse.

No vector asks these: an engine that says yes to everything would be green on them. Less than a second in all.
"""

from collections.abc import Callable, Iterator
from contextlib import closing

from assay.base.strict import Json
from assay.engines.answers import PAGE, REGISTERS, Page, Program
from assay.engines.catalog import Target
from assay.engines.engine import Engine
from assay.engines.process import ProcessEngine
from assay.engines.trouble import EngineError, EngineRefused, EngineReply

PATIENCE = 2.0
REGS = (0,) * REGISTERS
AT = 0x10000
ABSENT = 0x7FFF0000
TRAP = bytes.fromhex("0000000001010000000001")  # no jump table, one byte of code: trap
GARBAGE = bytes.fromhex("ffffffffffffffff")


def ask_nonsense(engine: Engine) -> object:
    assert isinstance(engine, ProcessEngine)
    request: dict[str, Json] = {"op": "no_such_request"}
    return engine.ask(request, lambda value: value)


def run(engine: Engine) -> object:
    return engine.run(0, 100, REGS)


def resume(engine: Engine) -> object:
    return engine.resume(100, REGS)


def load_garbage(engine: Engine) -> object:
    """A verdict other than admitted is as good as an error."""
    if engine.load(Program(GARBAGE, 25, ())) == "admitted":
        return True
    raise EngineRefused(engine.name, "it is rejected")


def load_and_resume(engine: Engine) -> object:
    engine.load(Program(TRAP, 25, (Page(AT, "ro", bytes(PAGE)),)))
    return engine.resume(100, REGS)


ERRORS: tuple[tuple[str, Callable[[Engine], object]], ...] = (
    ("a request that the protocol does not have gets an error", ask_nonsense),
    ("nothing runs before a program is loaded", run),
    ("nothing resumes before a program is loaded", resume),
    ("bytes that are no program are not admitted", load_garbage),
    ("nothing resumes that has not run", load_and_resume),
    ("a page that was not given cannot be read", lambda engine: engine.read(ABSENT, PAGE)),
    ("a page that was not given cannot be written", lambda engine: engine.write(ABSENT, b"\1")),
)


def breaches(target: Target, timeout: float) -> list[str]:
    """One sentence for each that the engine does not keep."""
    return [f"engine {target.name} breaks its contract: {words}" for words in broken(target, min(timeout, PATIENCE))]


def broken(target: Target, patience: float) -> Iterator[str]:
    with closing(target.open(patience)) as engine:  # how it ends is looked at after its cases
        try:
            engine.hello()
        except EngineError:
            return  # the first case says so
        for sentence, action in ERRORS:
            try:
                action(engine)
            except EngineReply:
                continue
            except EngineError as error:
                yield f"{sentence}; {error.message}"
                return
            yield f"{sentence}; it answered as if it could"
