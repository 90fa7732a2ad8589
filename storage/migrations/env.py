"""What Alembic runs: the migrations on the connection that `storage.migrate` hands over, in its transaction.

A new revision: change tables.py, write versions/pb000N_what_changes.py, set `tables.REVISION`; the tests in
tests/storage/test_migrations.py hold the three together and print what differs.
"""

from __future__ import annotations

from alembic import context

from storage.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
