"""The kinds of a draft are the types that have a form, asked at run time. The column stays as it is."""

from django.db import migrations, models

import kb.models.draft


class Migration(migrations.Migration):
    dependencies = [("kb", "0005_reference_import")]

    operations = [
        migrations.AlterField(
            model_name="draft",
            name="kind",
            field=models.CharField(choices=kb.models.draft.written_types, max_length=20),
        ),
    ]
