from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_inbox_work")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="solved",
            field=models.CharField(
                blank=True,
                choices=[("sms", "sent by SMS"), ("otherwise", "settled another way")],
                default="",
                max_length=9,
            ),
        ),
    ]
