/**
 * The composition root: the only file that knows which adapters, brokers, dialects and verifiers exist.
 *
 * main.ts and mod.ts call it; it puts the parts together, starts them in order and takes them down again.
 */
import type { DialectFamily } from "./dialects/family.ts";
import type { RuntimeAdapter } from "./adapter.ts";
import { BunAdapter } from "./adapters/bun.ts";
import { DenoAdapter } from "./adapters/deno.ts";
import { Admission } from "./gateway/admission.ts";
import { ServerApi } from "./commands/server_api.ts";
import type { Broker } from "./broker.ts";
import { Cluster } from "./brokers/cluster/cluster.ts";
import { BroadcastChannelBroker, type Uplink } from "./brokers/broadcast_channel/broker.ts";
import { WorkerPeers } from "./brokers/broadcast_channel/worker_peers.ts";
import { Sequencer } from "./brokers/broadcast_channel/sequencer.ts";
import { MemoryBroker } from "./brokers/memory/broker.ts";
import { memoryStores } from "./brokers/memory/stores.ts";
import { RedisBroker } from "./brokers/redis/broker.ts";
import { type Config, maxBufferedBytes, type Renewal } from "./config/config.ts";
import { ParleyError } from "./errors.ts";
import { Dispatcher } from "./commands/dispatcher.ts";
import { drain } from "./gateway/drain.ts";
import type { DialectServices, ListedDialect, ProtocolRoute } from "./dialect.ts";
import { createDialects, DIALECT_FAMILIES, REST_SHAPE, undecidedAmong } from "./dialects/all.ts";
import { PolicyChain } from "./policies/chain.ts";
import type { EventHandler, Hooks } from "./policies/hooks.ts";
import { ProgramPolicy } from "./policies/program.ts";
import { createApps, type DemoPages } from "./http/app.ts";
import { clientScriptRoute } from "./http/text_route.ts";
import type { Route } from "./http/route.ts";
import { EndpointTable } from "./gateway/endpoint.ts";
import { Gateway } from "./gateway/websocket.ts";
import { HeldSockets } from "./gateway/held_sockets.ts";
import { Hub } from "./hub/hub.ts";
import { IdSource, randomId } from "./id.ts";
import { bind, certificateOf, httpOnly, type ListenTargets, type Ports } from "./gateway/listening.ts";
import { createLog, type Log } from "./log.ts";
import { run } from "./maybe.ts";
import { Lifecycle } from "./gateway/lifecycle.ts";
import { Node } from "./hub/node.ts";
import { Origins } from "./gateway/origins.ts";
import { RoomRules } from "./policies/rules.ts";
import { Stats } from "./hub/metrics.ts";
import { SocketioHost } from "./socketio/host.ts";
import { SocketioTransport } from "./socketio/transport.ts";
import { Sweep } from "./hub/sweep.ts";
import { Transports } from "./gateway/transports.ts";
import type { Verifier } from "./verifier.ts";
import { DemoVerifier, makeDemoKey } from "./verifiers/demo.ts";
import { createJwtVerifier } from "./verifiers/jwt.ts";
import { identityOfProgram, ProgramVerifier } from "./verifiers/program.ts";
import { RenewableVerifier } from "./verifiers/renewable.ts";

export interface ServerExtras {
  log?: Log;
  hooks?: Hooks;
  /** What visitors of a demo see. */
  pages?: DemoPages;
  /** It is one of several in this process. */
  worker?: WorkerPlace;
  /** Other dialects than there are by default; the configuration has to be read with the same. */
  families?: readonly DialectFamily[];
}

/** What a worker shares with the others; it crosses from thread to thread, its port is transferred. */
export interface WorkerPlace {
  demoKey: string;
  /** With which the workers sign where a Socket.IO session lives. */
  forwardingSecret: string;
  /** To the sequencer; workers that share Redis ask each other for figures over it. */
  uplink: Uplink;
}

/** How much of what has changed a running server could take over. */
export interface Renewed {
  /** False: there is another certificate, and the runtime cannot take it while it listens. */
  hasCertificate: boolean;
}

/** A running server. */
export interface Running {
  readonly ports: number[];
  readonly adminPorts: number[];
  readonly runtime: "bun" | "deno";
  readonly hub: Hub;
  readonly api: ServerApi;
  /** Throws TypeError for an event that has a meaning of its own. */
  handle(event: string, handler: EventHandler): void;
  /** Takes over what has changed in the configuration. Throws `bad_message`, and nothing has changed, for unusable keys. */
  renew(renewal: Renewal): Promise<Renewed>;
  /** Refuses new connections, tells everybody, closes them in batches, and ends; idempotent. */
  stop(): Promise<void>;
}

