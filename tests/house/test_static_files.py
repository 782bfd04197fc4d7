"""One stylesheet and one script a page: the content of the bundles, and no page that loads another file of ours."""

import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.template.loader import render_to_string

from config.static_files import Bundle
from tests.house import checkout


@pytest.fixture
def parts(tmp_path):
    """Write files into a folder, and return the text of the bundle whose source is the first of them."""

    def bundle(**texts: str) -> str:
        names = [name.replace("__", "/").replace("_css", ".css").replace("_js", ".js") for name in texts]
        for name, text in zip(names, texts.values(), strict=True):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
        return Bundle(tmp_path, f"site{Path(names[0]).suffix}", names[0]).text()

    return bundle


def test_an_import_is_replaced_by_its_layer(parts):
    text = parts(
        css__site_css='@layer base, late;\n@import url("a.css") layer(late);\n@import url("b.css") layer(base);\n',
        css__a_css="a { color: red }\n",
        css__b_css="b { color: red }\n",
    )
    assert text == "@layer base, late;\n@layer late {\na { color: red }\n}\n@layer base {\nb { color: red }\n}\n"


def test_an_import_without_a_layer_stays_as_it_is(parts):
    assert parts(site_css="@import url(a.css);\nb {}", a_css="@layer late { a {} }") == "@layer late { a {} }\nb {}"


def test_imports_are_nested_and_each_is_sought_beside_its_importer(parts):
    text = parts(
        css__site_css='@import url("../parts/a.css") layer(one);',
        parts__a_css='@import url("deep/b.css") layer(two);',
        parts__deep__b_css="b {}",
    )
    assert text == "@layer one {\n@layer two {\nb {}\n}\n}"


def test_addresses_lead_to_the_same_file_from_the_bundle(parts):
    text = parts(
        css__site_css="@import url('../parts/a.css');",
        parts__a_css="a { mask: url('mark.svg'); src: url(../b.woff2#x); b: url(data:,x); c: url(#id); d: url(/e.svg) }",
    )
    assert (
        text == 'a { mask: url("parts/mark.svg"); src: url("b.woff2#x"); b: url(data:,x); c: url(#id); d: url(/e.svg) }'
    )


def test_comments_and_strings_are_left_alone(parts):
    text = """/* @import url("gone.css"); url(x.svg) */\na::before { content: '@import url("gone.css"); url(x.svg)' }"""
    assert parts(css__site_css=text) == text


@pytest.mark.parametrize(
    "rule", ['@import "a.css";', '@import url("a.css") print;', '@import url("a.css") supports(x);']
)
def test_an_import_of_another_form_is_refused(parts, rule):
    with pytest.raises(ImproperlyConfigured, match=r"write @import url"):
        parts(site_css=rule, a_css="")


def test_a_missing_part_is_named_with_its_importer(parts):
    with pytest.raises(
        ImproperlyConfigured, match=r"static/css/site\.css names static/gone\.css, which does not exist"
    ):
        parts(css__site_css='@import url("../gone.css");')
    with pytest.raises(ImproperlyConfigured, match=r"static/site\.js names static/gone\.js"):
        parts(site_js='import "./gone.js";\n')


@pytest.mark.parametrize("kind", ["css", "js"])
def test_a_circle_of_imports_is_refused(parts, kind):
    line = {"css": '@import url("{}.css");', "js": 'import "./{}.js";\n'}[kind]
    with pytest.raises(ImproperlyConfigured, match="imports itself"):
        parts(**{f"a_{kind}": line.format("b"), f"b_{kind}": line.format("a")})


def test_scripts_keep_their_names_apart_and_are_included_once(parts):
    text = parts(
        write_js='/* write */\nimport "./site.js";\nimport "./wait.js";\nconst WAIT = 2;\n',
        site_js='import "./wait.js";\n',
        wait_js="const WAIT = 1;\n",
    )
    assert text == "{\nconst WAIT = 1;\n}\n{\n/* write */\nconst WAIT = 2;\n}\n"


@pytest.mark.parametrize("line", ['import { a } from "./a.js";', 'import "library";', "export const a = 1;"])
def test_modules_that_need_a_bundler_are_refused(parts, line):
    with pytest.raises(ImproperlyConfigured, match="write import"):
        parts(site_js=f"{line}\n", a_js="")


