"""The admin: access, closed addresses, forms, lists, reports, and what no view may show or change."""

import csv
import io
import logging
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from openpyxl import load_workbook

from kb.admin.groups import TRAINING_GROUP
from kb.items.page_tree import year_container
from kb.models import Article, Lesson, Theme
from kb.models.items.states import State
from organization.models import AuditEvent, User
from tests.factories.kb import make_challenge, make_lesson, make_retrospective
from tests.factories.organization import make_staff, make_unit, make_user
from tests.kb.admin_pages import administrator, officer

pytestmark = pytest.mark.django_db
TODAY = date(2025, 10, 1)
CLOSED = [
    "wagtailadmin_reports:locked_pages",
    "wagtailadmin_reports:workflow",
    "wagtailadmin_reports:workflow_tasks",
    "wagtailadmin_reports:site_history",
    "wagtailadmin_reports:aging_pages",
    "wagtailadmin_reports:page_types_usage",
    "wagtailadmin_workflows:index",
    "wagtailadmin_collections:index",
    "wagtailusers_groups:index",
    "wagtailsites:index",
    "wagtaildocs:index",
]


@pytest.fixture(autouse=True)
def today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def author():
    return make_staff(make_unit("bosai", name="防災課"), login="kaku", title="主任")


def make_article(**values):
    values = {"title": "出水期の前に読む", "owner_unit": make_unit(), "live": True, "state": "published", **values}
    article = Article(**values)
    year_container("A", 2025).add_child(instance=article)
    return article


def edit_url(page):
    return reverse("wagtailadmin_pages:edit", args=[page.pk])


# --- Access ------------------------------------------------------------------------------------


def test_staff_outside_the_offices_get_403_in_japanese(client, author):
    client.force_login(author.user)
    response = client.get("/admin/")
    assert response.status_code == 403
    assert "この操作はできません" in response.content.decode()


def test_a_refusal_is_logged_in_one_line(client, author, monkeypatch):
    (handler,) = (h for h in logging.getLogger().handlers if h.name == "console")
    output = io.StringIO()
    monkeypatch.setattr(handler, "stream", output)
    client.force_login(author.user)
    client.get("/admin/")
    assert output.getvalue().count("\n") == 1 and "/admin/" in output.getvalue()


@pytest.mark.parametrize("url", ["/admin/", "/admin/login/", "/admin/lesson_pages/"])
def test_the_admin_uses_the_login_page_of_the_site(client, url):
    response = client.get(url)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


@pytest.mark.parametrize("who", [officer, administrator])
@pytest.mark.parametrize("name", CLOSED)
def test_closed_reports_and_settings_are_not_found(client, who, name):
    who(client)
    assert client.get(reverse(name)).status_code == 404


@pytest.mark.parametrize("who", [officer, administrator])
@pytest.mark.parametrize("word", ["Help", "/admin/documents/", "site-history", "aging-pages", "wagtail.org"])
def test_the_menu_links_to_nothing_that_is_closed(client, who, word):
    who(client)
    assert word not in client.get("/admin/").content.decode()


def test_the_admin_shows_the_mark_and_name_of_the_product(client):
    officer(client)
    page = client.get("/admin/").content.decode()
    assert "components/mark" in page
    assert "学びの管理" in page


def test_the_training_office_enters_the_admin_but_opens_no_item(client, author):
    lesson = make_lesson(author)
    person = officer(client, "training")
    assert person.user.groups.get().name == TRAINING_GROUP
    assert client.get(reverse("trainingrecord:index")).status_code == 200
    assert lesson.title not in client.get(reverse("wagtailadmin_choose_page")).json()["html"]
    assert client.get(edit_url(lesson), follow=True).redirect_chain
    assert client.get(reverse("lesson_pages:index")).status_code == 302


def test_a_user_without_the_duty_leaves_the_group_at_the_next_login(client):
    person = officer(client)
    person.appointments.get().post.duties.all().delete()
    user = User.objects.get(pk=person.user_id)
    from kb.admin.groups import sync_groups

    sync_groups(None, user)
    assert Group.objects.filter(user=user).count() == 0


