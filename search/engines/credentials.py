"""Which settings hold what the header of a request cannot carry: the client would fail on them in words that name none.

Holds no connection and loads no client, so that a check at the start may ask it too.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

HINT = "半角の英数字と記号だけのものにするか、SEARCH_API_KEY を使ってください。"


def unsendable(*, url: str, api_key: str, user: str, password: str) -> str:
    """The names of those settings, as a part of a sentence; empty where all can be sent."""
    parts = urlsplit(url)
    found = [name for name, value in (("SEARCH_USER", user), ("SEARCH_PASSWORD", password)) if not value.isascii()]
    if not unquote(f"{parts.username or ''}{parts.password or ''}").isascii():
        found.append("SEARCH_URL の利用者名とパスワード")
    if not (api_key.isascii() and api_key.isprintable()):
        found.append("SEARCH_API_KEY")
    return " と ".join(found)
