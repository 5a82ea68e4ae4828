/** A master and its replica, and three Sentinels that watch them; all of them want passwords of their own. */
import { eventually } from "../waiting.ts";
import { inSync, RedisServer } from "./redis_server.ts";

const MASTER = "main";
const PASSWORD = "of redis";
const SENTINEL_PASSWORD = "of-the-sentinels";
const LONG = { withinMs: 20_000, everyMs: 100 };

export class RedisSentinels implements AsyncDisposable {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: RedisServer[];

  private constructor(master: RedisServer, replica: RedisServer, sentinels: RedisServer[]) {
    this.master = master;
    this.replica = replica;
    this.sentinels = sentinels;
  }

  static async start(): Promise<RedisSentinels> {
    const login = ["--requirepass", PASSWORD, "--masterauth", PASSWORD];
    const password = `"${PASSWORD}"`;
    const master = await RedisServer.start({ args: login, password });
    const replica = await RedisServer.start({
      args: [...login, "--replicaof", `127.0.0.1 ${master.port}`],
      password,
    });
    await inSync(replica);
    const sentinel = [
      `requirepass ${SENTINEL_PASSWORD}`,
      `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
      `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 2`,
      `sentinel auth-pass ${MASTER} "${PASSWORD}"`,
      `sentinel down-after-milliseconds ${MASTER} 1000`,
      `sentinel failover-timeout ${MASTER} 6000`,
    ];
    const sentinels = await Promise.all([0, 1, 2].map(() => {
      return RedisServer.start({ sentinel, password: SENTINEL_PASSWORD });
    }));
    const all = new RedisSentinels(master, replica, sentinels);
    for (const each of sentinels) {
      await eventually(async () => {
        const reply = await each.command(`SENTINEL master ${MASTER}`);
        return fieldOf(reply, "num-other-sentinels") === "2" && fieldOf(reply, "num-slaves") === "1";
      }, LONG);
    }
    return all;
  }

  /** What a node of Parley is given. */
  get env(): { REDIS_URL: string; REDIS_SENTINEL_PASSWORD: string } {
    const hosts = this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",");
    const login = `:${encodeURIComponent(PASSWORD)}@`;
    return {
      REDIS_URL: `redis+sentinel://${login}${hosts}/${MASTER}/3`,
      REDIS_SENTINEL_PASSWORD: SENTINEL_PASSWORD,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.sentinels, this.master, this.replica].map((each) => each[Symbol.asyncDispose]()));
  }
}

/** The value after a name in a flat list of bulk strings. */
function fieldOf(reply: string, name: string): string | undefined {
  const lines = reply.split("\r\n");
  const at = lines.indexOf(name);
  return at < 0 ? undefined : lines[at + 2];
}