/** Throws if a port cannot be bound; a broker that is away only makes the server unready. */
export async function createServer(config: Config, extras: ServerExtras = {}): Promise<Running> {
  const log = extras.log ?? createLog({ level: config.logLevel, format: config.logFormat });
  const { hooks = {}, pages, worker } = extras;
  const families: readonly DialectFamily[] = extras.families ?? DIALECT_FAMILIES;
  const adapter = createAdapter();
  const verifiers = await createVerifiers(config, hooks, worker?.demoKey);
  const front = { clientScript: await clientScriptRoute(), pages: verifiers.demo && await pages?.(config) };
  const parts = assemble(config, { adapter, log, hooks, worker, families, ...verifiers, ...front });
  const { hub, admission, broker } = parts;
  await broker.start(new Node(hub, adapter));
  const ports = await listen(adapter, config, { ...parts, shared: parts.engine, worker });
  const sweep = new Sweep(hub);
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await drain({ hub, admission, withinMs: config.websocketDrainMs });
    sweep.stop();
    await parts.engine?.stop();
    await adapter.stop();
    await broker.close();
  };
  return {
    ...ports,
    runtime: adapter.runtime,
    hub,
    api: parts.api,
    handle: (event, handler) => parts.program.handle(event, handler),
    renew: renewer(config, { adapter, hub, keys: verifiers.keys }),
    stop: () => stopping ??= stop(),
  };
}

interface Renewables {
  adapter: RuntimeAdapter;
  hub: Hub;
  keys: RenewableVerifier;
}

function renewer(config: Config, { adapter, hub, keys }: Renewables): Running["renew"] {
  let running = config;
  return async ({ changes, hasNew }) => {
    const next = { ...running, ...changes };
    // First what may turn out to be unusable.
    const verifier = hasNew.keys ? await createConfiguredVerifier(next) : undefined;
    const certificate = hasNew.certificate ? certificateOf(next) : undefined;
    const hasCertificate = certificate === undefined || adapter.renewCertificate(certificate);
    if (verifier) keys.renew(verifier);
    if (hasNew.rooms) hub.renewRules(next.rooms, next.defaultRoom);
    running = next;
    return { hasCertificate };
  };
}

function createAdapter(): RuntimeAdapter {
  return "bun" in process.versions ? new BunAdapter() : new DenoAdapter();
}

interface Verifiers {
  verifier: Verifier;
  /** Those of the configuration, which count in no demo. */
  keys: RenewableVerifier;
  /** In demo mode: what gives visitors their tokens. */
  demo?: DemoVerifier;
}

async function createVerifiers(config: Config, { onToken }: Hooks, demoKey?: string): Promise<Verifiers> {
  const keys = new RenewableVerifier(await createConfiguredVerifier(config));
  const demo = config.demo ? await DemoVerifier.create(demoKey) : undefined;
  const verifier = demo ?? keys;
  return { verifier: onToken ? new ProgramVerifier(onToken, verifier) : verifier, keys, demo };
}

function createConfiguredVerifier(config: Config): Promise<Verifier> {
  return createJwtVerifier({
    secret: config.jwtSecret,
    publicKey: config.jwtPublicKey,
    jwksUrl: config.jwksUrl,
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
    algorithms: config.jwtAlgorithms,
    leewayMs: config.jwtLeewayMs,
  });
}

interface Dependencies extends Omit<Verifiers, "keys"> {
  adapter: RuntimeAdapter;
  log: Log;
  hooks: Hooks;
  clientScript: Route;
  pages?: Route[];
  worker?: WorkerPlace;
  families: readonly DialectFamily[];
}

