# The coordinator's and the adapter's images: one installation, two ways to start it.
# Build from the project's root, with --target coordinator or --target adapter.
# PYTHON_IMAGE: any Debian with Python 3.11 or newer and its venv module.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY constraints.txt pyproject.toml ./
# Dependencies first, so that a change of our sources does not fetch them again; setuptools among
# them, because pip would fetch the newest one for an isolated build.
RUN python3 -m venv /opt/gvq && \
    names=$(python3 -c "import tomllib; \
        print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'])") && \
    /opt/gvq/bin/pip install --no-cache-dir -c constraints.txt setuptools $names
COPY . ./
RUN /opt/gvq/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM ${PYTHON_IMAGE} AS runtime
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/gvq gvq
COPY --from=build /opt/gvq /opt/gvq
ENV PATH=/opt/gvq/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /var/lib/gvq
USER gvq

FROM runtime AS adapter
CMD ["gvq", "adapter"]

# Last, so that a build without --target makes it.
FROM runtime AS coordinator
ENV GVQ_DATA_DIR=/var/lib/gvq GVQ_LISTEN=0.0.0.0:8800
VOLUME /var/lib/gvq
EXPOSE 8800
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD \
    ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8800/readyz', timeout=2)"]
CMD ["gvq", "serve"]
