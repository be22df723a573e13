"""assay docs: the book and its pictures."""

from pathlib import Path

import click

from assay.base import exit_code, paths
from assay.base.trouble import BadInput
from assay.book import build, pictures


@click.command("docs")
@click.option("-o", "folder", type=click.Path(path_type=Path), help="Where the book goes; build/book otherwise.")
@click.option("--pictures", "draws", is_flag=True, help="Draw docs/images anew instead.")
def command(folder: Path | None, draws: bool) -> int:
    """Build the book: guides, the specification with a link target for each rule, the reference.

    The result opens from the disk and needs no network. --pictures draws the README's pictures
    from the code: the votes, and the card of a real divergence.

    \b
    Exit codes: 0 done, 3 something cannot be built.
    """
    paths.needs_clone("docs")
    try:
        if draws:
            for name, text in pictures.draw().items():
                (pictures.IMAGES / name).write_text(text, "utf-8")
                click.echo(f"written: docs/images/{name}")
            return exit_code.AGREED
        click.echo(f"the book: {paths.shown(build.build(folder or paths.ROOT / 'build' / 'book'))}")
    except (build.BookError, pictures.NoPicture) as error:
        raise BadInput(str(error)) from None
    return exit_code.AGREED