# --- The policy --------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [officer, administrator])
def test_a_private_item_is_in_no_list_of_the_admin(client, author, who):
    hidden, seen = make_lesson(author, title="わたしの覚え", audience="self"), make_lesson(author)
    who(client)
    shelf = reverse("wagtailadmin_explore", args=[hidden.get_parent().pk])
    pages = [
        client.get(reverse("lesson_pages:index")).content.decode(),
        client.get(shelf).content.decode(),
        client.get(reverse("wagtailadmin_choose_page_child", args=[hidden.get_parent().pk])).json()["html"],
    ]
    assert [seen.title in page for page in pages] == [True, True, True]
    assert [hidden.title in page for page in pages] == [False, False, False]


@pytest.mark.parametrize("view", ["edit", "history", "view_draft", "copy", "delete", "unpublish"])
@pytest.mark.parametrize("who", [officer, administrator])
def test_a_private_item_opens_in_no_view_of_the_admin(client, author, who, view):
    hidden = make_lesson(author, title="わたしの覚え", audience="self")
    who(client)
    response = client.get(reverse(f"wagtailadmin_pages:{view}", args=[hidden.pk]))
    assert response.status_code in (302, 403, 404)
    assert hidden.title not in response.content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", [officer, administrator])
def test_no_page_is_named_on_the_way_to_another_place(client, author, who, method):
    lesson = make_lesson(author, title="じぶんだけの題", audience="self")
    who(client)
    for address in ("move/", f"move/{lesson.get_parent().pk}/confirm/", "copy/", "convert_alias/", "set_position/"):
        response = getattr(client, method)(f"/admin/pages/{lesson.pk}/{address}")
        assert response.status_code == 404


@pytest.mark.parametrize("kind", ["external", "email", "phone", "anchor"])
def test_links_of_rich_text_are_not_chosen(client, kind):
    officer(client)
    assert client.post(f"/admin/choose-{kind}-link/").status_code == 404


@pytest.mark.parametrize("view", ["delete", "unpublish", "move", "copy", "lock"])
@pytest.mark.parametrize("who", [officer, administrator])
def test_actions_of_the_site_are_closed_in_the_admin(client, author, who, view):
    lesson = make_lesson(author)
    who(client)
    client.post(reverse(f"wagtailadmin_pages:{view}", args=[lesson.pk]))
    lesson.refresh_from_db()
    assert (lesson.live, lesson.state, lesson.locked) == (True, State.PUBLISHED, False)


def test_a_submitted_item_is_not_published_from_the_admin(client, author):
    waiting = make_lesson(author, audience="prefecture")
    officer(client)
    client.post(edit_url(waiting), {"title": "受理した", "action-publish": "1"})
    waiting.refresh_from_db()
    assert (waiting.live, waiting.state) == (False, State.SUBMITTED)


@pytest.mark.parametrize("name", ["lesson", "retrospective", "challenge"])
def test_only_articles_are_created_in_the_admin(client, name):
    officer(client)
    shelf = year_container({"lesson": "L", "retrospective": "R", "challenge": "C"}[name], 2025)
    response = client.get(reverse("wagtailadmin_pages:add", args=["kb", name, shelf.pk]))
    assert response.status_code in (302, 403)


# --- Forms -------------------------------------------------------------------------------------

INLINE = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0", "MIN_NUM_FORMS": "0", "MAX_NUM_FORMS": "1000"}


def typed(**values):
    """A whole article as the form sends it."""
    body = {"body-count": "0"}
    return {
        "title": "新しい読みもの",
        "summary": "",
        "occurred_on": "2025-09-01",
        "keywords": "土のう、雨、土のう",
        "retention": "5",
        "review_due": "2026-10-01",
        "audience": "prefecture",
        "confidentiality": "2",
        "attribution": "unit_only",
        **body,
        **values,
    }


def add_url():
    return reverse("wagtailadmin_pages:add", args=["kb", "article", year_container("A", 2025).pk])


def test_an_article_is_created_with_its_row_fields_and_keywords(client):
    unit = make_unit()
    officer(client)
    client.post(add_url(), typed(owner_unit=unit.pk))
    article = Article.objects.get()
    assert (article.audience, article.owner_unit, article.keywords) == ("prefecture", unit, ["土のう", "雨"])


