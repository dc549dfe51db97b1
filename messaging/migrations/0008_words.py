"""Words in messages can be found: an index over an expression of built-in functions, no column to keep."""

from django.db import migrations

from messaging.search.folding import VECTOR


class Migration(migrations.Migration):
    dependencies = [("messaging", "0007_attachments")]

    operations = [
        migrations.RunSQL(
            sql=f"CREATE INDEX message_words ON messaging_message USING gin ({VECTOR}) WHERE body <> ''",
            reverse_sql="DROP INDEX message_words",
        ),
    ]
