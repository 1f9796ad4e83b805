# flyship (and flywatch) as a Fly app: `fly deploy` builds it, and fly.toml says in [processes] what runs.
FROM python:3.11-slim
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY streams streams
COPY shippers shippers
COPY config config
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable .
CMD ["flyship", "run"]
