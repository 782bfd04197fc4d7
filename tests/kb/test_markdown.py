"""What a typed text becomes: safe, complete, readable, in bounded time."""

import json
import re
import time
from html.parser import HTMLParser

import pytest
from django.conf import settings

from kb.markdown import blocks, footnotes, inline, lines, rendering, tree
from kb.markdown.plain_text import plain_text
from kb.markdown.rendering import render, render_many, render_rows, text_as_html
from kb.markdown.sanitizer import ATTRIBUTES, CLEANER, TAGS, VALUES

ACTIVE_TAGS = {"script", "style", "iframe", "object", "embed", "form", "input", "button", "svg", "math", "img", "video"}
ACTIVE_TAGS |= {"audio", "source", "link", "meta", "base", "template", "textarea", "select", "noscript", "frame"}


class Elements(HTMLParser):
    """Every start tag with its attributes, as a browser would read them."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def assert_passive(html):
    for tag, attributes in Elements(html).elements:
        assert tag not in ACTIVE_TAGS, f"<{tag}> in {html[:200]!r}"
        for name, value in attributes.items():
            assert not name.startswith("on"), f"{name} in {html[:200]!r}"
            assert name not in ("style", "srcdoc", "src", "background", "action"), f"{name} in {html[:200]!r}"
            if name == "href" and (scheme := re.match(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*):", value or "")):
                assert scheme[1].lower() in ("http", "https", "mailto", "tel"), f"{value!r} in {html[:200]!r}"
            if name == "id":
                assert value.startswith("fn"), f"{value!r} takes an id of the page"


@pytest.fixture
def typed_texts(monkeypatch):
    """The texts that could not be rendered and were shown as they were typed."""
    texts = []
    monkeypatch.setattr(rendering, "text_as_html", lambda text: texts.append(text) or text_as_html(text))
    return texts


class TestLinesAsStaffTypeThem:
    def test_a_line_break_is_a_line_break_and_a_blank_line_a_paragraph(self):
        assert render("一行目\n二行目\n\n次の段落") == "<p>一行目<br>\n二行目</p>\n<p>次の段落</p>"

    def test_windows_and_word_line_ends_are_the_same(self):
        assert render("一\r\n二\x0b三\r四") == render("一\n二\n三\n四")

    def test_a_list_needs_no_blank_line_before_it(self):
        assert render("次の二点。\n- 一\n- 二") == "<p>次の二点。</p>\n<ul>\n<li>一</li>\n<li>二</li>\n</ul>"

    @pytest.mark.parametrize("indent", ["  ", "   ", "    "])
    def test_lists_nest_by_any_indent(self, indent):
        nested = "<ul>\n<li>親<ul>\n<li>子</li>\n</ul>\n</li>\n<li>親</li>\n</ul>"
        assert render(f"- 親\n{indent}- 子\n- 親") == nested

    def test_a_number_inside_a_sentence_begins_no_list(self):
        assert "<ol" not in render("始まりは\n12. 月の会議でした")
        assert "<ol" in render("手順\n1. 受付\n2. 確認")

    def test_a_line_under_a_line_is_a_dividing_line_not_a_heading(self):
        assert render("件名\n-----\n本文") == "<p>件名</p>\n<hr>\n<p>本文</p>"

    def test_an_indented_line_is_not_program_code(self):
        assert "<pre" not in render("前略\n\n    字下げした行")

    def test_headings_are_lowered_under_those_of_the_page(self):
        assert render("# 大\n\n## 中\n\n##### 小") == "<h3>大</h3>\n<h4>中</h4>\n<h6>小</h6>"

    def test_a_hash_without_a_space_is_a_word(self):
        assert render("#1 の窓口と #学び") == "<p>#1 の窓口と #学び</p>"

    def test_emphasis_next_to_japanese_brackets(self):
        assert render("**「至急」**です") == "<p><strong>「至急」</strong>です</p>"

    def test_what_looks_like_html_is_text_and_does_not_vanish(self):
        html = render("<担当者>に聞く。5 < 7 & <b>太字</b>")
        assert html == "<p>&lt;担当者&gt;に聞く。5 &lt; 7 &amp; &lt;b&gt;太字&lt;/b&gt;</p>"

    def test_fenced_code_is_kept_line_by_line(self):
        assert "<code>- a\n&lt;b&gt;\n</code>" in render("```sh\n- a\n<b>\n```")

    def test_words_between_tildes_are_struck_out(self):
        assert render("~~旧~~新") == "<p><del>旧</del>新</p>"

    def test_a_typed_br_is_a_line_break(self):
        assert render("一<br>二<br/>三") == render("一\n二\n三")

    def test_html_of_texts_from_elsewhere_is_cleaned_not_shown(self):
        html = render_rows({"a": "<b>太字</b>と<em onclick='x'>強調</em>"})["a"]
        assert html == "<p>太字と<em>強調</em></p>"

    def test_every_rule_of_ours_is_in_the_reference(self):
        """docs/reference/markdown.md names each class that holds a syntax rule, with its reason and its test."""
        page = (settings.BASE_DIR / "docs/reference/markdown.md").read_text()
        rules = {
            name
            for module in (lines, blocks, inline, tree, footnotes)
            for name, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__
        }
        assert len(rules) == 9
        assert [name for name in sorted(rules) if f"`{name}`" not in page] == []


class TestOurOwnParts:
    def test_an_item_is_linked_by_its_number(self):
        assert '<a href="/k/L-R07-00123/" rel="noopener">L-R07-00123</a>' in render("[[L-R07-00123]]を見る")

    @pytest.mark.parametrize("text", ["[[L-R7-123]]", "[[L-X07-00123]]", "[[../admin]]", "`[[L-R07-00123]]`"])
    def test_anything_else_in_double_brackets_stays_text(self, text):
        assert "<a" not in render(text)

    def test_tasks_are_drawn_and_named_and_are_no_form_controls(self):
        html = render("- [ ] 連絡\n- [x] **報告**")
        assert html.count('class="kb-task"') == 2
        assert 'aria-label="未了"' in html
        assert 'aria-label="済み"' in html
        assert "<strong>報告</strong>" in html
        assert "<input" not in html

    def test_a_table_scrolls_in_a_named_region_and_needs_no_inline_style(self):
        html = render("経過\n| 時刻 | できごと |\n|---|--:|\n| 9:00 | 受付<br>開始 |")
        assert '<div aria-label="表：時刻、できごと" class="kb-table-scroll" role="region" tabindex="0"><table>' in html
        assert '<th align="right" scope="col">できごと</th>' in html
        assert "style=" not in html

    def test_a_pasted_address_becomes_a_link_up_to_the_japanese(self):
        html = render("様式は https://example.jp/a?b=1&c=2を見る（http://example.jp/d(e)）。")
        links = [attributes["href"] for tag, attributes in Elements(html).elements if tag == "a"]
        assert links == ["https://example.jp/a?b=1&c=2", "http://example.jp/d(e)"]

    def test_a_picture_from_elsewhere_is_a_link_with_its_words(self):
        html = render("![配置図](https://example.jp/x.png)")
        assert html == '<p><a href="https://example.jp/x.png" rel="noopener">配置図</a></p>'

    def test_footnotes_of_two_fields_share_no_id(self):
        text = "本文[^注]と[^注]。\n\n[^注]: 説明"
        both = render_many({"observation": text, "context": text})
        ids = [a["id"] for html in both.values() for _, a in Elements(html).elements if "id" in a]
        assert len(ids) == len(set(ids)) == 6
        for html in both.values():
            elements = Elements(html).elements
            own = {a["id"] for _, a in elements if "id" in a}
            assert {a["href"][1:] for tag, a in elements if tag == "a"} <= own

    def test_a_prefix_cannot_break_out_of_its_attribute(self):
        assert 'id="fn----onclick--1"' in render("a[^1]\n\n[^1]: b", prefix='"> onclick=')


class TestNothingActive:
    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java\tscript:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "<javascript:alert(1)>",
            "[x]: javascript:alert(1)\n\n[x]",
            "![x](x onerror=alert(1))",
            '[x](/a "\\" onmouseover=alert(1) ")',
            "<img src=x onerror=alert(1)>",
            "<svg/onload=alert(1)>",
            "```<script>\nalert(1)\n```",
            "| <img src=x onerror=alert(1)> |\n|---|\n| x |",
            "a[^<script>]\n\n[^<script>]: <script>alert(1)</script>",
            "\x02wzxhzdk:0\x03",
            "<!-- --><style>@import 'x'</style>",
        ],
    )
    def test_attacks_stay_words(self, text):
        assert_passive(render(text))
        assert_passive(render(text + "\n\n" + "長い本文。" * 300))

    @pytest.mark.parametrize("spec", ["commonmark_spec.json", "gfm_spec.json"])
    def test_every_example_of_the_specifications_renders(self, shared_data, typed_texts, spec):
        examples = json.loads((shared_data / "torture" / spec).read_text("utf-8"))
        assert len(examples) > 600
        for example in examples:
            assert_passive(render(example["markdown"]))
        assert typed_texts == []  # each was rendered, none fell back

    def test_every_example_of_the_specifications_renders_in_the_child_too(self, shared_data, typed_texts):
        examples = json.loads((shared_data / "torture" / "gfm_spec.json").read_text("utf-8"))
        text = "\n\n".join(example["markdown"] for example in examples)
        assert_passive(render(text))

    def test_the_naughty_strings_render(self, shared_data, typed_texts):
        strings = json.loads((shared_data / "torture" / "blns.json").read_text("utf-8"))
        assert len(strings) == 515
        for string in strings:
            assert_passive(render(string))
        assert_passive(render("\n\n".join(strings)))
        assert typed_texts == []

    def test_the_second_barrier_holds_without_the_first(self):
        """What the converter must never make is refused by the sanitiser as well."""
        html = CLEANER.clean(
            '<h1 onclick="x">a</h1><img src="https://e.jp/x.png"><a href="javascript:x" id="main" class="kb-menu">b</a>'
            '<div role="banner" tabindex="5" style="position:fixed">c</div><li id="main">d</li><form><input></form>'
        )
        assert_passive(html)
        assert html == 'a<a class="" rel="noopener">b</a><div>c</div><li>d</li>'

    def test_the_lists_of_what_may_stay_hold_nothing_active(self):
        assert not TAGS & ACTIVE_TAGS
        names = {name for lists in (ATTRIBUTES, VALUES) for names in lists.values() for name in names}
        assert names == {"href", "title", "start", "id", "aria-label", "role", "tabindex", "scope", "align"}


class TestTimeAndFaults:
    @pytest.mark.parametrize("text", ["[" * 4000, "1. " * 2000, "|a" * 500 + "\n" + "|-" * 500 + "\n" + "|b\n" * 500])
    def test_a_text_that_cannot_be_rendered_is_shown_as_typed_within_the_limit(self, text):
        began = time.monotonic()
        assert render(text) == text_as_html(text)
        assert time.monotonic() - began < rendering.TIME_LIMIT_SECONDS + 1

    def test_one_bad_field_does_not_spoil_the_others(self):
        good = "**本文**です。\n" * 200
        both = render_many({"bad": "[" * 6000, "good": good, "short": "*短い*", "empty": ""})
        assert list(both) == ["bad", "good", "short", "empty"]
        assert both["good"].count("<strong>") == 200
        assert both["short"] == "<p><em>短い</em></p>"
        assert both["empty"] == ""
        assert "<p>[[[" in both["bad"]

    def test_a_child_that_dies_or_cannot_start_costs_only_the_looks(self, monkeypatch):
        text = "<b>本文</b>\n" * 200
        monkeypatch.setattr(rendering, "CHILD", ["false"])
        assert render(text) == text_as_html(text)
        monkeypatch.setattr(rendering, "CHILD", ["/nonexistent/python"])
        assert render(text) == text_as_html(text)

    def test_the_child_starts_without_django(self):
        """What keeps a call near a tenth of a second: the whole product is not imported for it."""
        import subprocess
        import sys

        code = "import kb.markdown.conversion, sys; print('django' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=settings.BASE_DIR)
        assert done.stdout == "False\n"

    def test_text_that_utf8_refuses_is_shown_with_a_replacement(self):
        assert render("a\ud800b\x00c") == "<p>a\ufffdbc</p>"
        assert "a\ufffdb" in render("a\ud800b" + "長" * 1000)

    def test_as_typed_keeps_the_lines(self):
        assert text_as_html("一\n二 <三>\n\n\n四") == "<p>一<br>二 &lt;三&gt;</p>\n<p>四</p>"


class TestPlainText:
    def test_one_block_a_line_without_marks(self):
        html = render("# 題\n本文[^1]。\n- [x] 一\n- 二\n\n| 時刻 | 事 |\n|--|--|\n| 9時 | 開始 |\n\n[^1]: 注")
        assert plain_text(html).split("\n") == ["題", "本文。", "☑ 一", "二", "時刻 事", "9時 開始", "注"]

    def test_entities_are_characters(self):
        assert plain_text("<p>a &lt; b &amp; c&nbsp;d</p>") == "a < b & c d"
