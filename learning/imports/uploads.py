"""Training files that the office uploads. They are checked and imported in a process outside the request.

``imports.uploads`` starts the process (``manage.py import_training_sent``), which calls ``learning.imports.run``.
"""

from __future__ import annotations

from imports.batches import Observer
from imports.report import Report
from imports.uploads import ProgressReporter, Uploads, path_of
from learning.imports.run import ImportOptions, may_import, run
from learning.models import TrainingImport
from organization.models import User


class TrainingUploads(Uploads[TrainingImport, User]):
    def begin(self, *, job: TrainingImport, by: User, **values: object) -> bool:
        """Import with the columns of the check, also if the mapping of the source has changed since."""
        mapping = {heading: name for _, heading, name in job.report.get("columns", [])}
        return super().begin(job=job, by=by, mapping=mapping or job.mapping, **values)


def _run(job: TrainingImport, by: User) -> Report:
    return run(
        ImportOptions(
            path=path_of(job),
            source=job.source_name,
            kind=job.kind,
            label=job.label,
            mapping=job.mapping,
            called=job.called,
            by=by,
            commit=job.state == job.State.IMPORTING,
            observer=Observer(progress=ProgressReporter(job)),
        )
    )


uploads = TrainingUploads(
    TrainingImport, name="training_import", command="import_training_sent", may_import=may_import, run=_run
)
