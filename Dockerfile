# docker build -t gym-server . && docker run -p 5000:5000 -p 8000:8000 gym-server
# More environments: docker build --build-arg EXTRAS=atari,box2d,minigrid,mujoco …
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}

# EGL and OSMesa draw without a screen or a graphics card. tini, as PID 1, passes SIGTERM on and reaps what is orphaned.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libegl1 libgl1 libgl1-mesa-dri libosmesa6 tini \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --uid 1000 --create-home gym \
    && install --directory --owner gym --group gym /data \
    && python3 -m venv /opt/gym-server
ENV PATH=/opt/gym-server/bin:$PATH

# What the project needs is installed before the project, so that a change of its sources downloads nothing.
# An ARG is a variable of the build alone; with these two, the pins hold for the build backend as well.
ARG EXTRAS= PIP_CONSTRAINT=requirements.lock PIP_BUILD_CONSTRAINT=requirements.lock
WORKDIR /usr/src/gym-server
COPY pyproject.toml requirements.lock ./
RUN touch README.md LICENSE \
    && pip install --no-cache-dir ".${EXTRAS:+[$EXTRAS]}" \
    && rm -r build *.egg-info

COPY . .
RUN pip install --no-cache-dir --no-deps --force-reinstall . \
    && rm -r build *.egg-info

# Inside a container all addresses are its own, and who reaches them is up to `-p`: so it starts without a token, too.
ENV GYM_SERVER_HOST=0.0.0.0 GYM_SERVER_INSECURE=1 GYM_SERVER_DATA_DIR=/data
USER gym
WORKDIR /data
VOLUME /data
EXPOSE 5000 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-c", "\
import http.client, os, ssl, sys; \
address = '127.0.0.1', os.environ.get('GYM_SERVER_PORT', 5000); \
gateway = http.client.HTTPSConnection(*address, timeout=4, context=ssl._create_unverified_context()) \
    if os.environ.get('GYM_SERVER_TLS_CERT') else http.client.HTTPConnection(*address, timeout=4); \
gateway.request('GET', '/healthz'); \
sys.exit(gateway.getresponse().status != 200)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "-s", "--", "gym-server"]
CMD ["run"]
