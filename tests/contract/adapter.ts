/**
 * What every RuntimeAdapter must keep: src/adapter.ts, line by line, over real sockets.
 * A new adapter's test is one call of this with a factory.
 */
import { deliveryContract } from "./adapter_delivery.ts";
import { endsContract } from "./adapter_ends.ts";
import { handshakeContract } from "./adapter_handshake.ts";
import { limitsContract } from "./adapter_limits.ts";
import type { AdapterFactory } from "./test_listener.ts";

export function adapterContract(factory: AdapterFactory): void {
  handshakeContract(factory);
  deliveryContract(factory);
  endsContract(factory);
  limitsContract(factory);
}
