import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Loss } from "../server.ts";

interface HaServer {
  readonly backend: string;
  readonly server: string;
  weight: number;
  admin: number;
  op: number;
}

/** HAProxy's Runtime API: one command a connection, an empty line for success, words for a refusal. */
export interface FakeHaproxy {
  readonly address: string;
  readonly commands: readonly string[];
  servers: HaServer[];
  /** Level of the socket. */
  level: "admin" | "operator";
  writes(): number;
  lose(what: Loss): void;
  close(): Promise<void>;
}

const COLUMNS =
  "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change";

/** Bits of the administrative state, and operational states, as HAProxy numbers them. */
const ADMIN = { ready: 0, drain: 0x08, maint: 0x01 };
const RUNNING = 2;
export const STOPPED = 0;

export async function startHaproxy(servers: readonly Pick<HaServer, "backend" | "server">[]): Promise<FakeHaproxy> {
  const commands: string[] = [];
  let loss: Loss | null = null;
  const fake = {
    level: "admin" as FakeHaproxy["level"],
    servers: servers.map((one) => ({ ...one, weight: 100, admin: 0, op: RUNNING })),
  };
  const server = createServer((socket: Socket) => {
    let text = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.endsWith("\n")) return;
      const command = text.trim();
      const lost = command.startsWith("set ") ? loss : null;
      if (lost !== null) loss = null;
      if (lost === "request") return void socket.destroy();
      commands.push(command);
      const answer = run(fake, command);
      if (lost === "answer") return void socket.destroy();
      socket.end(`${answer}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(fake, {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    commands,
    writes: () => commands.filter((command) => command.startsWith("set ")).length,
    lose: (what: Loss) => {
      loss = what;
    },
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  });
}

function run(fake: { servers: HaServer[]; level: string }, command: string): string {
  if (command === "show servers state") {
    const rows = fake.servers.map(
      ({ backend, server, weight, admin, op }, index) =>
        `1 ${backend} ${index + 1} ${server} 127.0.0.1 ${op} ${admin} ${weight} 100 9`,
    );
    return `1\n# ${COLUMNS}\n${rows.join("\n")}\n`;
  }
  if (command === "show cli level") return fake.level;
  const [, backend, server, what, value] = /^set server (\S+)\/(\S+) (weight|state) (\S+)$/.exec(command) ?? [];
  if (what === undefined) return "Unknown command.";
  if (fake.level !== "admin") return "Permission denied";
  const found = fake.servers.find((one) => one.backend === backend && one.server === server);
  if (found === undefined) return "No such server.";
  if (what === "weight") found.weight = Number(value);
  else found.admin = ADMIN[value as keyof typeof ADMIN];
  return "";
}