def test_the_finders_make_the_bundles_anew(settings, tmp_path):
    """The development server and `collectstatic` both ask the finders."""
    settings.VAR_DIR, settings.STATICFILES_DIRS = tmp_path / "var", [tmp_path]
    settings.STATIC_BUNDLES = {"site.css": "all.css"}
    finders.get_finder.cache_clear()
    try:
        (tmp_path / "all.css").write_text("a {}")
        file = Path(finders.find("site.css"))
        modified_at = file.stat().st_mtime_ns
        assert (file.read_text(), finders.find("other.css")) == ("a {}", None)
        assert Path(finders.find("site.css")).stat().st_mtime_ns == modified_at
        (tmp_path / "all.css").write_text("b {}")
        assert Path(finders.find("site.css")).read_text() == "b {}"
    finally:
        finders.get_finder.cache_clear()


@pytest.fixture
def collected(settings, tmp_path):
    """The folder filled by `collectstatic` as in the demo and in production, with only our own files."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_FINDERS = settings.STATICFILES_FINDERS[:2]
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return settings.STATIC_ROOT


def test_a_page_loads_one_hashed_stylesheet_and_one_hashed_script(collected):
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    page = render_to_string("404.html")
    assert re.findall(r'<link rel="stylesheet" href="/static/([^"]+)"', page) == [names["site.css"]]
    assert re.findall(r'<script src="/static/([^"]+)"', page) == [names["site.js"]]
    for name in ("site.css", "site.js", "write.js"):
        assert re.fullmatch(r"\w+\.[0-9a-f]{12}\.(css|js)", names[name])
        assert (collected / f"{names[name]}.gz").is_file()
    style = (collected / names["site.css"]).read_text("utf-8")
    without_comments = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    assert "@import" not in without_comments
    addresses = re.findall(r'url\("?([^")]+)"?\)', without_comments)
    assert addresses and all((collected / address).is_file() for address in addresses)
    assert (
        without_comments.split("{")[0].split()
        == "@layer reset, tokens, base, components, pages, print; @layer tokens".split()
    )


def test_no_template_loads_a_part_of_a_bundle():
    """A second stylesheet or script would be a second request. The admin's pages load Wagtail's files anyway."""
    loaded = {
        (checkout.name(path), address)
        for path in checkout.text_files(".html")
        for address in re.findall(r"""\{% static ['"]([^'"]+\.(?:css|js))['"] %\}""", path.read_text("utf-8"))
    }
    assert loaded == {
        ("templates/500.html", "site.css"),
        ("templates/base.html", "site.css"),
        ("templates/base.html", "site.js"),
        ("templates/kb/write/draft.html", "write.js"),
        ("templates/kb/admin/reference_import.html", "components/running.js"),
    }


def test_every_part_belongs_to_a_bundle(settings):
    """A stylesheet or script that nothing imports never reaches a page; the admin has one stylesheet of its own."""
    used = {"css/office.css"}
    for name, source in settings.STATIC_BUNDLES.items():
        bundle = Bundle(checkout.ROOT / "static", name, source)
        bundle.text()
        used |= bundle.included
    parts = {
        path.relative_to(checkout.ROOT / "static").as_posix()
        for path in checkout.text_files(".css", ".js")
        if checkout.ROOT / "static" in path.parents
    }
    assert parts - used == set()


def test_every_class_of_a_stylesheet_is_used():
    """A class that no template, script or Python file names styles nothing.

    Where a template builds a name (`kb-type--{{ type }}`), the part that it fills in has to be a word of the code.
    """
    sources = [
        path.read_text("utf-8")
        for path in checkout.files()
        if path.suffix in (".html", ".js") or path in set(checkout.python(*checkout.ROOMS))
    ]
    words = {word for text in sources for word in re.findall(r"[\w-]+", text)}
    built = {name for text in sources for name in re.findall(r"(?:kb|office)-[\w-]+--(?=\{[{%]|\$\{)", text)}

    def is_used(name: str) -> bool:
        return name in words or any(name.startswith(start) and name[len(start) :] in words for start in built)

    unused = {
        f"{checkout.name(path)}: {name}"
        for path in checkout.text_files(".css")
        for name in re.findall(
            r"\.((?:kb|office)-[\w-]+)", re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
        )
        if not is_used(name)
    }
    assert unused == set()


def test_every_component_is_on_a_page():
    """A component that only the styleguide shows is unused, or a page has its own copy."""
    pages = "".join(
        path.read_text("utf-8")
        for path in [*checkout.text_files(".html"), *checkout.python(*checkout.ROOMS)]
        if path.name not in ("styleguide.html", "styleguide.py")
    )
    components = [path.name for path in checkout.text_files(".html") if path.parent.name == "components"]
    assert [name for name in components if f'"components/{name}"' not in pages] == []
