"""What a demo clinic makes after its clock was moved stands at the moved time; nothing changes in the database."""

from django.db import migrations, models

from medsync.lib import clock


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0005_nudged")]

    operations = [
        migrations.AlterField(
            model_name=model,
            name="created_at",
            field=models.DateTimeField(default=clock.now, editable=False),
        )
        for model in ("appointment", "task")
    ]
