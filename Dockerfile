# The daemon in a container: config and database live in the volume /data, secrets come as files or environment.
#
#   docker build -t triage .
#   docker run -v "$PWD/data:/data" triage doctor
#   docker run -d --restart unless-stopped -v "$PWD/data:/data" triage
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# the dependencies first: they change less often than the program
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock

COPY pyproject.toml README.md ./
COPY triage triage
COPY rules rules
COPY models models
RUN pip install --no-deps --editable . && useradd --create-home --uid 10001 triage && mkdir /data && chown triage /data

USER triage
WORKDIR /data
VOLUME /data
# SIGTERM ends it within seconds
STOPSIGNAL SIGTERM
ENTRYPOINT ["triage"]
CMD ["--config", "/data/config.toml", "run"]
