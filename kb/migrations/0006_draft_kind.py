"""The choices for the kind of a draft are now the item types that have a form. They are determined at run time. The
column does not change.
"""

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
