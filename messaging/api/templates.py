"""The texts that can be sent by their id, by API."""

from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.paging import whole
from clinics.api.schema import describe, listing
from clinics.api.views import ClinicAPIView
from messaging import catalog
from messaging.api.shapes import TemplateShape, approved_shape, built_in_shape, own_shape
from messaging.approved import queries
from messaging.language import SPOKEN
from messaging.saved_texts import offering


class Templates(ClinicAPIView):
    """The built-in texts in the order of the menu, the clinic's own, and those that WhatsApp approves."""

    @describe("List the texts", answers=listing(TemplateShape), tag="templates")
    def get(self, request: Request) -> Response:
        """Return all of them: they fit into one page."""
        built_in = [
            built_in_shape(entry, {code: catalog.body(f"template.{entry.key}", code) for code in SPOKEN})
            for entry in catalog.templates()
        ]
        own = [own_shape(text) for text in offering.present()]
        approved = [approved_shape(text) for text in queries.texts()]
        return Response(whole([*built_in, *own, *approved]))
