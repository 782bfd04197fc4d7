"""The health checks for monitoring: the process and the database answer, and no content is disclosed."""

import pytest
from django.db import OperationalError
from django.test import override_settings


def test_the_process_says_that_it_lives_without_a_database(client):
    answer = client.get("/healthz/")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_it_is_ready_while_the_database_answers(client):
    assert client.get("/readyz/").status_code == 200


def test_it_is_not_ready_without_the_database(client, monkeypatch):
    def gone(*_):
        raise OperationalError("gone")

    monkeypatch.setattr("config.health.connection.cursor", gone)
    answer = client.get("/readyz/")
    assert (answer.status_code, answer.content) == (503, b"database")


@override_settings(SECURE_SSL_REDIRECT=True, SECURE_REDIRECT_EXEMPT=[r"^(healthz|readyz)/$"])
def test_it_answers_beside_the_process_where_nothing_ends_tls(client):
    assert client.get("/healthz/").status_code == 200
