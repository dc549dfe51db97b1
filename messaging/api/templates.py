"""The built-in texts by API."""

from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.paging import whole
from clinics.api.schema import describe, listing
from clinics.api.views import ClinicAPIView
from messaging import catalog
from messaging.api.shapes import TemplateShape, template_shape


class Templates(ClinicAPIView):
    """The built-in texts, in the order of the menu."""

    @describe("List the built-in texts", answers=listing(TemplateShape), tag="templates")
    def get(self, request: Request) -> Response:
        """Return all of them: they fit into one page."""
        return Response(whole([template_shape(entry) for entry in catalog.templates()]))
