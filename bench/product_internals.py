"""The parts of the bench that need the product's code. They run in the bench's copy, never on a real database.

fill N         adds references from SHARED_DATA until there are N searchable items, and rebuilds the index
references N   does the same without a rebuild
queries        counts the SQL queries of each page, when it is viewed again
The last line printed is JSON.
"""

import gzip
import json
import os
import sys
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.demo"

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from kb.markdown.rendering import render_many  # noqa: E402
from kb.models import Item, Reference, ReferenceSource  # noqa: E402
from organization.models import OrgUnit, User  # noqa: E402

BATCH = 500


def fill(size: int) -> dict[str, float]:
    items = references(size)["items"]
    began = time.monotonic()
    call_command("search_rebuild", verbosity=0)
    return {"items": items, "rebuild_seconds": time.monotonic() - began}


def references(size: int) -> dict[str, float]:
    existing = Item.objects.published().count() + Reference.objects.count()
    units = list(OrgUnit.objects.filter(kind="section").order_by("pk"))
    number = Reference.objects.count()
    source, _ = ReferenceSource.objects.get_or_create(name="bench", defaults={"label": "計測用"})
    with gzip.open(settings.SHARED_DATA / "load" / "passages.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = islice((json.loads(line) for line in lines), number, number + max(0, size - existing))
        while batch := list(islice(texts, BATCH)):
            html = render_many({str(n): passage["text"][:20_000] for n, passage in enumerate(batch)})
            Reference.objects.bulk_create(
                Reference(
                    public_id=f"X-R08-{100_000 + number + n}",
                    source=source,
                    external_id=passage["id"],
                    title=(passage["title"] or passage["text"])[:200],
                    text=passage["text"][:20_000],
                    html=html[str(n)],
                    fiscal_year=2019 + n % 7,
                    owner_unit=units[n % len(units)] if units else None,
                )
                for n, passage in enumerate(batch)
            )
            number += len(batch)
    return {"items": Item.objects.published().count() + number}


def queries() -> dict[str, int]:
    client = Client()
    client.force_login(User.objects.get(login="shippitsu"))
    item = Item.objects.published().filter(audience="prefecture").first()
    assert item is not None
    paths = {"home": "/", "item": item.get_absolute_url(), "search": "/search/?q=会議"}
    counts = {}
    for name, path in paths.items():
        assert client.get(path).status_code == 200, path  # the first view fills the caches
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        counts[name] = len(captured)
    return counts


if __name__ == "__main__":
    commands: dict[str, Callable[..., dict[str, Any]]] = {"fill": fill, "references": references, "queries": queries}
    print(json.dumps(commands[sys.argv[1]](*map(int, sys.argv[2:]))))
