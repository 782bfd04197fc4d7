"""Finds connection settings that cannot be sent in an HTTP header. The client's own error would not name the setting.

This module opens no connection and loads no client, so that a system check can use it when Django starts.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

HINT = "半角の英数字と記号だけのものにするか、SEARCH_API_KEY を使ってください。"


def unsendable_settings(*, url: str, api_key: str, user: str, password: str) -> str:
    """Returns the names of the settings that cannot be sent, as a part of a sentence. Returns an empty string if all
    can be sent."""
    parts = urlsplit(url)
    names = [name for name, value in (("SEARCH_USER", user), ("SEARCH_PASSWORD", password)) if not value.isascii()]
    if not unquote(f"{parts.username or ''}{parts.password or ''}").isascii():
        names.append("SEARCH_URL の利用者名とパスワード")
    if not (api_key.isascii() and api_key.isprintable()):
        names.append("SEARCH_API_KEY")
    return " と ".join(names)
