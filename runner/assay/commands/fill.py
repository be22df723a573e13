"""assay fill: generates the vectors."""

from collections.abc import Sequence

import click

import cases
from assay.base import exit_code, paths
from assay.commands import options
from assay.corpus import fill
from assay.guests import vectors


@click.command("fill")
@click.option("--check", is_flag=True, help="Write nothing; say which files would change, programs and strays too.")
@options.jobs
def command(check: bool, jobs: int) -> int:
    """Generate every vector from spec/cases, blessed by the specification.

    Byte-identical on every run. A case whose rules are not reached, and a rule without a positive
    and a negative case, are errors.

    \b
    Exit codes: 0 done (with --check: nothing differs), 1 --check found differences,
    3 the cases are wrong, 8 the vectors cannot be written.
    """
    try:
        changed = fill.fill(paths.ROOT, check=check, jobs=jobs)
        if check:
            changed += [f"{vectors.FOLDER}/{name}" for name in vectors.fill(check=True, jobs=jobs)]
            changed += strays(changed)
    except fill.FillError as error:
        click.echo(str(error), err=True)
        return exit_code.BAD_INPUT
    for name in changed:
        click.echo(f"{'differs' if check else 'written'}: vectors/{name}")
    click.echo(f"{len(changed)} files {'differ' if check else 'changed'}", err=True)
    return exit_code.DIFFERED if check and changed else exit_code.AGREED


def strays(known: Sequence[str]) -> list[str]:
    """Files among the vectors that no generator writes."""
    areas = {*cases.AREAS, *cases.KERNEL_AREAS, cases.REGRESS, vectors.FOLDER}
    found = []
    for path in sorted(paths.VECTORS.rglob("*")):
        name = path.relative_to(paths.VECTORS)
        is_ours = len(name.parts) == 2 and name.parts[0] in areas and path.suffix == ".json"
        if not path.is_dir() and not is_ours and str(name) not in (*known, "README.md"):
            found.append(str(name))
    return found
