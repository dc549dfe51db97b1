"""Reachable identities: one contact point for all spellings of a number, or for a WhatsApp user id."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class ContactPoint(models.Model):
    """A phone line or a WhatsApp user id at this clinic; has 0..n patients, for families share a phone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    match_key = models.CharField(max_length=140, unique=True)  # medsync.lib.phone.match_key, else the user id
    phone = models.CharField(_("phone"), max_length=16, null=True, blank=True)  # E.164; null when hidden
    display_name = models.CharField(_("profile name"), max_length=160, blank=True)  # never used in a text
    search_key = models.CharField(max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)  # detected; a patient's own wins
    blocked_at = models.DateTimeField(null=True, blank=True)  # by a member: no automatic answers
    wrong_at = models.DateTimeField(null=True, blank=True)  # "wrong number": nothing more is begun to it
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")

    def __str__(self) -> str:
        return str(self.id)


class ContactAddress(models.Model):
    """A channel's address of a contact point, exactly as the provider gave it: it is what we send to."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    contact_point = models.ForeignKey(ContactPoint, models.CASCADE, related_name="addresses")
    channel = models.CharField(max_length=10)  # clinics.models.Channel
    address = models.CharField(max_length=140)  # "+5215555550101" or "US.1a2B…", without the channel's prefix
    unusable = models.CharField(max_length=24, blank=True, default="", db_default="")  # why, as a code
    unusable_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [models.UniqueConstraint(fields=["channel", "address"], name="address_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.id}"
