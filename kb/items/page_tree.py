"""Creates missing pages of the page tree: root → home → one index per item type → one container per fiscal year."""

from __future__ import annotations

from django.contrib.contenttypes.models import ContentType
from wagtail.models import Locale, Page, Site

from kb.models import HomePage, TypeIndexPage, YearPage
from kb.models.items.item_queries import item_types
from organization.accounts import service_account

#: The first entry of the admin's breadcrumbs.
ROOT_TITLE = "全体"


def ensure_tree() -> HomePage:
    """Creates locale, root, site, home and type indexes if they are missing. Can be repeated safely.

    This function runs after every migrate. With ``--nomigrations`` there is no first page, site or locale of Wagtail.
    In a new database Wagtail's welcome page is where our home page must be.
    """
    Locale.objects.get_or_create(language_code="ja")
    root = Page.objects.filter(depth=1).first()
    if root is None:
        root = Page.add_root(
            title=ROOT_TITLE, slug="root", content_type=ContentType.objects.get_for_model(Page), owner=service_account()
        )
    # Wagtail's migration creates this title.
    Page.objects.filter(depth=1, title="Root").update(title=ROOT_TITLE, draft_title=ROOT_TITLE)
    home = HomePage.objects.first()
    if home is None:
        welcome = Page.objects.filter(depth=2, content_type=ContentType.objects.get_for_model(Page)).first()
        home = root.add_child(instance=HomePage(title="ホーム", slug="manabi", owner=service_account()))
        Site.objects.update_or_create(
            is_default_site=True, defaults={"hostname": "localhost", "root_page": home, "site_name": "学び"}
        )
        if welcome is not None:
            welcome.delete()
    known = set(TypeIndexPage.objects.values_list("prefix", flat=True))
    for model in item_types():
        if model.PREFIX not in known:
            slug, title = model.INDEX
            home = HomePage.objects.get()
            home.add_child(instance=TypeIndexPage(title=title, slug=slug, prefix=model.PREFIX, owner=service_account()))
    return HomePage.objects.get()


def year_container(prefix: str, fiscal_year: int) -> YearPage:
    """Returns the container for the items with `prefix` that are registered in `fiscal_year`. Creates the container if
    it does not exist yet.
    """
    index = TypeIndexPage.objects.filter(prefix=prefix).first()
    if index is None:
        ensure_tree()
        index = TypeIndexPage.objects.get(prefix=prefix)
    year = YearPage.objects.child_of(index).filter(fiscal_year=fiscal_year).first()
    if year is None:
        page = YearPage(
            title=f"{fiscal_year}年度", slug=str(fiscal_year), fiscal_year=fiscal_year, owner=service_account()
        )
        year = index.add_child(instance=page)
    return year
