"""The one way to talk to an Elasticsearch server: how long to wait, when to give up, and what its errors mean.

Every fault becomes EngineUnavailable with one Japanese line that says what is wrong and what to do, or
IndexMissing, of which the engine knows the meaning. No error of the client gets out, and none of these
lines holds what anybody asked or wrote.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from search import events
from search.engines.base import EngineUnavailable
from search.engines.breaker import Breaker
from search.engines.credentials import HINT, unsendable

Answer = TypeVar("Answer")

#: The client speaks to the rest of its own major and to all of the next one.
OLDEST, TOO_NEW = (8, 19), (10, 0)


class IndexMissing(Exception):  # noqa: N818 -- what it means depends on what was asked
    """An index or an alias that was named is not there."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, and as whom we come."""

    url: str
    api_key: str = ""
    user: str = ""
    password: str = ""
    ca: str = ""

    @property
    def name(self) -> str:
        """The address as it may be logged: without user and password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for one answer: a reader's, a writer's, and for what makes or removes a whole index."""

    reading: float = 0.8  # a reader is answered within a second, from the database if need be
    writing: float = 2.0
    managing: float = 30.0


class Client:
    """A connection for each process (one that was inherited by a fork belongs to the parent), behind a breaker."""

    def __init__(self, server: Server, breaker: Breaker | None = None) -> None:
        self.server = server
        self._breaker = breaker or Breaker()
        self._lock = threading.Lock()
        self._connections: tuple[int, Elasticsearch, dict[tuple[float, bool], Elasticsearch]] | None = None
        self._version_known = False

    def ask(self, call: Callable[[Elasticsearch], Answer], *, seconds: float, again: bool = False) -> Answer:
        """What `call` gives. A broken connection is tried once more; `again` says that a slow answer is, too."""
        if not self._breaker.admits():
            raise EngineUnavailable(
                advice=f"検索サーバー（{self.server.name}）が続けて答えないため、少し待っています。",
                again_in=self._breaker.again_in(),
            )
        try:
            connection = self._connect(seconds, again)
            self._require_known_version(connection)
            answer = call(connection)
        except (TransportError, ApiError) as error:
            # An answer, if only "no", shows that the server is there.
            if not isinstance(error, ApiError) or error.status_code >= 500:
                self._breaker.failed()
            else:
                self._answered()
            raise translated(error, self.server) from error
        self._answered()
        return answer

    def _answered(self) -> None:
        if away := self._breaker.succeeded():
            events.log(events.Event.ENGINE_BACK, server=self.server.name, away=f"{away:.1f}s")

    def _connect(self, seconds: float, again: bool) -> Elasticsearch:
        """The connection of this process, with this patience: making one of forty parts took longer than its use."""
        with self._lock:
            if self._connections is None or self._connections[0] != os.getpid():
                self._require_sendable()
                try:
                    self._connections = (os.getpid(), Elasticsearch(**_options(self.server)), {})
                except (ValueError, OSError) as error:  # an address or a file that cannot be read
                    advice = f"検索サーバー（{self.server.name}）の設定を読めません。SEARCH_URL と SEARCH_CA を確かめてください。"
                    raise EngineUnavailable(type(error).__name__, advice=advice) from error
            _, connection, patient = self._connections
            if (seconds, again) not in patient:
                patient[seconds, again] = connection.options(request_timeout=seconds, retry_on_timeout=again)
            return patient[seconds, again]

    def _require_sendable(self) -> None:
        told = self.server
        if names := unsendable(url=told.url, api_key=told.api_key, user=told.user, password=told.password):
            raise EngineUnavailable(advice=f"{names} に、検索サーバー（{told.name}）に送れない文字があります。{HINT}")

    def _require_known_version(self, connection: Elasticsearch) -> None:
        """Once a process. Whoever may not ask for the version is served, and meets an error if it is a wrong one."""
        if self._version_known:
            return
        try:
            version = self._version(connection)
        except ApiError as error:
            if error.status_code != 403 or _kind(error) == "cluster_block_exception":
                raise
        else:
            if problem := version_problem(version):
                raise EngineUnavailable(advice=f"検索サーバー（{self.server.name}）{problem}")
        self._version_known = True

    @staticmethod
    def _version(connection: Elasticsearch) -> str:
        told: Any = connection.nodes.info(node_id="_local", metric="http", filter_path="nodes.*.version")
        return next((str(node.get("version")) for node in told.get("nodes", {}).values()), "")


