# The uploader and repogen, to serve an archive that lies in a volume at /archive. See docs/how-to/containers.md.
#
# `rust` and `debian` are of one Debian release: what the first links, the second has.
ARG RUST=docker.io/library/rust:1.95-bookworm
ARG DEBIAN=docker.io/library/debian:bookworm-slim
# Where the programs come from: `build` compiles them here; `built` takes those of `make build` from target/release/.
ARG PROGRAMS=build

FROM ${RUST} AS build
WORKDIR /build
COPY . .
# What was compiled stays in the builder's cache: after a change of one source file, only the crates of this workspace that use it are
# compiled again.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --locked --release -p repogen -p uploader --bins \
    && install --strip --target-directory=/programs -D target/release/repogen target/release/uploader

FROM scratch AS built
COPY target/release/repogen target/release/uploader /programs/

FROM ${PROGRAMS} AS programs

FROM ${DEBIAN}
# 990: an account that owns the archive and nothing else. curl is for the health check.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 990 archive \
    && useradd --uid 990 --gid 990 --home-dir /archive --no-create-home --shell /usr/sbin/nologin archive \
    && install --directory --owner=archive --group=archive /archive
COPY --from=programs /programs/ /usr/local/bin/
COPY --chmod=755 tools/container-start /usr/local/bin/container-start
USER 990:990
ENV REPOGEN_ROOT=/archive API_HOST=0.0.0.0 API_PORT=3000
VOLUME /archive
WORKDIR /archive
EXPOSE 3000
# 0 as long as it can work: the catalog answers and the disk takes files.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--output", "/dev/null", "http://127.0.0.1:3000/readyz"]
# The same stop signal as for systemd: requests under way have 25 seconds, then the publish in hand ends.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/container-start"]
CMD ["uploader", "serve"]
