"""One machine's whole MedSync: Postgres, Valkey, web, worker and beat behind `manage.py up`."""
