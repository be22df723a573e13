"""assay selftest: does the harness itself go red when it must?"""

import time

import click

from assay.base import exit_code
from assay.check import vacuity
from assay.commands import options


@click.command("selftest")
@click.option("--vacuity", "is_vacuity", is_flag=True, help="Ways of being green by accident; this is the default.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@options.jobs
def command(is_vacuity: bool, as_json: bool, jobs: int) -> int:
    """Run the real commands on what must not be green: a typo, no case, an engine that says yes to everything.

    Each must end with its exit code and a sentence that says why.

    \b
    Exit codes: 0 every one is red as it must be, 1 one is not.
    """
    del is_vacuity
    started = time.monotonic()
    missed = 0
    for tried in vacuity.try_all(jobs):
        missed += bool(tried.complaint)
        red = click.style("GREEN BY ACCIDENT", fg="red")
        text = f"{tried.code:>4}  {tried.way.name}" + (f"  {red}: {tried.complaint}" if tried.complaint else "")
        click.echo(vacuity.as_line(tried) if as_json else text)
    seconds = time.monotonic() - started
    click.echo(
        f"{len(vacuity.WAYS)} ways of being green by accident, {missed} not caught, in {seconds:.1f} s", err=True
    )
    return exit_code.DIFFERED if missed else exit_code.AGREED
