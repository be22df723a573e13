"""The README's pictures and the book: made from what they show, whole, and quiet on the network."""

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

import model
from assay.book import build, pictures

BROWSER = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
SEARCHED = "gas/move_reg"
CHATTER = ("", "not an origin")


class Page(HTMLParser):
    """What a page links to, what it loads, and what can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value for name, value in attrs if value}
        if "id" in named:
            self.ids.add(named["id"])
        if tag == "a" and "href" in named:
            self.links.append(named["href"])
        elif "href" in named and named.get("rel") != "canonical":
            self.loads.append(named["href"])
        self.loads += [named[name] for name in ("src", "srcset", "data") if name in named]


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    return build.build(tmp_path_factory.mktemp("book")).parent


@pytest.fixture(scope="module")
def pages(book) -> dict[Path, Page]:
    return {file: Page(file.read_text("utf-8")) for file in book.rglob("*.html")}


def test_the_pictures_show_what_the_code_draws():
    drawn = pictures.draw()
    assert drawn.keys() == {file.name for file in pictures.IMAGES.iterdir()}
    for name, text in drawn.items():
        assert (pictures.IMAGES / name).read_text("utf-8") == text, f"docs/images/{name}: ./assay docs --pictures"


def test_a_page_that_nothing_leads_to_and_a_link_to_nowhere_are_red(tmp_path, monkeypatch):
    texts = build.texts()
    monkeypatch.setattr(build, "texts", lambda: {**texts, "guides/lost.md": "# Lost\n\n[nowhere](nowhere.md)\n"})
    with pytest.raises(build.BookError) as error:
        build.build(tmp_path)
    assert re.search(r'not included in the "nav".*\n *- guides/lost\.md', str(error.value))
    assert "'guides/lost.md' contains a link 'nowhere.md'" in str(error.value)


def test_every_rule_is_a_link_target(book, pages):
    ids = {name for file, page in pages.items() if file.is_relative_to(book / "spec") for name in page.ids}
    assert not set(model.rules()) - ids


def test_every_link_inside_leads_somewhere(book, pages):
    seen = 0
    for file, page in pages.items():
        for link in page.links:
            address, fragment = urldefrag(link)
            if re.match(r"[a-z]+:", address) or file.name == "404.html":
                continue
            target = (file.parent / unquote(address)).resolve() if address else file
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{file.name}: {link}"
            if fragment and target in pages:
                assert unquote(fragment) in pages[target].ids | {"__skip", ""}, f"{file.name}: {link}"
                seen += 1
    assert seen > len(model.rules())


def test_no_page_loads_anything_from_elsewhere(pages):
    assert not [
        (file.name, load) for file, page in pages.items() for load in page.loads if re.match(r"(https?:)?//", load)
    ]


def test_a_browser_finds_a_rule_from_the_disk_without_a_request(book, tmp_path):
    text, asked = visit(f"{(book / 'index.html').as_uri()}?q={SEARCHED}", tmp_path)
    found = [re.sub("<[^>]*>", "", title) for title in re.findall(r"<h2>(.*?)</h2>", text)]
    assert SEARCHED in found
    assert not asked


def test_a_request_would_be_seen(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<img src="http://assay.invalid/picture.png">')
    assert visit(page.as_uri(), tmp_path)[1] == ["http://assay.invalid/picture.png"]


def visit(address: str, folder: Path) -> tuple[str, list[str]]:
    """The page as it stands after its scripts, and what was asked of the network for it."""
    log = folder / "net.json"
    argv = [
        *BROWSER,
        *QUIET,
        f"--user-data-dir={folder}/profile",
        f"--log-net-log={log}",
        "--virtual-time-budget=20000",
    ]
    done = subprocess.run([*argv, "--dump-dom", address], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, requests(log)


def requests(log: Path) -> list[str]:
    """Addresses that a page of the book asked for, other than files; the browser's own chatter is not the book's."""
    text = log.read_text("utf-8").rstrip().rstrip(",")
    events = json.loads(text if text.endswith("}") else text + "]}")["events"]
    urls = [str(event.get("params", {}).get("url", "")) for event in events]
    initiators = [str(event.get("params", {}).get("initiator", "")) for event in events]
    return [
        url
        for url, by in zip(urls, initiators, strict=True)
        if url.startswith("http") and by not in ("", "not an origin")
    ]
