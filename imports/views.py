"""What the report pages of every import share: the buttons of a job, and its report in the words of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from imports.upload_job import UploadJob
from imports.uploads import Uploads

MOVED_ON = "この取込みは、もう別の状態になっています。下の内容を確かめてください。"


def press(request: HttpRequest, job: UploadJob, uploads: Uploads[Any, Any], **buttons: Callable[..., bool]) -> None:
    """Do what the pressed button says (``do`` = import, again or drop; `buttons` replace or add some).

    Where the button is unknown or the job has moved on meanwhile, a message says so.
    """
    verbs = {"import": uploads.begin, "again": uploads.again, "drop": uploads.drop} | buttons
    verb = verbs.get(request.POST.get("do", ""))
    if verb is None or not verb(job=job, by=request.user):
        messages.warning(request, MOVED_ON)


def counts_of(job: UploadJob, labels: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
    """(label, count) for each (label, name of a count) in `labels`."""
    return [(label, job.report.get(name, 0)) for label, name in labels]


def titles_of(job: UploadJob, new: str, changed: str) -> list[tuple[str, list[str]]]:
    """The first new and changed titles under these labels."""
    return [(new, job.report.get("new_titles", [])), (changed, job.report.get("changed_titles", []))]
