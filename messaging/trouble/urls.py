"""What stopped, below /c/<slug>/."""

from django.urls import path

from messaging.trouble import views

app_name = "trouble"

urlpatterns = [path("trouble/", views.banners, name="banners")]
