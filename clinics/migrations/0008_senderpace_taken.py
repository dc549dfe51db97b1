from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0007_pace_of_senders"),
    ]

    operations = [
        migrations.AddField(
            model_name="senderpace",
            name="taken",
            field=models.JSONField(default=list),
        ),
    ]
