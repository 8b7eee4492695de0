import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

const PUBLIC = fileURLToPath(new URL("public/", import.meta.url));

/** The page's libraries as ES modules: no build step, and nothing from another host. */
function libraries(): Readonly<Record<string, string>> {
  const require = createRequire(import.meta.url);
  const folder = (name: string) => dirname(require.resolve(name));
  return {
    "preact.js": require.resolve("preact"),
    "preact-hooks.js": require.resolve("preact/hooks"),
    "htm.js": join(folder("htm"), "htm.module.js"),
  };
}

/**
 * Hangs the console on a server: `/` is the page, `/console/` what it is made of, all revalidated by ETag. The page
 * speaks with the API under the same origin only; nothing inline runs but the import map, which is named by its hash.
 *
 * @throws Error when a file of the page is not there
 */
export async function consoleRoutes(app: FastifyInstance): Promise<void> {
  const index = await readFile(join(PUBLIC, "index.html"), "utf8");
  const headers = securityHeaders(importMapHash(index));
  await app.register(async (scope) => {
    scope.addHook("onSend", async (_request, reply) => void reply.headers(headers));
    await scope.register(fastifyStatic, {
      root: PUBLIC,
      prefix: "/console/",
      wildcard: false,
      index: false,
      cacheControl: false,
    });
    scope.get("/", (_request, reply) => send(reply, "index.html", PUBLIC));
    for (const [name, path] of Object.entries(libraries()))
      scope.get(`/console/vendor/${name}`, (_request, reply) =>
        send(reply, path.slice(dirname(path).length + 1), dirname(path)),
      );
  });
}

function send(reply: FastifyReply, name: string, folder: string): FastifyReply {
  return reply.sendFile(name, folder, { cacheControl: false });
}

function importMapHash(html: string): string {
  const [, map] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html) ?? [];
  if (map === undefined) throw new Error("the console's page has no import map");
  return createHash("sha256").update(map).digest("base64");
}

function securityHeaders(hash: string): Record<string, string> {
  const policy = [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
  };
}
