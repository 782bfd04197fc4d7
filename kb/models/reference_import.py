"""ReferenceImport: one file of references that the knowledge office uploaded, from its check to the end of its import.

This model stores the values from the office's form. Its base class (imports.upload_job) stores the path of the file and
the current report. kb.references.uploads does the work. The texts are not stored here: they are in the file, and after
the import in kb.Reference.
"""

from __future__ import annotations

from django.db import models

from imports.upload_job import UploadJob
from kb.models.reference import IMPORT_AUDIENCES


class ReferenceImport(UploadJob):
    source_name = models.CharField("出典コード", max_length=50)
    label = models.CharField("出典", max_length=100, blank=True)
    licence = models.CharField("利用条件", max_length=100, blank=True)
    audience = models.CharField("公開範囲", max_length=12, choices=IMPORT_AUDIENCES, blank=True)

    class Meta:
        verbose_name = "外部の事例の取込み"
        verbose_name_plural = "外部の事例の取込み"
        ordering = ["-sent_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.source_name} {self.called}"
