"""Every command that reads a file, on what is not of its format: one sentence, code 3, never a traceback."""

from pathlib import Path

import pytest
from command import assay

from assay.base import exit_code

DEEP = b"[" * 3000
COMMANDS = (
    ("replay", "@"),
    ("run", "@"),
    ("trace", "@"),
    ("diff", "@"),
    ("chain", "run", "@", "@"),
    ("state", "show", "@"),
    ("image", "show", "@"),
    ("replay", "@", "--known", "@"),
    ("cover", "@"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("data", [DEEP, b"\xff\xfe", b'{"a": 1, "a": 2}'], ids=["deep", "no_utf_8", "key_twice"])
def test_a_bad_file_is_one_sentence(words: tuple[str, ...], data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    done = assay(*(str(path) if word == "@" else word for word in words))
    said = done.stdout + done.stderr
    assert done.returncode == exit_code.BAD_INPUT, said
    assert "bad.json" in said and "Traceback" not in said and "error of assay itself" not in said
