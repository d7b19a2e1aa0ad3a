"""The site: every link leads somewhere, every figure is there, nothing comes from elsewhere."""

from __future__ import annotations

import importlib.util
import re
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from benchmarks import site
from benchmarks.site.docstrings import to_rst
from benchmarks.site.pages import ROOT
from keras_norms.lab.errors import BadInput

pytestmark = pytest.mark.once

MISSING = [name for name in site.NEEDED if not importlib.util.find_spec(name)]
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """What a page links to, what it loads, and the places in it that links lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links, self.loads, self.places, self.pictures = set(), set(), set(), 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        of = dict(attrs)
        self.places |= {of[name] for name in ("id", "name") if of.get(name)}
        self.pictures += tag == "img"
        if tag == "a" and of.get("href"):
            self.links.add(of["href"])
        if LOADED.get(tag) in of:
            self.loads.add(of[LOADED[tag]])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    if MISSING:
        pytest.skip(f"the site's generator is not installed: {', '.join(MISSING)} (extra site)")
    out = tmp_path_factory.mktemp("site")
    return out, site.build(out)


@pytest.fixture(scope="module")
def pages(made):
    out, _ = made
    return {file: Page(file.read_text(encoding="utf-8")) for file in out.rglob("*.html")}


@pytest.mark.full
def test_the_generator_warns_of_nothing(made):
    assert made[1] == []


@pytest.mark.full
def test_every_link_leads_somewhere(made, pages):
    lost = []
    for file, page in pages.items():
        for link in page.links | page.loads:
            scheme, host, path, _, fragment = urlsplit(link)
            if scheme or host:
                continue
            target = (file.parent / unquote(path)).resolve() if path else file
            known = pages[target].places if target in pages else ()
            if not target.is_file() or (fragment and target in pages and fragment not in known):
                lost.append(f"{file.relative_to(made[0])}: {link}")
    assert lost == []


@pytest.mark.full
def test_nothing_is_loaded_from_elsewhere(made, pages):
    loaded = {one for page in pages.values() for one in page.loads}
    assert [one for one in loaded if urlsplit(one).scheme not in ("", "data")] == []
    styles = "".join(file.read_text(encoding="utf-8") for file in made[0].rglob("*.css"))
    asked = re.findall(r"url\([\"']?([^\"')]+)|@import\s+[\"']([^\"']+)", styles)
    assert [one for pair in asked for one in pair if re.match(r"(https?:)?//", one)] == []


@pytest.mark.full
def test_every_paper_guide_and_public_name_has_its_page(made, pages):
    out, _ = made
    front = {unquote(urlsplit(link).path) for link in pages[out / "index.html"].links}
    for source in (ROOT / "benchmarks/results").glob("*/report.md"):
        page = source.relative_to(ROOT).with_suffix(".html")
        assert str(page) in front
        drawn = len(re.findall(r"!\[", source.read_text(encoding="utf-8")))
        assert pages[out / page].pictures == drawn
    assert {f"docs/guides/{one.stem}.html" for one in (ROOT / "docs/guides").glob("*.md")} <= front
    import keras_norms

    layers = [name for name in dir(keras_norms.layers) if name.endswith("Normalization")]
    assert len(layers) >= 20
    assert [name for name in layers if out / f"reference/layers/{name}.html" not in pages] == []


@pytest.mark.full
def test_pages_name_no_place_of_the_machine_and_are_searched_without_a_server(made):
    out, _ = made
    places = [str(ROOT), str(out), f"{Path.home()}/", f"{tempfile.gettempdir()}/"]
    for file in out.rglob("*"):
        if file.suffix in (".html", ".js", ".inv", ".css"):
            text = file.read_bytes().decode("utf-8", "replace")
            assert [place for place in places if place in text] == [], file
    index = (out / site.INDEX).read_text(encoding="utf-8")
    assert index.startswith("Search.setIndex(")  # a script, which a page may load from a folder
    assert "ghostbatchnorm" in index


def test_without_the_generator_a_sentence_says_how_it_is_had(monkeypatch, tmp_path):
    monkeypatch.setitem(site.NEEDED, "no_such_module", "Nothing")
    monkeypatch.setattr(site.importlib.util, "find_spec", lambda name: name == "sphinx" or None)
    with pytest.raises(BadInput, match=r"Furo is not installed; pip install -e '\.\[site\]'"):
        site.write(tmp_path)


def test_a_folder_with_something_else_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(site, "NEEDED", {})
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(BadInput, match="holds something else than a site"):
        site.write(tmp_path)
    with pytest.raises(BadInput, match="is a file"):
        site.write(tmp_path / "thesis.tex")


def test_docstrings_are_rewritten():
    assert to_rst([
        "With `m` values and |x| of `a|b`, in *italics*, and `name_`, var_:", "",
        "    y = x * `2`", "", "    z = y", "",
        "Args:", "    one, two,", "        three: of `x`.", "    **options: more.", "",
        "    also: that.",
    ]) == [
        "With ``m`` values and \\|x\\| of ``a|b``, in *italics*, and ``name_``, var\\_:", "",
        "::", "", "    y = x * `2`", "", "    z = y", "",
        "Args:", "    one, two, three: of ``x``.", "    **options: more.", "",
        "    also: that.",
    ]  # fmt: skip
