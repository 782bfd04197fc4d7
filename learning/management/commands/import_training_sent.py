"""``manage.py import_training_sent ID``: the process that checks or imports a file uploaded on screen. Not for people."""

from __future__ import annotations

from imports.commands import WorkerCommand
from learning.imports.uploads import uploads


class Command(WorkerCommand):
    help = "画面から送られた研修のファイルを、確かめるか取り込みます。画面が始めるもので、人は使いません。"
    uploads = uploads
