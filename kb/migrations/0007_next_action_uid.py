"""Next actions are no longer part of the revision. They become plain rows with a uid of their own. The table keeps its
name and its rows.
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models


def give_uids(apps, schema_editor):
    actions = apps.get_model("kb", "NextAction").objects
    rows = list(actions.filter(uid=None).only("pk"))
    for row in rows:
        row.uid = uuid.uuid4()
    actions.bulk_update(rows, ["uid"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("kb", "0006_draft_kind")]

    operations = [
        migrations.AddField("nextaction", "uid", models.UUIDField(null=True, editable=False)),
        migrations.RunPython(give_uids, migrations.RunPython.noop),
        migrations.AlterField(
            "nextaction", "uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
        ),
        migrations.AlterField(
            "nextaction",
            "retrospective",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="next_actions", to="kb.retrospective"
            ),
        ),
    ]
