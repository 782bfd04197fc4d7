"""All requests to an Elasticsearch server: timeouts, retries, the circuit breaker, and the meaning of errors.

Every failure becomes EngineUnavailable or IndexMissing. EngineUnavailable has one Japanese line that describes what is
wrong and what to do. The engine decides what IndexMissing means. No exception of the client leaves this module, and no
message contains a query or content.
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
from search.engines.connection_settings import HINT, unsendable_settings

Answer = TypeVar("Answer")

#: The client works with later minor versions of its own major version, and with all versions of the next major version.
OLDEST, TOO_NEW = (8, 19), (10, 0)


class IndexMissing(Exception):  # noqa: N818 -- its meaning depends on the request
    """An index or alias in the request does not exist."""


@dataclass(frozen=True, slots=True)
class Server:
    """The address and the credentials of the server."""

    url: str
    api_key: str = ""
    user: str = ""
    password: str = ""
    ca: str = ""

    @property
    def name(self) -> str:
        """The address without user and password, for logs and messages."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@dataclass(frozen=True, slots=True)
class Patience:
    """The timeouts in seconds: for reads, for writes, and for creating or deleting a whole index."""

    reading: float = 0.8  # a reader gets an answer within a second, from the database if necessary
    writing: float = 2.0
    managing: float = 30.0


class Client:
    """One connection per process, behind a circuit breaker. After a fork, the inherited connection belongs to the
    parent process."""

    def __init__(self, server: Server, breaker: Breaker | None = None) -> None:
        self.server = server
        self._breaker = breaker or Breaker()
        self._lock = threading.Lock()
        self._connections: tuple[int, Elasticsearch, dict[tuple[float, bool], Elasticsearch]] | None = None
        self._version_known = False

    def request(self, call: Callable[[Elasticsearch], Answer], *, timeout: float, retry: bool = False) -> Answer:
        """Returns the result of `call`. If the connection breaks, the call is repeated once. With `retry`, it is
        also repeated after a timeout."""
        if not self._breaker.admits():
            raise EngineUnavailable(
                advice=f"検索サーバー（{self.server.name}）が続けて答えないため、少し待っています。",
                again_in=self._breaker.again_in(),
            )
        try:
            connection = self._connect(timeout, retry)
            self._require_known_version(connection)
            answer = call(connection)
        except (TransportError, ApiError) as error:
            # A 4xx answer shows that the server is running.
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

    def _connect(self, timeout: float, retry: bool) -> Elasticsearch:
        """Returns the connection of this process with these options.

        The connection is cached, because making a connection took longer than using it.
        """
        with self._lock:
            if self._connections is None or self._connections[0] != os.getpid():
                self._require_sendable()
                try:
                    self._connections = (os.getpid(), Elasticsearch(**_options(self.server)), {})
                except (ValueError, OSError) as error:  # an invalid address or an unreadable file
                    advice = f"検索サーバー（{self.server.name}）の設定を読めません。SEARCH_URL と SEARCH_CA を確かめてください。"
                    raise EngineUnavailable(type(error).__name__, advice=advice) from error
            _, connection, by_options = self._connections
            if (timeout, retry) not in by_options:
                by_options[timeout, retry] = connection.options(request_timeout=timeout, retry_on_timeout=retry)
            return by_options[timeout, retry]

    def _require_sendable(self) -> None:
        server = self.server
        names = unsendable_settings(url=server.url, api_key=server.api_key, user=server.user, password=server.password)
        if names:
            raise EngineUnavailable(advice=f"{names} に、検索サーバー（{server.name}）に送れない文字があります。{HINT}")

    def _require_known_version(self, connection: Elasticsearch) -> None:
        """Checks the server's version, once per process.

        If we have no permission to read the version, it is not checked. A wrong version then causes errors later.
        """
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
        answer = connection.nodes.info(node_id="_local", metric="http", filter_path="nodes.*.version")
        return next((str(node.get("version")) for node in answer.get("nodes", {}).values()), "")


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
    """Returns the reason why a server of this version is not supported. Returns an empty string if it is supported."""
    try:
        number = tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        return "の版が分かりません。SEARCH_URL の先が Elasticsearch 8.19 以上か 9.x であることを確かめてください。"
    if OLDEST <= number < TOO_NEW:
        return ""
    return f"は Elasticsearch {version} です。8.19 以上か 9.x の Elasticsearch を SEARCH_URL に指定してください。"


# --- errors -----------------------------------------------------------------------------


def translated(error: ApiError | TransportError, server: Server) -> Exception:
    """Returns the exception of this product for an exception of the client."""
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
    error_body = body.get("error") if isinstance(body, dict) else None
    return str(error_body.get("type", "")) if isinstance(error_body, dict) else ""


def answer_advice(status: int, kind: str, message: str) -> str:
    """Returns what is wrong and what to do, according to the server's answer. The text is the rest of a sentence
    that begins with the server."""
    if kind == "cluster_block_exception" and "flood-stage" in message:
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
    message = str(error)
    if isinstance(error, TlsError) or "CERTIFICATE" in message or "SSL" in message:
        return _certificate_advice(message)
    if isinstance(error, ConnectionTimeout):
        return "が時間内に答えません。サーバーの負荷とディスクの空き、途中のネットワークを確かめてください。"
    if isinstance(error, UnsupportedProductError):
        return "は Elasticsearch ではないか、版が違います。SEARCH_URL を確かめてください（8.19 以上か 9.x）。"
    return "につながりません。サーバーが動いているか、SEARCH_URL が正しいかを確かめてください。"


def _certificate_advice(message: str) -> str:
    if "expired" in message:
        return "の証明書は期限が切れています。サーバーの証明書を更新してください。"
    if "ostname" in message or "IP address mismatch" in message:
        return "の証明書は、この名前のものではありません。SEARCH_URL を証明書にある名前にしてください。"
    if "WRONG_VERSION_NUMBER" in message or "wrong version" in message.lower():
        return "は TLS を話しません。SEARCH_URL を http:// で始めるか、サーバーで TLS を有効にしてください。"
    return "の証明書を信用できません。発行元の証明書のファイルを SEARCH_CA に指定してください。"
