"""The API's description, and a page to read and try it. Both are public: they say nothing about anybody."""

from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularJSONAPIView


class Schema(SpectacularJSONAPIView):
    """OpenAPI 3 as JSON."""

    versioning_class = None


class Docs(TemplateView):
    """Swagger UI from our own static files, under the policy of all pages: no inline script, no inline style."""

    template_name = "clinics/api_docs.html"
