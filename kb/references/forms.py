"""The admin's form for a file of references: the file, and the values that apply to the whole source."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from imports.uploads import MAX_UPLOAD_BYTES
from kb.models.reference import IMPORT_AUDIENCES, ReferenceSource
from kb.references.sources import SourceFacts
from kb.text_cleaning import LineField

UNCHANGED = ("", "今のまま（新しい出典は庁内全体）")


class ImportForm(forms.Form):
    file = forms.FileField(
        label="ファイル",
        allow_empty_file=True,  # An empty file is refused later by JsonLines, with a Japanese sentence.
        help_text=f"JSON Lines（.jsonl か .jsonl.gz）、{MAX_UPLOAD_BYTES // 1024**2}MBまで。1行に1件、"
        "id・title・text を持つ形です。",
        error_messages={"required": "ファイルを選んでください。"},
    )
    name = LineField(
        label="出典コード",
        max_length=50,
        help_text="半角の英数字と - _。同じ出典のファイルは、いつも同じコードで取り込みます（件が二重になりません）。",
    )
    label = LineField(
        label="出典",
        max_length=100,
        required=False,
        help_text="読む人に見せる名前。例：信山県市町村広報。空なら今のまま。",
    )
    licence = LineField(
        label="利用条件", max_length=100, required=False, help_text="例：CC BY 4.0。空なら今のまま。読む人に示します。"
    )
    audience = forms.ChoiceField(
        label="公開範囲",
        choices=[UNCHANGED, *IMPORT_AUDIENCES],
        required=False,
        help_text="出典の全体に効きます。前に取り込んだ事例の公開範囲も変わります。",
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_UPLOAD_BYTES:
            raise ValidationError(
                f"ファイルが大きすぎます（{MAX_UPLOAD_BYTES // 1024**2}MBまで）。"
                "分けるか、gzipで圧縮するか、サーバーで import_records を実行してください。",
                code="file_too_large",
            )
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                self.facts().check()
            except ValidationError as error:
                by_field = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
                for name, errors in by_field.items():
                    self.add_error(name if name in self.fields else None, ValidationError(errors))
            if not self.errors and ReferenceSource.objects.filter(name=data["name"], withdrawn=True).exists():
                message = "この出典は取り下げています。先に、出典の一覧で取り下げを戻してください。"
                self.add_error("name", ValidationError(message, code="source_withdrawn"))
        return data

    def facts(self) -> SourceFacts:
        """Returns the values of the source that were entered in the form."""
        return SourceFacts(*(self.cleaned_data[name] for name in ("name", "label", "licence", "audience")))

    def columns(self) -> dict[str, Any]:
        """Returns the file and the column values for a new ReferenceImport."""
        names = {"file": "file", "source_name": "name", "label": "label", "licence": "licence", "audience": "audience"}
        return {column: self.cleaned_data[name] for column, name in names.items()}
