"""Everything outside of a clinic's pages: log-in, the API, webhooks, the platform's admin, health."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from clinics.sites import platform_site
from medsync import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("clinics.account_urls")),
    path("api/webhooks/", include("messaging.webhooks.urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path("api/", include("scheduling.api.urls")),
    path("api/", include("messaging.api.urls")),
    path("admin/", platform_site.urls),
    path("", include("clinics.urls")),
]
