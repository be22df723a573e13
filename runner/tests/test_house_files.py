"""What editors and hooks are told is what the checks ask."""

import re
import shutil
import tomllib

from assay.base import paths


def test_every_tool_has_the_same_width() -> None:
    editor = re.findall(r"^max_line_length = (\d+)$", (paths.ROOT / ".editorconfig").read_text(), re.M)
    c_format = re.findall(r"^ColumnLimit: (\d+)$", (paths.ROOT / ".clang-format").read_text(), re.M)
    tidy = re.findall(r"^COLUMNS = (\d+)$", (paths.ROOT / "CI" / "tidy.py").read_text(), re.M)
    ruff = tomllib.loads((paths.ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["line-length"]
    assert editor == c_format == tidy == [str(ruff)]


def test_hooks_are_local_and_their_tools_are_here() -> None:
    text = (paths.ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"^\s*- repo: (.*)$", text, re.M) == ["local"]
    hooks = re.findall(r"- id: (\S+)\n(?:        .*\n)*?        entry: (\S+).*\n        language: (\S+)$", text, re.M)
    programs = [program for _, program, _ in hooks]
    assert [hook for hook, _, _ in hooks] == ["tidy", "ruff", "ruff-format", "clang-format", "mypy"]
    assert all(language == "system" for _, _, language in hooks)
    assert all((paths.ROOT / program).exists() or shutil.which(program) for program in programs)
