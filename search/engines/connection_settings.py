"""Finds connection settings that cannot be sent in an HTTP header. The client's own error would not name the setting.

Opens no connection and loads no client, so that a system check at boot can use it.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

HINT = "半角の英数字と記号だけのものにするか、SEARCH_API_KEY を使ってください。"


def unsendable_settings(*, url: str, api_key: str, user: str, password: str) -> str:
    """The names of these settings, as part of a sentence; empty if all can be sent."""
    parts = urlsplit(url)
    names = [name for name, value in (("SEARCH_USER", user), ("SEARCH_PASSWORD", password)) if not value.isascii()]
    if not unquote(f"{parts.username or ''}{parts.password or ''}").isascii():
        names.append("SEARCH_URL の利用者名とパスワード")
    if not (api_key.isascii() and api_key.isprintable()):
        names.append("SEARCH_API_KEY")
    return " と ".join(names)
