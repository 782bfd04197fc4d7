"""Functions for the report pages of all imports: the buttons of a job, and its report as labels and counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from imports.upload_job import UploadJob
from imports.uploads import Uploads

MOVED_ON = "この取込みは、もう別の状態になっています。下の内容を確かめてください。"


def press(request: HttpRequest, job: UploadJob, uploads: Uploads[Any, Any], **buttons: Callable[..., bool]) -> None:
    """Runs the action of the pressed button.

    The POST value ``do`` names the button: import, again, drop or a name in `buttons`. If the button is unknown, or if
    the state of the job has changed meanwhile, the user gets a message.
    """
    actions = {"import": uploads.begin, "again": uploads.again, "drop": uploads.drop} | buttons
    action = actions.get(request.POST.get("do", ""))
    if action is None or not action(job=job, by=request.user):
        messages.warning(request, MOVED_ON)


def counts_of(job: UploadJob, labels: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
    """Returns (label, count) for each pair (label, name of a count) in `labels`."""
    return [(label, job.report.get(name, 0)) for label, name in labels]


def titles_of(job: UploadJob, new: str, changed: str) -> list[tuple[str, list[str]]]:
    """Returns the first new titles with the label `new`, and the first changed titles with the label `changed`."""
    return [(new, job.report.get("new_titles", [])), (changed, job.report.get("changed_titles", []))]