def test_an_article_cannot_be_private(client):
    officer(client)
    client.post(add_url(), typed(owner_unit=make_unit().pk, audience="self"))
    assert Article.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": ""}, "必須です"),
        ({"title": "あ" * 100_000}, "255"),
        ({"summary": "あ" * 100_000}, "200"),
        ({"occurred_on": "2099-01-01"}, "先の日付です"),
        ({"occurred_on": "きのう"}, "日付を正しく"),
        ({"keywords": "、".join(f"語{n}" for n in range(11))}, "10個まで"),
        ({"audience": "public"}, "機密性2のものは公開にできません"),
        ({"owner_unit": ""}, "所管所属を選んでください"),
    ],
)
def test_a_refused_article_says_what_to_do_and_keeps_what_was_typed(client, changes, message):
    officer(client)
    response = client.post(
        add_url(), {**typed(owner_unit=make_unit().pk, summary="消えない要旨"), **changes, "action-publish": "1"}
    )
    page = response.content.decode()
    assert response.status_code == 200
    assert message in page
    assert "summary" in changes or "消えない要旨" in page
    assert Article.objects.count() == 0


def test_row_fields_are_shown_but_not_changed_by_the_form(client):
    article = make_article(audience="unit")
    officer(client)
    assert 'name="audience"' not in client.get(edit_url(article)).content.decode()
    client.post(edit_url(article), typed(audience="public", owner_unit=make_unit().pk, **{"action-publish": "1"}))
    article.refresh_from_db()
    assert (article.title, article.audience) == ("新しい読みもの", "unit")


@pytest.mark.parametrize("make", [make_lesson, make_retrospective, make_challenge])
def test_no_form_shows_json(client, author, make):
    officer(client)
    page = client.get(edit_url(make(author))).content.decode()
    assert "[]</textarea>" not in page.replace("\n", "")
    assert "{}</textarea>" not in page.replace("\n", "")
    assert 'name="facts"' not in page


def test_the_prompt_of_an_answer_is_selected(client, author):
    officer(client)
    page = client.get(edit_url(make_retrospective(author))).content.decode()
    assert '<option value="keep" selected>' in page


def test_the_maturity_of_a_lesson_is_shown_and_not_edited(client, author):
    officer(client)
    page = client.get(edit_url(make_lesson(author))).content.decode()
    assert "未検証" in page
    assert 'name="maturity"' not in page


def test_a_save_over_a_newer_version_is_refused_and_keeps_what_was_typed(client):
    article = make_article()
    first = article.save_revision()
    article.title = "別の人が直した題"
    article.save_revision().publish(skip_permission_checks=True, user=None)
    officer(client)
    old = typed(title="わたしの題", loaded_revision_id=first.pk, **{"action-publish": "1"})
    page = client.post(edit_url(article), old).content.decode()
    article.refresh_from_db()
    assert "別の人がこのページを保存しました" in page
    assert "わたしの題" in page
    assert article.title == "別の人が直した題"


def test_saving_a_page_in_the_admin_is_audited(client):
    article = make_article()
    person = officer(client)
    client.post(edit_url(article), typed(**{"action-publish": "1"}))
    assert set(AuditEvent.objects.values_list("action", "actor")) == {
        ("admin.published", person.user_id),
        ("admin.edited", person.user_id),
    }


# --- Authors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [officer, administrator])
def test_no_view_of_a_page_names_its_author(client, author, who):
    lesson = make_lesson(author)
    lesson.title = "直した題"
    lesson.save_revision().publish(skip_permission_checks=True, user=None)
    who(client)
    older, newer = lesson.revisions.order_by("pk").values_list("pk", flat=True)[:2]
    urls = [
        edit_url(lesson),
        reverse("wagtailadmin_pages:history", args=[lesson.pk]),
        reverse("wagtailadmin_pages:revisions_compare", args=[lesson.pk, older, newer]),
        reverse("wagtailadmin_pages:revisions_revert", args=[lesson.pk, older]),
        reverse("wagtailadmin_pages:usage", args=[lesson.pk]),
        reverse("lesson_pages:index"),
        reverse("wagtailadmin_explore", args=[lesson.get_parent().pk]),
        reverse("stale_report"),
    ]
    pages = {url: client.get(url) for url in urls}
    assert {response.status_code for response in pages.values()} == {200}
    naming = [
        url
        for url, response in pages.items()
        if author.name in response.content.decode() or "kaku" in response.content.decode()
    ]
    assert naming == []


# --- The list of pages -------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["土のう", "積んで 前日", "L-R07"])
def test_a_list_is_searched_in_title_summary_and_public_id(client, author, word):
    lesson, other = make_lesson(author), make_lesson(author, title="窓口の並び方")
    other.public_id = "L-R06-99999"
    other.save()
    officer(client)
    page = client.get(reverse("lesson_pages:index_results"), {"q": word}).content.decode()
    assert lesson.title in page
    assert other.title not in page


