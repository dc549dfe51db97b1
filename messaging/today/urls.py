"""The first page of the day, below /c/<slug>/."""

from django.urls import path

from messaging.today import actions, views

app_name = "today"

urlpatterns = [
    path("today/", views.page, name="page"),
    path("today/end-of-shift/", views.end, name="end"),
    path("today/end-of-shift/close/", actions.close, name="close"),
    path("today/first-day/put-away/", actions.put_away_first_day, name="first-day-put-away"),
    path("today/tasks/", views.tasks, name="tasks"),
    path("today/tasks/new/", views.task_form, name="task-form"),
    path("today/tasks/add/", actions.add_task, name="task-add"),
    path("today/tasks/<uuid:task_id>/done/", actions.task_done, name="task-done"),
    path("today/tasks/<uuid:task_id>/undo/", actions.task_undo, name="task-undo"),
    path("today/<uuid:appointment_id>/arrive/", actions.arrive, name="arrive"),
    path("today/<uuid:appointment_id>/complete/", actions.complete, name="complete"),
    path("today/<uuid:appointment_id>/no-show/", actions.no_show, name="no-show"),
    path("today/<uuid:appointment_id>/remind/", actions.remind, name="remind"),
    path("today/<uuid:appointment_id>/undo/", actions.undo, name="undo"),
]
