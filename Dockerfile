# Parley in a container: one executable and the C library it is linked against; no shell, no package manager, no root.
#
#   docker build -t parley .
#   docker run -p 3000:3000 -e JWT_SECRET=… -e WEBSOCKET_REQUIRE_AUTH=1 parley

FROM oven/bun:1.4.5-slim AS build
WORKDIR /parley
COPY package.json bun.lock bunfig.toml ./
RUN bun install --production --frozen-lockfile --no-summary
COPY .ci/build.mjs .ci/bundle.mjs .ci/
COPY src src
RUN bun run build

# Lay out the file system of the final image: the executable, the libraries that ldd names, and a user that is not root.
RUN mkdir -p /image/usr/local/bin /image/etc /image/tmp \
  && cp dist/parley /image/usr/local/bin/parley \
  && ldd dist/parley | grep -o '/[^ ]*' | xargs -I{} cp --parents --dereference {} /image \
  && echo 'parley:x:10001:10001::/:/sbin/nologin' > /image/etc/passwd \
  && chmod 1777 /image/tmp

FROM scratch
COPY --from=build /image /
USER 10001:10001
# Nobody reaches the loopback of a container, so there is no demo in one: without a key the start is refused.
ENV HOST=0.0.0.0
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/local/bin/parley", "check"]
ENTRYPOINT ["/usr/local/bin/parley"]
