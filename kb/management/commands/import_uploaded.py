"""``manage.py import_uploaded ID``: checks or imports a file that was uploaded in the admin. The program starts this
command; people do not use it.
"""

from __future__ import annotations

from imports.commands import WorkerCommand
from kb.references.uploads import uploads


class Command(WorkerCommand):
    help = "管理画面から送られた外部の事例のファイルを、確かめるか取り込みます。画面が始めるもので、人は使いません。"
    uploads = uploads
