"""Third-party vectors on each engine, every deviation counted and explained."""

from collections.abc import Sequence

import click

from assay.base import exit_code
from assay.base.trouble import BadInput, Broken, Nothing
from assay.engines.catalog import Target
from assay.engines.trouble import EngineEnding, EngineError
from assay.suite import dialect
from assay.suite.keyword import Keyword


def replay_dialect(paths: Sequence[str], targets: Sequence[Target], keyword: str | None, timeout: float) -> int:
    cases = dialect.Cases()
    for path in paths:
        try:
            found = dialect.read_folder(path)
        except dialect.DialectError as error:
            raise BadInput(str(error)) from None
        cases.found += found.found
        cases.errors += found.errors
    if keyword:
        wanted = Keyword(keyword)
        cases.found = [case for case in cases.found if wanted.matches(case.id)]
    if not cases.found and not cases.errors:
        raise Nothing("no case is selected")
    good = True
    endings: list[EngineEnding] = []
    for target in targets:
        try:
            with target.open(timeout) as opened:
                verdicts = [case.play(opened) for case in cases.found]
        except EngineEnding as ending:
            endings.append(ending)
        except EngineError as error:
            raise Broken(str(error)) from None
        summary = dialect.summary(verdicts, cases.errors, whole=not keyword)
        click.echo(f"{target.name}: {summary.text}{f'; {target.wall.value}' if target.wall else ''}")
        good = good and summary.ok
    for bad_end in endings:
        click.echo(f"assay: {bad_end}", err=True)
    if endings:
        return exit_code.BROKEN
    if cases.errors:
        return exit_code.BAD_INPUT
    return exit_code.AGREED if good else exit_code.DIFFERED
