import django.db.models.deletion
import django.db.models.functions.text
import medsync.lib.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0003_message_solved'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='send_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='message',
            name='written_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.UUIDField(default=medsync.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tab', models.CharField(choices=[('reply', 'Reply'), ('note', 'Note')], max_length=5)),
                ('body', models.TextField(blank=True)),
                ('client_message_id', models.CharField(blank=True, max_length=80)),
                ('revision', models.BigIntegerField(default=0)),
                ('updated_at', models.DateTimeField()),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='messaging.conversation')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'draft',
                'verbose_name_plural': 'drafts',
                'constraints': [models.UniqueConstraint(fields=('conversation', 'user', 'tab'), name='draft_once')],
            },
        ),
        migrations.CreateModel(
            name='SavedText',
            fields=[
                ('id', models.UUIDField(default=medsync.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('shortcut', models.CharField(blank=True, max_length=24, verbose_name='shortcut')),
                ('category', models.CharField(choices=[('reminder', 'Reminder'), ('confirmation', 'Confirmation'), ('follow-up', 'Follow-up'), ('pre-visit', 'Before a visit'), ('reschedule', 'Another time'), ('custom', 'Other')], default='custom', max_length=12, verbose_name='used for')),
                ('texts', models.JSONField(default=dict, verbose_name='texts')),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'saved text',
                'verbose_name_plural': 'saved texts',
                'ordering': [django.db.models.functions.text.Lower('name'), 'id'],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('name'), condition=models.Q(('archived_at', None)), name='saved_text_name_once'), models.UniqueConstraint(django.db.models.functions.text.Lower('shortcut'), condition=models.Q(('archived_at', None), models.Q(('shortcut', ''), _negated=True)), name='saved_text_shortcut_once')],
            },
        ),
    ]
