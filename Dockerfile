# The service's image. Nothing is compiled in it: every dependency is a wheel whose digest is in
# requirements/. It runs as a numeric user, on a read-only file system, with no capability.
# Kept free of heredocs and `COPY --link`, so that buildah builds it as well as docker.

FROM python:3.11.15-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1


FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# The environment that is shipped holds no pip: the stage's own pip installs into it.
RUN python -m venv --without-pip /opt/matcher
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m pip install --require-hashes --only-binary :all: --requirement requirements/build.txt \
    && python -m pip --python /opt/matcher/bin/python install \
        --require-hashes --only-binary :all: --requirement requirements/runtime.txt
COPY pyproject.toml README.md ./
COPY matcher matcher
COPY rules rules
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m pip --python /opt/matcher/bin/python install --no-deps --no-index /wheels/*.whl


FROM base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="matcher" \
      org.opencontainers.image.description="Detection rules over cloud audit events in Kafka" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11.15-slim-bookworm"
RUN groupadd --gid 10001 matcher \
    && useradd --no-log-init --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin matcher
COPY --from=build /opt/matcher /opt/matcher
COPY rules /etc/matcher/rules
# A container's own loopback cannot be scraped, so the HTTP endpoint listens on all its addresses.
ENV PATH="/opt/matcher/bin:${PATH}" \
    MATCHER_RULES__PATHS=/etc/matcher/rules \
    MATCHER_HTTP__HOST=0.0.0.0
USER 10001:10001
WORKDIR /tmp
EXPOSE 9095
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 CMD ["matcher", "health"]
ENTRYPOINT ["matcher"]
CMD ["run"]
