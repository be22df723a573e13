"""Memory, mappings and calls of the host that fast takes: bounded, whatever the programs were."""

import re
from pathlib import Path

import host_program
import pytest

WELL = (
    "runs_beyond_the_hosts_mappings",
    "runs_of_many_chains",
    "mappings_stay",
    "memory_stays",
    "largest_images",
    "code_is_in_proportion",
    "permissions_are_exact",
    "programs_change_exactly",
)
WARM = 500  # programs, after which nothing new is asked of the host


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = host_program.build(tmp_path_factory.mktemp("host"), "bounds")
    return host_program.build_preloaded(folder, "counting", "refusing")


def play(folder: Path, *what: str, **more: str) -> tuple[int, str]:
    return host_program.told(folder / "bounds", "fast", *what, **more)


@pytest.mark.parametrize("what", WELL)
def test_bounds_hold(built: Path, what: str) -> None:
    assert play(built, what) == (0, "")


def test_nothing_is_kept_if_so_asked(built: Path) -> None:
    assert play(built, "keeps_nothing", ASSAY_FAST_KEEP_MIB="0") == (0, "")


@pytest.mark.parametrize("bound", ["0", "1", "nonsense", "-1", ""])
def test_any_bound_works(built: Path, bound: str) -> None:
    assert play(built, "warm", "100", ASSAY_FAST_KEEP_MIB=bound) == (0, "")


def calls(folder: Path, programs: int, of: str = "warm", **more: str) -> list[int]:
    code, told = play(folder, of, str(programs), LD_PRELOAD=str(folder / "counting"), **more)
    assert code == 0
    return [int(number) for number in re.findall(r"\d+", told)]


def test_a_small_program_asks_the_host_for_nothing_once_warm(built: Path) -> None:
    few, many = calls(built, WARM), calls(built, 2 * WARM)
    assert len(few) == 4 and few[0] > 0 and few == many


def test_other_layouts_cost_no_more(built: Path) -> None:
    few, many = (calls(built, programs, of="layouts") for programs in (WARM, 8 * WARM))
    assert few == many


def test_what_is_not_kept_is_asked_for_each_time(built: Path) -> None:
    few, many = (calls(built, programs, ASSAY_FAST_KEEP_MIB="0") for programs in (WARM, 2 * WARM))
    assert many[0] - few[0] >= WARM


@pytest.mark.parametrize("lacks", ["files", "files_lie"])
def test_a_host_without_files_in_memory_flips_one_view(built: Path, lacks: str) -> None:
    preload = {"LD_PRELOAD": str(built / "refusing"), "HOST_LACKS": lacks}
    assert play(built, "warm", "100", **preload) == (0, "")
    assert play(built, "memory_stays", **preload) == (0, "")


def test_a_host_that_takes_nothing_back_leaks_nothing_to_guests(built: Path) -> None:
    preload = {"LD_PRELOAD": str(built / "refusing"), "HOST_LACKS": "unmap_lies"}
    assert play(built, "warm", "300", **preload) == (0, "")
    assert play(built, "layouts", "300", **preload) == (0, "")
