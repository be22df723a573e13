"""The manual page and the README say what there is: every command, every option, every exit code."""

import argparse
import importlib
import re
from collections.abc import Iterator

import click
import pytest
from command import assay

from assay import cli
from assay.base import exit_code, paths
from linker import cli as linker

PAGE = (paths.ROOT / "runner" / "assay.1").read_text().replace("\\-", "-")
COMMON = "OPTIONS OF SEVERAL COMMANDS"
PARSERS = {"cc": linker.cc_parser, "link": linker.link_parser}


def leaves(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command, or those of a group, by their whole names."""
    if isinstance(command, click.Group):
        for part, child in command.commands.items():
            yield from leaves(f"{name} {part}", child)
    else:
        yield name, command


LEAVES = dict(
    leaf for name in cli.COMMANDS for leaf in leaves(name, importlib.import_module(f"assay.commands.{name}").command)
)


def options_of(name: str, command: click.Command) -> set[str]:
    if name in PARSERS:
        return options_of_parser(PARSERS[name]())
    return {word for p in command.params if isinstance(p, click.Option) for word in (*p.opts, *p.secondary_opts)}


def options_of_parser(parser: argparse.ArgumentParser) -> set[str]:
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", parser.format_help().partition("Other options")[0]))


def section(kind: str, title: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^\.{kind} {re.escape(title)}(?: .*)?\n((?:(?!\.S[SH] ).*\n)*)", PAGE, re.M)
    assert found, f"the manual page has no {title}"
    return found[1]


def options_told(text: str) -> set[str]:
    lines = re.findall(r"^\.B (-.*)$", text, re.M)
    return {word for line in lines for word in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line)}


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_and_option_stands_in_the_manual_page(name):
    own = options_told(section("SS", name))
    common = options_told(section("SH", COMMON)) | options_told(section("SS", "The options of a start"))
    found = options_of(name, LEAVES[name])
    assert found - own - common == set()
    assert own - found == set(), "the page tells an option that is not there"


def test_the_manual_page_tells_no_command_that_is_not_there():
    commands = PAGE.partition(".SH COMMANDS")[2].partition(".SH ")[0]
    told = re.findall(r"^\.SS (.*)$", commands, re.M)
    assert len(told) == len(LEAVES)
    assert all(any(f"{line} ".startswith(f"{name} ") for name in LEAVES) for line in told)


def test_every_command_has_a_help():
    for name in LEAVES:
        done = assay(*name.split(), "--help")
        assert done.returncode == exit_code.AGREED and "--help" in done.stdout, name


def test_exit_codes_stand_in_the_manual_page_and_in_the_readme():
    stated = dict(re.findall(r"^(\d+) +(.+)$", section("SH", '"EXIT STATUS"'), re.M))
    assert {int(code): meaning for code, meaning in stated.items()} == exit_code.TABLE
    readme = (paths.ROOT / "README.md").read_text().partition("## Exit codes")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", readme, re.M))
    assert {int(code) for code in rows} == set(exit_code.TABLE)
    assert all(rows[str(code)].startswith(meaning) for code, meaning in exit_code.TABLE.items())
