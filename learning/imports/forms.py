"""The forms for a file of the training office: kind and source, and the field of each column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from imports.table import MAX_BYTES, TOO_LARGE
from kb.text_cleaning import LineField
from kb.writing.forms.fields import choice_messages
from learning.imports.fields import FIELDS
from learning.models import Kind, TrainingImport, TrainingSource
from learning.models.training_import import SOURCE_NAME

NOT_READ = ("", "読まない")


class SendForm(forms.Form):
    kind = forms.ChoiceField(
        label="種類", choices=Kind.choices, widget=forms.RadioSelect, error_messages=choice_messages("種類")
    )
    source = LineField(
        label="取込元コード",
        max_length=40,
        help_text="半角の英数字と - _。同じ所から来るファイルは、いつも同じコードにします（行が二重になりません）。例：jinji",
    )
    label = LineField(
        label="取込元の名前", max_length=100, required=False, help_text="例：人事課の研修台帳。空なら今のまま。"
    )
    file = forms.FileField(
        label="ファイル",
        allow_empty_file=True,  # refused in clean_file, with our own message
        help_text=f"Excel（.xlsx）か CSV、{MAX_BYTES // 1024**2}MBまで。1行目か、その下のどこかに見出しのある表。",
        error_messages={
            "required": "ファイルを選んでください。",
            "max_length": "ファイルの名前が長すぎます。短くしてください。",
        },
    )

    def clean_source(self) -> str:
        name: str = self.cleaned_data["source"]
        SOURCE_NAME(name)
        return name

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise ValidationError(TOO_LARGE, code="file_too_large")
        if not file.size:
            raise ValidationError(
                "ファイルが空です（0バイト）。保存が終わっているか確かめて、もう一度送ってください。", code="file_empty"
            )
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        source = TrainingSource.objects.filter(name=data.get("source", "")).first()
        if source is not None and data.get("kind") and data["kind"] != source.kind:
            message = f"この取込元コードは「{source.get_kind_display()}」に使っています。種類を合わせるか、別のコードにしてください。"
            self.add_error("source", ValidationError(message, code="source_of_other_kind"))
        return data

    def columns(self) -> dict[str, Any]:
        """The file and the column values of its TrainingImport."""
        names = {"file": "file", "source_name": "source", "label": "label", "kind": "kind"}
        return {column: self.cleaned_data[name] for column, name in names.items()}


class MappingForm(forms.Form):
    """One choice for each column, in the order of the file. Its fields are named by the letters of the columns."""

    def __init__(self, row: TrainingImport, data: Mapping[str, Any] | None = None) -> None:
        columns = row.report.get("columns", [])
        super().__init__(data, initial={letter: name for letter, _, name in columns}, auto_id="column-%s")
        self.headings = {letter: heading for letter, heading, _ in columns}
        options = [(field.name, f"{field.label}{'（必須）' if field.required else ''}") for field in FIELDS[row.kind]]
        for letter, heading in self.headings.items():
            self.fields[letter] = forms.ChoiceField(
                label=f"{letter}列「{heading}」",
                choices=[NOT_READ, *options],
                required=False,
                error_messages=choice_messages(heading),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first: dict[str, str] = {}
        for letter, name in list(data.items()):
            if name and name in first:
                self.add_error(
                    letter,
                    ValidationError(
                        f"{first[name]}列と同じ項目です。どちらかを「読まない」にしてください。", code="field_twice"
                    ),
                )
            first.setdefault(name, letter)
        return data

    def mapping(self) -> dict[str, str]:
        return {heading: self.cleaned_data[letter] for letter, heading in self.headings.items()}
