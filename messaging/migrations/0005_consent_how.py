from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("messaging", "0004_composer"),
    ]

    operations = [
        migrations.AddField(
            model_name="consentevent",
            name="how",
            field=models.CharField(
                blank=True,
                choices=[
                    ("desk", "at the desk"),
                    ("call", "on the phone"),
                    ("paper", "on paper, signed"),
                    ("writing", "in a message or an e-mail"),
                    ("other", "in another way"),
                ],
                db_default="",
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="consentevent",
            name="said_on",
            field=models.DateField(null=True),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("kind", "note")),
                fields=["conversation", "-created_at", "-id"],
                name="thread_notes",
            ),
        ),
    ]
