"""URLs of this room's part of the API, and its description."""

from clinics.api import senders
from clinics.api.docs import Docs, Schema
from clinics.api.paths import both

urlpatterns = [
    *both("schema", Schema.as_view(), "api-schema"),
    *both("docs", Docs.as_view(), "api-docs"),
    *both("whatsapp/senders", senders.Senders.as_view(), "api-senders"),
    *both("whatsapp/senders/<uuid:id>", senders.OneSender.as_view(), "api-sender"),
    *both("whatsapp/link-existing", senders.LinkExisting.as_view(), "api-link-existing"),
]
