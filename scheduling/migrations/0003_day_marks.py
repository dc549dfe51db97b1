import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0002_offered_times'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='schedulingsettings',
            name='first_day_put_away_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='task',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='task',
            name='text',
            field=models.CharField(blank=True, max_length=500, verbose_name='what'),
        ),
        migrations.AlterField(
            model_name='appointmentevent',
            name='kind',
            field=models.CharField(choices=[('requested', 'asked for'), ('booked', 'booked'), ('accepted', 'accepted'), ('rejected', 'declined'), ('expired', 'ran out'), ('moved', 'moved'), ('cancelled', 'cancelled'), ('offered', 'other times offered'), ('offer_ended', 'other times not taken'), ('arrived', 'arrived'), ('fulfilled', 'came'), ('no_show', 'did not come'), ('taken_back', 'mark taken back')], max_length=12),
        ),
        migrations.AlterField(
            model_name='task',
            name='kind',
            field=models.CharField(choices=[('call_back', 'call back'), ('tell_patient', 'tell the patient'), ('check_delivery', 'check whether a message arrived'), ('may_have_meant_cancel', 'may have meant: cancel the visit'), ('shift_note', 'note to the next shift'), ('other', 'task')], max_length=24, verbose_name='kind'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('done_at', None)), fields=['due_at', 'id'], name='task_open'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('done_at__isnull', False)), fields=['done_at', 'id'], name='task_done'),
        ),
    ]
