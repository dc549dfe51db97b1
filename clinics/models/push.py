"""Browsers that asked to be told. Shared: a browser belongs to a person, not to a clinic."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class PushSubscription(models.Model):
    """A browser's address for web push (RFC 8030), with the keys that encrypt what is sent (RFC 8291)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey("clinics.User", models.CASCADE, related_name="+")
    endpoint = models.URLField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)  # the push service last took something for it

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("browser to tell")
        verbose_name_plural = _("browsers to tell")

    def __str__(self) -> str:
        return str(self.id)