@pytest.mark.parametrize("query", ["state=published", "audience=unit", "fiscal_year=2025", "kind=improve"])
def test_a_list_is_filtered(client, author, query):
    lesson = make_lesson(author)
    other = make_lesson(author, kind="caution", occurred_on=date(2024, 3, 31), audience="prefecture")
    Lesson.objects.filter(pk=other.pk).update(title="ほかの教訓")
    officer(client)
    page = client.get(f"{reverse('lesson_pages:index_results')}?{query}").content.decode()
    assert lesson.title in page
    assert "ほかの教訓" not in page


def test_a_list_costs_the_same_for_many_pages(client, author, django_assert_max_num_queries):
    for _ in range(12):
        make_lesson(author)
    officer(client)
    url = reverse("lesson_pages:index")
    client.get(url)
    with django_assert_max_num_queries(30):
        client.get(url)


# --- 見直し期限切れ -----------------------------------------------------------------------------


def overdue(author, days=30, **values):
    return make_lesson(author, review_due=TODAY - timedelta(days=days), **values)


def test_the_stale_report_shows_item_unit_and_days_overdue(client, author):
    lesson = overdue(author)
    officer(client)
    page = client.get(reverse("stale_report")).content.decode()
    assert [word for word in (lesson.public_id, "防災課", "2025年9月1日", "30日", "教訓") if word not in page] == []


def test_the_longest_overdue_comes_first(client, author):
    overdue(author, 10, title="近い期限"), overdue(author, 400, title="遠い期限")
    officer(client)
    page = client.get(reverse("stale_report_results")).content.decode()
    assert page.index("遠い期限") < page.index("近い期限")


def test_the_stale_report_is_filtered_by_its_unit(client, author):
    overdue(author, title="防災課の教訓")
    other = make_staff(make_unit("dobok", name="道路課"))
    overdue(other, title="道路課の教訓")
    officer(client)
    unit = author.appointments.get().post.unit_id
    page = client.get(reverse("stale_report_results"), {"owner_unit": unit}).content.decode()
    assert "防災課の教訓" in page
    assert "道路課の教訓" not in page


def test_the_csv_of_the_stale_report_is_safe_in_excel(client, author):
    overdue(author, title="=1+1から始まる題")
    overdue(author, title="わたしの覚え", audience="self")
    officer(client)
    body = b"".join(client.get(reverse("stale_report"), {"export": "csv"}).streaming_content)
    assert body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert rows[0][:6] == ["管理番号", "件名", "種類", "所管所属", "見直し期限", "過ぎた日数"]
    assert [(row[1], row[3], row[5]) for row in rows[1:]] == [("'=1+1から始まる題", "防災課", "30")]


def test_the_stale_report_is_exported_as_xlsx(client, author):
    lesson = overdue(author, title="@から始まる題")
    officer(client)
    response = client.get(reverse("stale_report"), {"export": "xlsx"})
    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][:2] == (lesson.public_id, "'@から始まる題")


@pytest.mark.parametrize("query", ["", "?export=csv", "?export=xlsx"])
def test_the_stale_report_opens_to_the_knowledge_office_only(client, author, query):
    lesson = overdue(author)
    officer(client, "training")
    response = client.get(reverse("stale_report") + query)
    assert response.status_code in (302, 403)
    assert lesson.title not in response.content.decode()


# --- The first page ----------------------------------------------------------------------------


def test_the_home_page_lists_reviews_that_wait_longer_than_five_working_days(client, author):
    late, fresh = (
        make_lesson(author, title=title, audience="prefecture") for title in ("待たせた教訓", "出たばかりの教訓")
    )
    Lesson.objects.filter(pk=late.pk).update(submitted_at="2025-09-01T00:00:00+09:00")
    officer(client)
    page = client.get("/admin/").content.decode()
    assert reverse("review_item", args=[late.public_id]) in page
    assert fresh.title not in page


def test_the_home_page_links_to_stale_items(client, author):
    lesson = overdue(author)
    officer(client)
    page = client.get("/admin/").content.decode()
    assert edit_url(lesson) in page
    assert "30日超過" in page


