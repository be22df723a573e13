"""What is wrong with an engine, and whose fault it is; nothing of it is what a guest does.

EngineDied        the process ended; with its exit code or signal and its last words
EngineHung        no whole reply within the deadline
EngineGarbage     a reply that is not of the protocol, with its byte offset
EngineRefused     error kind `refused`: a precondition does not hold; the engine goes on
EngineUnsupported error kind `unsupported`; the engine goes on
EngineBlames      error kind `protocol`: the engine says the request was wrong
EngineHostFailed  error kind `host`
EngineEnding      it answered everything and did not end well after bye

After the first three the process is gone.
"""

import signal

from assay.base.plain import plain


class EngineError(Exception):
    """Something about the engine, not about what a guest does."""

    kind = "error"

    def __init__(self, engine: str, message: str) -> None:
        message = plain(message)
        super().__init__(f"engine {engine}: {message}")
        self.engine = engine
        self.message = message


class EngineDied(EngineError):
    kind = "died"

    def __init__(self, engine: str, code: int, last_words: str, doing: str) -> None:
        words = f"; its last words: {last_words}" if last_words else "; it said nothing"
        super().__init__(engine, f"{how_it_ended(code)} during {doing}{words}")
        self.code = code
        self.last_words = plain(last_words)


class EngineHung(EngineError):
    kind = "hung"

    def __init__(self, engine: str, seconds: float, last_words: str, doing: str) -> None:
        words = f"; its last words: {last_words}" if last_words else ""
        super().__init__(engine, f"no reply to {doing} within {seconds:g} s, so it was ended{words}")
        self.seconds = seconds
        self.last_words = last_words


class EngineGarbage(EngineError):
    kind = "garbage"

    def __init__(self, engine: str, reason: str, offset: int, text: str, doing: str) -> None:
        where = f"{reason}, at byte {offset} of its output, in {text!r}"
        super().__init__(engine, f"its reply to {doing} is not of the protocol: {where}")
        self.reason = reason
        self.offset = offset
        self.text = text


class EngineEnding(EngineError):
    kind = "ending"

    def __init__(self, engine: str, how: str, last_words: str) -> None:
        words = f"; its last words: {last_words}" if last_words else "; it said nothing"
        super().__init__(engine, how + words)


class EngineReply(EngineError):
    """The engine answered with an error, as the protocol allows."""


class EngineRefused(EngineReply):
    kind = "refused"


class EngineUnsupported(EngineReply):
    kind = "unsupported"


class EngineBlames(EngineReply):
    kind = "protocol"


class EngineHostFailed(EngineReply):
    kind = "host"


REPLIES: dict[str, type[EngineReply]] = {
    reply.kind: reply for reply in (EngineRefused, EngineUnsupported, EngineBlames, EngineHostFailed)
}


def how_it_ended(code: int) -> str:
    """An exit status in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
