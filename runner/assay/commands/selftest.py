"""assay selftest: does the harness itself go red when it must?"""

import json
import time
from pathlib import Path

import click

from assay.base import exit_code, paths
from assay.base.trouble import NoOutput, Nothing
from assay.check import defects, hunt, vacuity
from assay.check.faults import Fault
from assay.check.hunt import Hunted
from assay.commands import options


@click.command("selftest")
@click.option("--vacuity", "is_vacuity", is_flag=True, help="Ways of being green by accident; this is the default.")
@click.option("--saboteurs", "is_hunt", is_flag=True, help="Engines with one planted fault each.")
@click.option("-k", "keyword", default="", metavar="TEXT", help="Only saboteurs with this in a name, class or file.")
@click.option("--list", "lists", is_flag=True, help="Only list the saboteurs: class, file and line.")
@click.option("--no-shrink", is_flag=True, help="Only catch the saboteurs, do not shrink their failing cases.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A line a saboteur; what the file has already is not done again.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@options.jobs
def command(
    is_vacuity: bool,
    is_hunt: bool,
    keyword: str,
    lists: bool,
    no_shrink: bool,
    out: Path | None,
    as_json: bool,
    jobs: int,
) -> int:
    """Run the real commands on what must not be green: a typo, no case, an engine that says yes to everything.

    Each must end with its exit code and a sentence that says why.

    With --saboteurs our own engines are built with one defect each, all classes of defects that recompilers
    and kernels of this machine have had among them. A vector must fail within a minute, and the case that does is
    shrunk. Some minutes for all; with --out FILE a run that was stopped goes on where it was.

    \b
    Exit codes: 0 every one is red as it must be, 1 one is not, 5 -k selects none.
    """
    if is_hunt or lists:
        paths.needs_clone("selftest --saboteurs")
        return saboteurs(keyword, lists, not no_shrink, out, as_json, jobs)
    del is_vacuity
    return ways(as_json, jobs)


def ways(as_json: bool, jobs: int) -> int:
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


def saboteurs(keyword: str, lists: bool, shrinks: bool, out: Path | None, as_json: bool, jobs: int) -> int:
    chosen = [fault for fault in defects.saboteurs() if keyword in " ".join((fault.name, fault.group, fault.file))]
    if not chosen:
        raise Nothing(f"-k {keyword!r} selects none of {len(defects.saboteurs())} saboteurs; --list shows them")
    if lists:
        for fault in chosen:
            click.echo(listed(fault))
        return exit_code.AGREED
    results = done_before(chosen, shrinks, out)
    for result in results:
        click.echo(json.dumps(result.members()) if as_json else shown(result))
    left = [fault for fault in chosen if fault.name not in {result.name for result in results}]
    for result in hunt.hunt(left, jobs, shrinks):
        results.append(result)
        keep(result, out)
        click.echo(json.dumps(result.members()) if as_json else shown(result))
    click.echo(hunt.summary(results), err=True)
    is_red = all(result.is_caught for result in results)
    return exit_code.AGREED if is_red else exit_code.DIFFERED


def done_before(chosen: list[Fault], shrinks: bool, out: Path | None) -> list[Hunted]:
    """What the file has of these faults as they are planted now."""
    wanted = {hunt.digest_of(fault): fault for fault in chosen}
    known = {result.digest: result for result in (hunt.read(out) if out else [])}
    return [result for digest, result in known.items() if digest in wanted and (result.is_shrunk or not shrinks)]


def keep(result: Hunted, out: Path | None) -> None:
    if out is None:
        return
    try:
        with out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(result.members()) + "\n")
    except OSError as error:
        raise NoOutput(f"{out}: cannot be written: {error.strerror}") from None


def listed(fault: Fault) -> str:
    return f"{fault.group:<5} {fault.engine}/{fault.file}:{hunt.line_of(fault)}  {fault.name}"


def shown(result: Hunted) -> str:
    place = f"{result.kind:<5} {result.engine}/{result.file}:{result.line}"
    if not result.is_caught:
        return f"{click.style('MISSED', fg='red')}  {place}  {result.name}"
    size = f"{result.before:>3} -> {result.instructions:<2}" if result.is_shrunk else ""
    return f"{result.seconds:5.1f} s  {size}  {place:<32}  {result.name}  {result.case}"
