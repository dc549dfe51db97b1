"""The patients' pages, below /c/<slug>/. No name and no number ever stands in one of them."""

from django.urls import path

from messaging.people import changes, numbers, views, visits

app_name = "people"

urlpatterns = [
    path("patients/", views.patients, name="list"),
    path("patients/search/", views.search, name="search"),
    path("patients/new/", changes.new, name="new"),
    path("patients/<uuid:patient_id>/", views.page, name="page"),
    path("patients/<uuid:patient_id>/older/", views.older, name="older"),
    path("patients/<uuid:patient_id>/looked/", views.looked, name="looked"),
    path("patients/<uuid:patient_id>/edit/", changes.edit, name="edit"),
    path("patients/<uuid:patient_id>/note/", changes.note, name="note"),
    path("patients/<uuid:patient_id>/write/", changes.write, name="write"),
    path("patients/<uuid:patient_id>/consent/", changes.consent, name="consent"),
    path("patients/<uuid:patient_id>/numbers/", numbers.add, name="add-number"),
    path("patients/<uuid:patient_id>/numbers/<uuid:contact_id>/<str:what>/", numbers.change, name="number"),
    path("patients/<uuid:patient_id>/book/", visits.book, name="book"),
    path("patients/<uuid:patient_id>/book/text/", visits.book_text, name="book-text"),
    path("patients/<uuid:patient_id>/visits/<uuid:visit_id>/cancel/", visits.cancel, name="cancel"),
    path(
        "patients/<uuid:patient_id>/visits/<uuid:visit_id>/cancel/text/",
        visits.cancel_text,
        name="cancel-text",
    ),
]
