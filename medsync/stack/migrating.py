"""The `migrate` that runs in each schema: of apps that have no tables there, it only follows the state.

Every schema has the migrations of all apps on its list, and Django renders the models anew with each operation, which
is nearly all that a migration costs. Where the router lets none of an app's operations through, nothing is rendered:
a new clinic is there in half the time.
"""

from django.core.management.commands import migrate
from django.db import router
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState


class HereOnly(MigrationExecutor):
    """Applies what has a place in this schema, and notes the rest as applied, as Django does too."""

    def _migrate_all_forwards(
        self,
        state: ProjectState,
        plan: list[tuple[Migration, bool]],
        full_plan: list[tuple[Migration, bool]],
        fake: bool,
        fake_initial: bool,
    ) -> ProjectState:
        wanted = {migration for migration, _ in plan}
        for migration, _ in full_plan:
            if not wanted:
                break
            if migration in wanted and router.allow_migrate(self.connection.alias, migration.app_label):
                _ = state.apps
                state = self.apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
            elif migration in wanted:
                state.__dict__.pop("apps", None)  # what is not rendered is not rendered again
                state = migration.mutate_state(state, preserve=False)
                self.record_migration(migration)  # type: ignore[call-arg, arg-type]  # the stubs are older
            wanted.discard(migration)
        return state


migrate.MigrationExecutor = HereOnly  # type: ignore[attr-defined]  # the command asks for it by this name, and offers no other way


class Command(migrate.Command):
    """`migrate`, with the executor above."""
