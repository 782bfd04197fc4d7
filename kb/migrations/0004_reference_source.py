"""The source of a reference becomes a row of its own. Label, licence, audience and withdrawal are then stored once per
source and not once per text.

The foreign key gets its constraint only after it is filled, because PostgreSQL cannot alter a table in a transaction in
which a constraint of this table has not been checked yet.
"""

from typing import Any

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

AUDIENCES = [("prefecture", "庁内全体"), ("municipal", "市町村まで"), ("public", "公開")]


def rows_of_sources(apps: Any, schema_editor: Any) -> None:
    reference = apps.get_model("kb", "Reference")
    source = apps.get_model("kb", "ReferenceSource")
    for name in reference.objects.order_by().values_list("source_name", flat=True).distinct():
        first = reference.objects.filter(source_name=name).order_by("pk").first()
        row = source.objects.create(name=name, label=first.source_label or name, licence=first.licence)
        of_source = reference.objects.filter(source_name=name)
        of_source.filter(licence=first.licence).update(licence="")
        of_source.update(source=row)


def columns_of_texts(apps: Any, schema_editor: Any) -> None:
    reference = apps.get_model("kb", "Reference")
    for row in apps.get_model("kb", "ReferenceSource").objects.all():
        of_source = reference.objects.filter(source=row)
        of_source.update(source_name=row.name, source_label=row.label)
        of_source.filter(licence="").update(licence=row.licence)


class Migration(migrations.Migration):
    dependencies = [("kb", "0003_remove_wagtail_defaults")]

    operations = [
        migrations.CreateModel(
            name="ReferenceSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(help_text="半角の英数字と - _。あとで変えません。", unique=True, verbose_name="出典コード")),
                ("label", models.CharField(help_text="読む人に見せる名前。例：信山県市町村広報", max_length=100, verbose_name="出典")),
                ("licence", models.CharField(blank=True, help_text="例：CC BY 4.0", max_length=100, verbose_name="利用条件")),
                ("audience", models.CharField(choices=AUDIENCES, default="prefecture", max_length=12, verbose_name="公開範囲")),
                ("withdrawn", models.BooleanField(default=False, editable=False, verbose_name="取り下げ")),
            ],
            options={"verbose_name": "外部の事例の出典", "verbose_name_plural": "外部の事例の出典", "ordering": ["label", "pk"]},
        ),
        migrations.RemoveConstraint("reference", "reference_import_key"),
        migrations.RenameField("reference", "source", "source_name"),
        migrations.AddField(
            "reference",
            "source",
            models.ForeignKey(
                "kb.ReferenceSource",
                null=True,
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="references",
                verbose_name="出典",
            ),
        ),
        # If the migration is reversed, the column gets its old values back.
        migrations.AlterField("reference", "source_name", models.SlugField(default="", verbose_name="出典コード")),
        migrations.AlterField(
            "reference", "source_label", models.CharField(default="", max_length=100, verbose_name="出典")
        ),
        migrations.RunPython(rows_of_sources, columns_of_texts),
        migrations.AlterField(
            "reference",
            "source",
            models.ForeignKey(
                "kb.ReferenceSource",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="references",
                verbose_name="出典",
            ),
        ),
        migrations.RemoveField("reference", "source_name"),
        migrations.RemoveField("reference", "source_label"),
        migrations.AddField(
            "reference",
            "unit_as_given",
            models.CharField(blank=True, default="", max_length=200, verbose_name="原文の組織"),
            preserve_default=False,
        ),
        migrations.AlterField(
            "reference",
            "licence",
            models.CharField(
                blank=True, help_text="空なら出典の利用条件と同じ", max_length=100, verbose_name="この事例の利用条件"
            ),
        ),
        migrations.AlterField(
            "reference", "external_id", models.CharField(max_length=200, verbose_name="出典での番号")
        ),
        migrations.AlterField(
            "reference",
            "url",
            models.URLField(
                blank=True,
                max_length=500,
                validators=[django.core.validators.URLValidator(["http", "https"])],
                verbose_name="原文のアドレス",
            ),
        ),
        migrations.AddConstraint(
            "reference", models.UniqueConstraint(fields=("source", "external_id"), name="reference_import_key")
        ),
    ]
