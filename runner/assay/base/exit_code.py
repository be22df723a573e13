"""What the command line returns; the least of a run's troubles never hides a worse one."""

from collections.abc import Iterable

AGREED = 0  # everything ran and agreed
DIFFERED = 1  # something disagrees
USAGE = 2  # the command line is wrong
BAD_INPUT = 3  # a file is missing, unreadable or not of its format
NO_ENGINE = 4  # an engine cannot be loaded, or a tool cannot be built
NOTHING = 5  # nothing was selected, so nothing was shown
BROKEN = 6  # an engine died, hung or answered garbage
INTERNAL = 7  # assay itself failed; the message says what to report
NO_OUTPUT = 8  # the output cannot be written: a full disk, a folder that is closed
INTERRUPTED = 130  # Ctrl-C; what was done is reported
PIPE_CLOSED = 141  # whoever read the output went away; nothing is said

TABLE = {
    AGREED: "everything ran and agreed",
    DIFFERED: "something disagrees",
    USAGE: "the command line is wrong",
    BAD_INPUT: "a file is missing, unreadable or not of its format",
    NO_ENGINE: "an engine cannot be loaded",
    NOTHING: "nothing was selected, so nothing was shown",
    BROKEN: "an engine died, hung or answered garbage",
    INTERNAL: "assay itself failed; the message says what to report",
    NO_OUTPUT: "the output cannot be written",
    INTERRUPTED: "interrupted; what was done is reported",
    PIPE_CLOSED: "whoever read the output went away",
}

WORST_FIRST = (INTERRUPTED, INTERNAL, NO_OUTPUT, BROKEN, DIFFERED, NO_ENGINE, BAD_INPUT, USAGE, NOTHING)


def worst(codes: Iterable[int]) -> int:
    """The code to return when several hold."""
    held = set(codes)
    return next((code for code in WORST_FIRST if code in held), AGREED)
