"""``manage.py import_uploaded ID``: the process that checks or imports a file uploaded in the admin. Not for people."""

from __future__ import annotations

from imports.commands import WorkerCommand
from kb.references.uploads import uploads


class Command(WorkerCommand):
    help = "管理画面から送られた外部の事例のファイルを、確かめるか取り込みます。画面が始めるもので、人は使いません。"
    uploads = uploads