function assemble(config: Config, { adapter, log, hooks, worker, verifier, demo, families, ...front }: Dependencies) {
  const ids = new IdSource();
  const stats = new Stats();
  const origins = new Origins(config.websocketAllowedOrigins);
  const admission = new Admission({ config, origins, stats, log });
  const rules = new RoomRules(config.rooms, config.defaultRoom, config.socketioNamespaces);
  const guards = families.flatMap((family) => family.guard?.({ ...config }) ?? []);
  const isTaken = (event: string) => families.some((family) => family.handles?.(event));
  const program = new ProgramPolicy({ hooks, identityOf: identityOfProgram, isTaken });
  const broker = createBroker(config, { ids, log, worker });
  const dialects = createDialects(config, families);
  const socketio = SocketioTransport.for(dialects, { config, origins, adapter, node: ids.node });
  const hub = new Hub({
    config,
    adapter: socketio?.adapter ?? adapter,
    broker,
    cluster: new Cluster(broker),
    verifier,
    rules,
    policies: new PolicyChain({ guards, rules, program }),
    ids,
    stats,
    log,
    maxBufferedBytes: maxBufferedBytes(config, adapter.runtime),
  });
  const endpoints = new EndpointTable({ dialects, undecidedAmong, requireAuth: config.websocketRequireAuth });
  const lifecycle = new Lifecycle(hub, new Dispatcher(hub));
  const api = new ServerApi(hub);
  const apps = createApps({
    ...{ hub, api, admission, origins, endpoints, demo, ...front },
    runtime: adapter.runtime,
    chat: REST_SHAPE,
    protocolRoutes: protocolRoutesOf(dialects, api),
  });
  const gateway = new Gateway({ hub, admission, origins, lifecycle, endpoints, fetch: apps.fetch });
  const place = socketio && socketio.start(
    new SocketioHost({ hub, admission, origins, lifecycle, dialectOf: (namespace) => socketio.dialectOf(namespace) }),
  );
  const handler = new HeldSockets(place ? new Transports(gateway, place) : gateway, admission);
  const plainFrameBytes = Gateway.transportLimit(config.websocketMaxMessageBytes);
  const maxFrameBytes = Math.max(plainFrameBytes, socketio?.maxFrameBytes ?? 0);
  const { adminFetch } = apps;
  return { hub, broker, admission, program, api, engine: place?.transport, handler, adminFetch, maxFrameBytes };
}

/** The HTTP APIs of the dialects that are switched on. */
function protocolRoutesOf(dialects: readonly ListedDialect[], api: ServerApi): ProtocolRoute[] {
  const services: DialectServices = {
    publish: (room, data) => run(api.publish(room, { data })),
    sendToRoom: (room, event) => run(api.sendToRoom(room, event)),
  };
  return dialects.flatMap(({ isOn, dialect }) => isOn ? dialect.routes?.(services) ?? [] : []);
}

function createBroker(
  config: Config,
  { ids, log, worker }: Pick<Dependencies, "log" | "worker"> & { ids: IdSource },
): Broker {
  const { broker, redisUrl, redisSentinelPassword, redisPrefix: prefix, redisSharded: sharded } = config;
  const { historyRoomBytes, inboxSize, inboxTtlMs, roomAnnounceMax } = config;
  if (!worker && (config.workerCount > 1 || broker === "broadcast")) {
    throw new ParleyError("unavailable", "Cannot start workers inside of a program: only the executable does");
  }
  if (broker === "redis") {
    const peers = worker && new WorkerPeers(worker.uplink, log);
    const where = { url: redisUrl!, sentinelPassword: redisSentinelPassword, prefix, sharded };
    const bounds = { historyRoomBytes, inboxSize, inboxTtlMs, roomAnnounceMax };
    return new RedisBroker({ ...where, ...bounds, log, peers }, ids);
  }
  if (worker) return new BroadcastChannelBroker(worker.uplink, log);
  return new MemoryBroker({ stores: memoryStores(config), roomAnnounceMax, ids });
}

/** What the workers of one process have in common; made and kept by the thread that starts them. */
export interface SharedResources {
  /** With ports that nobody else listens on: a port that workers share any process of the same user could join. */
  config: Config;
  /** A place for one more worker, to be left when that is gone. */
  addWorker(): { place: WorkerPlace; leave(): void };
  close(): void;
}

/** Throws if a port cannot be bound. */
export async function createSharedResources(given: Config, overrun: (node: string) => void): Promise<SharedResources> {
  const config = await reservePorts(given);
  const sequencer = new Sequencer({ stores: memoryStores(config), roomAnnounceMax: config.roomAnnounceMax, overrun });
  const demoKey = makeDemoKey();
  const forwardingSecret = randomId(32);
  return {
    config,
    addWorker() {
      const { uplink, detach } = sequencer.attach();
      return { place: { demoKey, forwardingSecret, uplink }, leave: detach };
    },
    close: () => sequencer.close(),
  };
}

async function reservePorts(config: Config): Promise<Config> {
  const adapter = createAdapter();
  const handler = httpOnly(() => new Response("The server is starting", { status: 503 }));
  const maxFrameBytes = 0;
  try {
    const adminFetch = config.adminPort === undefined ? undefined : handler.fetch;
    const { ports, adminPorts: [adminPort] } = bind(adapter, config, { handler, adminFetch, maxFrameBytes });
    return { ...config, ports, adminPort };
  } finally {
    await adapter.stop();
  }
}

/** All ports or none. */
async function listen(
  adapter: RuntimeAdapter,
  config: Config,
  targets: ListenTargets & { broker: Broker },
): Promise<Ports> {
  try {
    return bind(adapter, config, targets);
  } catch (error) {
    await adapter.stop();
    await targets.broker.close();
    throw error;
  }
}
