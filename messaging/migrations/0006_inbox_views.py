from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0005_consent_how'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='conversation',
            name='state_before_failure',
            field=models.CharField(blank=True, db_default='', default='', max_length=16),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=Q(('assignee', None), ('put_away_at', None), ('work_state', 'needs_reply')), fields=['waiting_since', 'id'], name='inbox_unassigned'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=Q(('assignee__isnull', False), ('put_away_at', None), Q(('work_state', 'done'), _negated=True)), fields=['assignee', '-last_message_at', '-id'], name='inbox_by_assignee'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=Q(('put_away_at', None), ('work_state__in', ['needs_reply', 'bot', 'snoozed'])), fields=['window_closes_at', 'id'], name='inbox_closing'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=Q(('failed_count__gt', 0), ('put_away_at', None)), fields=['-last_message_at', '-id'], name='inbox_failed'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=Q(('put_away_at', None), ('work_state', 'snoozed')), fields=['snoozed_until', 'id'], name='inbox_snoozed'),
        ),
        migrations.AddIndex(
            model_name='conversationevent',
            index=models.Index(condition=Q(('batch__isnull', False), ('undone_at', None)), fields=['user', '-created_at'], name='thread_events_to_undo'),
        ),
    ]
