# Two stages: the first installs what the lock names and the package itself, the second only runs it.
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
RUN python -m venv /opt/paperboy
COPY requirements-build.lock requirements-run.lock ./
RUN python -m pip install --require-hashes -r requirements-build.lock \
    && /opt/paperboy/bin/python -m pip install --require-hashes -r requirements-run.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY storage storage
COPY templates templates
RUN python -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheel . \
    && /opt/paperboy/bin/python -m pip install --no-deps --no-index /wheel/*.whl


FROM python:3.13-slim

# A user without rights and without a home; /data is the only place it owns, and the only one it writes to
# besides the system's folder for temporary files.
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin paperboy \
    && install -d -o paperboy -g paperboy /data
COPY --from=build /opt/paperboy /opt/paperboy

ENV PATH=/opt/paperboy/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite+aiosqlite:////data/paperboy.db
WORKDIR /data
VOLUME /data
USER paperboy

# The bot's loop writes a sign of life every 20 seconds; this reads it.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["paperboy", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["paperboy"]
CMD ["run"]
