"""A child process that is asked and answers: bytes in, bytes out, within a deadline.

It knows nothing of the protocol but where a reply ends: at the end of a line, or of a frame.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import IO

from assay.base.strict import Wrong

LINE_MAX = 64 * 1024 * 1024
WORDS_MAX = 4096
FRAME_HEAD = 4
LAST_CHANCE = 2.0  # seconds
MOMENT = 0.001


class CannotStart(Exception):
    """The program is missing, or may not be run."""


class Silent(Exception):
    """No whole reply came within the deadline; the process has been ended."""


class Gone(Exception):
    """The output ended; the process has been ended if it was not yet."""

    def __init__(self, code: int, left: bytes) -> None:
        super().__init__()
        self.code = code
        self.left = left  # output that is not a whole reply
        self.lived_on = False


class Child:
    """One running process and its three pipes."""

    def __init__(self, argv: list[str], framed: bool) -> None:
        self.framed = framed
        self.received = bytearray()  # of the output, not yet taken
        self.taken = 0  # bytes of the output taken before
        self.words = b""  # the tail of standard error
        try:
            self.process, self.leash = start(argv)
        except OSError as error:
            raise CannotStart(f"{argv[0]} cannot be started: {error.strerror}; check the command") from None
        self.selector = selectors.DefaultSelector()
        self.stdin, self.stdout, self.stderr = pipes(self.process)
        for pipe in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(pipe.fileno(), False)
        self.selector.register(self.stdout, selectors.EVENT_READ)
        self.selector.register(self.stderr, selectors.EVENT_READ)

    def exchange(self, message: bytes, seconds: float) -> bytes:
        """Sends a message and waits for one whole reply; raises Silent, Gone or Wrong."""
        deadline = time.monotonic() + seconds
        framed = len(message).to_bytes(FRAME_HEAD, "little") + message
        left = memoryview(framed if self.framed else message + b"\n")
        self.wants_to_write(True)
        while True:
            reply = self.whole_reply()
            if reply is not None:
                return reply
            patience = deadline - time.monotonic()
            if patience <= 0:
                self.end()
                raise Silent
            for key, _ in self.selector.select(patience):
                if key.fileobj is self.stdin:
                    left = self.send(left)
                elif key.fileobj is self.stderr:
                    self.drain()
                elif not self.receive():
                    raise self.gone()

    def send(self, data: memoryview) -> memoryview:
        """Writes what fits; returns what is left."""
        try:
            data = data[os.write(self.stdin.fileno(), data) :]
        except BlockingIOError:
            return data
        except OSError:  # it reads no more; its output or its end tells why
            data = data[:0]
        self.wants_to_write(bool(data))
        return data

    def wants_to_write(self, wants: bool) -> None:
        """The selector reports a pipe without waiting for it, so it watches it only when needed."""
        watched = self.stdin in self.selector.get_map()
        if wants and not watched:
            self.selector.register(self.stdin, selectors.EVENT_WRITE)
        if watched and not wants:
            self.selector.unregister(self.stdin)

    def receive(self) -> bool:
        """Takes what output there is; False at its end."""
        try:
            data = os.read(self.stdout.fileno(), 1 << 20)
        except BlockingIOError:
            return True
        self.received += data
        return bool(data)

    def drain(self) -> None:
        """Keeps the tail of standard error."""
        while True:
            try:
                data = os.read(self.stderr.fileno(), 1 << 16)
            except BlockingIOError:
                return
            if not data:
                if self.stderr in self.selector.get_map():
                    self.selector.unregister(self.stderr)
                return
            self.words = (self.words + data)[-WORDS_MAX:]

    def whole_reply(self) -> bytes | None:
        """The first reply of what was received, without its frame."""
        if self.framed:
            if len(self.received) < FRAME_HEAD:
                return None
            start = FRAME_HEAD
            end = after = start + int.from_bytes(self.received[:FRAME_HEAD], "little")
        else:
            start, end = 0, self.received.find(b"\n")
            after = end + 1
        size = (len(self.received) if end < 0 else end) - start
        if size > LINE_MAX:
            raise Wrong(f"a reply of more than {LINE_MAX} bytes")
        if end < 0 or len(self.received) < end:
            return None
        reply = bytes(self.received[start:end])
        del self.received[:after]
        self.taken += after
        return reply

    def offset_of(self, reply: bytes) -> int:
        """Where in the output the reply taken last begins."""
        return self.taken - len(reply) - (0 if self.framed else 1)

    def last_words(self) -> str:
        return self.words.decode("utf-8", "replace").strip()

    def gone(self) -> Gone:
        """Its output has ended. A process that closes its output yet lives on is ended too."""
        left = bytes(self.received)
        try:
            self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.end()
            found = Gone(0, left)
            found.lived_on = True
            return found
        return Gone(self.end(), left)

    def ends_within(self, seconds: float) -> bool:
        """Whether it ends by itself at the end of its input; its words are heard meanwhile."""
        self.stdin.close()
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            self.drain()
            time.sleep(MOMENT)
        return self.process.poll() is not None

    def end(self) -> int:
        """Ends the process; returns its exit status. A cage is given a moment to end what is in it."""
        self.let_go()
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(LAST_CHANCE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self.drain()
        self.selector.close()
        for pipe in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(OSError):
                pipe.close()
        return code

    def let_go(self) -> None:
        if self.leash >= 0:
            os.close(self.leash)
            self.leash = -1


def start(argv: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """The process, and our end of the leash: when that is closed, also by our death, a cage ends."""
    pipe = subprocess.PIPE
    theirs, ours = os.pipe()
    environment = {**os.environ, "ASSAY_LEASH": str(theirs)}
    try:
        process = subprocess.Popen(
            argv, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, pass_fds=(theirs,), env=environment
        )
    except OSError:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return process, ours


def pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    assert process.stdin and process.stdout and process.stderr
    return process.stdin, process.stdout, process.stderr