def _options(server: Server) -> dict[str, Any]:
    parts = urlsplit(server.url)
    options: dict[str, Any] = {"hosts": [f"{server.name}{parts.path.rstrip('/')}"], "max_retries": 1}
    if server.api_key:
        options["api_key"] = server.api_key
    elif user := server.user or unquote(parts.username or ""):
        options["basic_auth"] = (user, server.password or unquote(parts.password or ""))
    if server.ca:
        options["ca_certs"] = server.ca
    return options


def version_problem(version: str) -> str:
    """Why a server of this version is refused; empty where it is not."""
    try:
        number = tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        return "の版が分かりません。SEARCH_URL の先が Elasticsearch 8.19 以上か 9.x であることを確かめてください。"
    if OLDEST <= number < TOO_NEW:
        return ""
    return f"は Elasticsearch {version} です。8.19 以上か 9.x の Elasticsearch を SEARCH_URL に指定してください。"


# --- what an error means ----------------------------------------------------------------


def translated(error: ApiError | TransportError, server: Server) -> Exception:
    """The port's own exception for an error of the client."""
    if isinstance(error, ApiError) and not isinstance(error, UnsupportedProductError):
        kind = _kind(error)
        if error.status_code == 404 and kind in ("index_not_found_exception", "aliases_not_found_exception"):
            return IndexMissing(kind)
        return EngineUnavailable(
            f"{error.status_code} {kind}",
            advice=f"検索サーバー（{server.name}）{answer_advice(error.status_code, kind, str(error))}",
        )
    return EngineUnavailable(type(error).__name__, advice=f"検索サーバー（{server.name}）{_connection_advice(error)}")


def _kind(error: ApiError) -> str:
    body = error.body
    found = body.get("error") if isinstance(body, dict) else None
    return str(found.get("type", "")) if isinstance(found, dict) else ""


def answer_advice(status: int, kind: str, said: str) -> str:
    """What is wrong and what to do, by the server's answer; the rest of a sentence about the server."""
    if kind == "cluster_block_exception" and "flood-stage" in said:
        return (
            "のディスクがいっぱいで、索引に書き込めません。空きを作ってください（空けば書き込みは自動で再開します）。"
        )
    if kind == "cluster_block_exception":
        return (
            "の索引が書き込み禁止になっています。"
            'PUT /<索引>/_settings {"index.blocks.write": null, "index.blocks.read_only": null} で解いてください。'
        )
    if status == 401:
        return "がログインを断りました。SEARCH_API_KEY か、SEARCH_USER と SEARCH_PASSWORD を確かめてください。"
    if status == 403:
        return "の権限が足りません。使う利用者か API キーに、索引の読み書きと管理の権限を付けてください。"
    if status in (406, 415) or kind == "media_type_header_exception":
        return "は版が違います。8.19 以上か 9.x の Elasticsearch を SEARCH_URL に指定してください。"
    if status in (429, 502, 503, 504):
        return f"が混み合っているか、動き始めたところです（{status} {kind}）。続くときはサーバーの状態とディスクの空きを確かめてください。"
    if not kind and status < 500:
        return f"は Elasticsearch ではないようです（{status}）。SEARCH_URL を確かめてください。"
    return f"がエラーを返しました（{status} {kind}）。サーバーの記録を確かめてください。"


def _connection_advice(error: ApiError | TransportError) -> str:
    said = str(error)
    if isinstance(error, TlsError) or "CERTIFICATE" in said or "SSL" in said:
        return _certificate_advice(said)
    if isinstance(error, ConnectionTimeout):
        return "が時間内に答えません。サーバーの負荷とディスクの空き、途中のネットワークを確かめてください。"
    if isinstance(error, UnsupportedProductError):
        return "は Elasticsearch ではないか、版が違います。SEARCH_URL を確かめてください（8.19 以上か 9.x）。"
    return "につながりません。サーバーが動いているか、SEARCH_URL が正しいかを確かめてください。"


def _certificate_advice(said: str) -> str:
    if "expired" in said:
        return "の証明書は期限が切れています。サーバーの証明書を更新してください。"
    if "ostname" in said or "IP address mismatch" in said:
        return "の証明書は、この名前のものではありません。SEARCH_URL を証明書にある名前にしてください。"
    if "WRONG_VERSION_NUMBER" in said or "wrong version" in said.lower():
        return "は TLS を話しません。SEARCH_URL を http:// で始めるか、サーバーで TLS を有効にしてください。"
    return "の証明書を信用できません。発行元の証明書のファイルを SEARCH_CA に指定してください。"