def test_the_home_page_of_the_training_office_shows_no_items(client, author):
    lesson = overdue(author)
    officer(client, "training")
    page = client.get("/admin/").content.decode()
    assert lesson.title not in page
    assert "報告がまだ" in page


# --- Accounts and pictures ---------------------------------------------------------------------


def test_an_account_needs_no_mail_address_and_is_audited(client):
    administrator(client)
    form = {
        "login": "100200",
        "last_name": "信山",
        "first_name": "花",
        "password1": "Nagai-kotoba-9",
        "password2": "Nagai-kotoba-9",
    }
    client.post(reverse("wagtailusers_users:add"), form)
    assert User.objects.get(login="100200").get_full_name() == "信山 花"
    assert AuditEvent.objects.get().action == "user.added"


def test_an_account_is_not_deleted(client):
    administrator(client)
    user = make_user("100200")
    assert client.post(reverse("wagtailusers_users:delete", args=[user.pk])).status_code == 404
    assert User.objects.filter(pk=user.pk).exists()


def test_the_service_account_is_not_listed_nor_edited(client, service_account):
    administrator(client)
    assert "service" not in client.get(reverse("wagtailusers_users:index_results")).content.decode()
    assert client.get(reverse("wagtailusers_users:edit", args=[service_account.pk])).status_code == 404


def test_accounts_open_to_administrators_only(client):
    officer(client)
    assert client.get(reverse("wagtailusers_users:index")).status_code in (302, 403)


@pytest.mark.parametrize(("who", "answer"), [("office", 200), ("staff", 404), ("nobody", 404)])
def test_an_image_file_opens_to_the_office_only(client, author, who, answer):
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    name = default_storage.save("images/tani.png", ContentFile(b"\x89PNG"))
    if who == "office":
        officer(client)
    elif who == "staff":
        client.force_login(author.user)
    assert client.get(f"/media/{name}").status_code == answer


# --- Previews, lists and vocabularies ----------------------------------------------------------


@pytest.mark.parametrize("make", [make_lesson, make_retrospective, make_challenge])
def test_a_page_is_previewed_as_readers_will_see_it(client, author, make):
    page = make(author)
    officer(client)
    response = client.get(reverse("wagtailadmin_pages:view_draft", args=[page.pk]))
    assert response.status_code == 200
    assert page.public_id in response.content.decode()


def test_a_preview_stores_nothing(client):
    article = make_article()
    officer(client)
    url = reverse("wagtailadmin_pages:preview_on_edit", args=[article.pk])
    assert client.post(url, typed(title="下見の題")).json()["is_valid"]
    response = client.get(url)
    assert "下見の題" in response.content.decode()
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    article.refresh_from_db()
    assert article.title == "出水期の前に読む"


def test_the_preview_of_an_unsaved_article_says_to_save_it_first(client):
    officer(client)
    url = reverse("wagtailadmin_pages:preview_on_add", args=["kb", "article", year_container("A", 2025).pk])
    client.post(url, typed(owner_unit=make_unit().pk))
    assert "下書きを保存" in client.get(url).content.decode()


def test_the_page_search_finds_a_word_inside_a_japanese_title(client, author):
    lesson = make_lesson(author)
    hidden = make_lesson(author, title="前日のわたしの覚え", audience="self")
    officer(client)
    page = client.get(reverse("wagtailadmin_pages:search"), {"q": "前日"}).content.decode()
    assert lesson.title in page
    assert hidden.title not in page


def test_a_submitted_item_is_opened_from_its_list(client, author):
    waiting = make_lesson(author, audience="prefecture")
    officer(client)
    page = client.get(reverse("lesson_pages:index")).content.decode()
    assert "読む画面で開く" in page
    assert waiting.get_absolute_url() in page


def test_a_theme_in_use_is_not_deleted_and_keeps_its_code(client, author):
    theme = Theme.objects.create(code="bosai", label="防災")
    lesson = make_lesson(author)
    lesson.themes.add(theme)
    lesson.save()
    officer(client)
    page = client.post(reverse("theme:delete", args=[theme.pk]), follow=True).content.decode()
    assert "1件の記録に付いている" in page
    client.post(
        reverse("theme:edit", args=[theme.pk]), {"label": "防災・減災", "code": "other", "scope_note": "", "order": 1}
    )
    theme.refresh_from_db()
    assert (theme.label, theme.code) == ("防災・減災", "bosai")
