"""Deletes the workflow and the groups that Wagtail's own migrations create. In this product, permissions come from
duties (kb.office).
"""

from typing import Any

from django.db import migrations


def remove(apps: Any, schema_editor: Any) -> None:
    workflow = apps.get_model("wagtailcore", "Workflow")
    task = apps.get_model("wagtailcore", "Task")
    group = apps.get_model("auth", "Group")
    workflow.objects.all().delete()
    task.objects.all().delete()
    group.objects.filter(name__in=("Editors", "Moderators")).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("kb", "0002_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("wagtailcore", "0094_alter_page_locale"),
        ("wagtailimages", "0026_delete_uploadedimage"),
    ]

    operations = [migrations.RunPython(remove, migrations.RunPython.noop)]
