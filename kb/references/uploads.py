"""Files of references that the knowledge office uploads in the admin.

The files are checked and imported outside the request, in the process of ``manage.py import_uploaded``.
``imports.uploads`` runs the job. ``kb.references.loading`` does the import.
"""

from __future__ import annotations

from pathlib import Path

from imports.batches import Observer
from imports.json_lines import JsonLines
from imports.report import Report
from imports.uploads import ProgressReporter, Uploads, path_of
from kb.models import ReferenceImport
from kb.references.loading import ImportJob, import_references
from kb.references.sources import SourceFacts, may_manage
from organization.models import User

MAX_UNPACKED_BYTES = 1024 * 1024 * 1024


class ReferenceUploads(Uploads[ReferenceImport, User]):
    def measure(self, path: Path) -> int:
        """Returns the size in bytes. Raises UnreadableFileError if the file does not begin as a file of JSON lines."""
        return JsonLines(path).size


def _run(job: ReferenceImport, by: User) -> Report:
    return import_references(
        ImportJob(
            path=path_of(job),
            facts=facts_of(job),
            by=by,
            commit=job.state == job.State.IMPORTING,
            max_bytes=MAX_UNPACKED_BYTES,
            observer=Observer(progress=ProgressReporter(job)),
        )
    )


def facts_of(job: ReferenceImport) -> SourceFacts:
    """Returns the values of the source that were entered together with the file."""
    return SourceFacts(job.source_name, job.label, job.licence, job.audience)


uploads = ReferenceUploads(
    ReferenceImport, name="reference_import", command="import_uploaded", may_import=may_manage, run=_run
)
