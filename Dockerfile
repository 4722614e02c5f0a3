# hadolint global ignore=DL3059
# (The builder's layers are thrown away, and commands in exec form cannot be joined: one RUN a command is what we want.)
#
# The builder makes one virtual environment from the hashed locks; only that environment goes into the final image.
FROM python:3.13-slim AS builder
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
COPY requirements.lock requirements-build.lock ./
RUN ["python", "-m", "venv", "/opt/badgeissuer"]
RUN ["/opt/badgeissuer/bin/python", "-m", "pip", "install", "--require-hashes", "-r", "requirements.lock"]
RUN ["python", "-m", "venv", "/build/backend"]
RUN ["/build/backend/bin/python", "-m", "pip", "install", "--require-hashes", "-r", "requirements-build.lock"]
COPY pyproject.toml README.md LICENSE ./
COPY migrations ./migrations
COPY src ./src
RUN ["/build/backend/bin/python", "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "/build/wheels", "."]
RUN ["/opt/badgeissuer/bin/python", "-m", "pip", "install", "--no-deps", "--no-index", "--find-links", "/build/wheels", "badgeissuer"]
# Empty folders that become /data and /data/keys in the final image, so that a new volume at either place belongs to the service's user.
RUN ["mkdir", "-p", "-m", "0700", "/build/data/keys"]

FROM python:3.13-slim
ENV PATH="/opt/badgeissuer/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BADGEISSUER_DATA_DIR=/data \
    BADGEISSUER_KEYS_DIR=/data/keys
RUN ["useradd", "--uid", "10001", "--user-group", "--no-create-home", "--home-dir", "/data", "--shell", "/usr/sbin/nologin", "badgeissuer"]
COPY --from=builder /opt/badgeissuer /opt/badgeissuer
COPY --from=builder --chown=10001:10001 /build/data /data
WORKDIR /data
VOLUME ["/data"]
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4).read()"]
ENTRYPOINT ["badgeissuer"]
CMD ["serve", "--host", "0.0.0.0"]
