# One image for every role of the service, and for `chroma run`. Only what runs: no compiler, no pip, no tests.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Exactly the locked packages, checked by their hashes. A layer of its own: it changes less often than the code.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/loket && python -m venv /opt/build \
 && /opt/loket/bin/python -m pip install --require-hashes --no-deps -r requirements.lock \
 && /opt/build/bin/python -m pip install --require-hashes --no-deps -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY core core
COPY storage storage
COPY connectors connectors
COPY policies policies
COPY tools tools
COPY actions actions
COPY agent agent
COPY slack_app slack_app
COPY web_app web_app
COPY simulators simulators
COPY loket loket
# `loket.prepare` embeds the product's own phrases once; without it every start would take 20 seconds longer.
RUN /opt/build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/loket/bin/python -m pip install --no-deps dist/loket-*.whl \
 && /opt/loket/bin/python -m loket.prepare \
 && /opt/loket/bin/python -m pip uninstall --yes pip setuptools

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 loket \
 && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin loket \
 && install -d -o 10001 -g 10001 -m 0700 /data /chroma /world
COPY --from=build /opt/loket /opt/loket
# Nothing is written outside /data and /tmp: run it with a read-only root file system.
ENV PATH=/opt/loket/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LOKET_HOME=/data LOKET_SERVE_HOST=0.0.0.0 LOKET_SERVE_PORT=8080
WORKDIR /opt/loket
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['LOKET_SERVE_PORT']}/health/ready\", timeout=4)"]
ENTRYPOINT ["loket"]
CMD ["serve"]
