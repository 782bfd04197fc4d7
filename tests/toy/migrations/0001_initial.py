"""The tables of tests/toy."""


import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('kb', '0006_draft_kind'),
    ]

    operations = [
        migrations.CreateModel(
            name='Memo',
            fields=[
                ('item_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to='kb.item')),
                ('idea', models.TextField(blank=True, max_length=300, verbose_name='思いつき')),
            ],
            options={
                'verbose_name': 'メモ',
                'verbose_name_plural': 'メモ',
            },
            bases=('kb.item',),
        ),
    ]
