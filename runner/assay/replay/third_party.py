"""Third-party vectors on each engine, every deviation counted and explained."""

from collections.abc import Sequence

import click

from assay.base import exit_code
from assay.base.trouble import BadInput, Nothing
from assay.engines.catalog import Target
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
    for target in targets:
        with target.open(timeout) as opened:
            verdicts = [case.play(opened) for case in cases.found]
        summary = dialect.summary(verdicts, cases.errors, whole=not keyword)
        click.echo(f"{target.name}: {summary.text}")
        good = good and summary.ok
    if cases.errors:
        return exit_code.BAD_INPUT
    return exit_code.AGREED if good else exit_code.DIFFERED
