"""What the command line returns; the least of a run's troubles never hides a worse one."""

AGREED = 0  # everything ran and agreed
DIFFERED = 1  # something disagrees
USAGE = 2  # the command line is wrong
BAD_INPUT = 3  # a file is missing, unreadable or not of its format
NO_ENGINE = 4  # an engine cannot be loaded, or a tool cannot be built
NOTHING = 5  # nothing was selected, so nothing was shown
BROKEN = 6  # an engine died, hung or answered garbage
INTERRUPTED = 130  # Ctrl-C; what was done is reported

TABLE = {
    AGREED: "everything ran and agreed",
    DIFFERED: "something disagrees",
    USAGE: "the command line is wrong",
    BAD_INPUT: "a file is missing, unreadable or not of its format",
    NO_ENGINE: "an engine cannot be loaded",
    NOTHING: "nothing was selected, so nothing was shown",
    BROKEN: "an engine died, hung or answered garbage",
    INTERRUPTED: "interrupted; what was done is reported",
}

WORST_FIRST = (INTERRUPTED, BROKEN, DIFFERED, NO_ENGINE, BAD_INPUT, USAGE, NOTHING)


def worst(codes):
    """The code to return when several hold."""
    codes = set(codes)
    return next((code for code in WORST_FIRST if code in codes), AGREED)
