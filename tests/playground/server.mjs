/* The plainest of web servers, for the files of a folder below a sub-path. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const BELOW = "/some/where/";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
  ".json": "application/json", ".wasm": "application/wasm" };

/* {url, stop} */
export async function serve(folder) {
  const server = createServer(async (request, reply) => {
    const path = normalize(new URL(request.url, "http://any").pathname);
    try {
      if (!path.startsWith(BELOW))
        throw new Error("elsewhere");
      const file = path.slice(BELOW.length) || "index.html", bytes = await readFile(join(folder, file));
      reply.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" }).end(bytes);
    } catch {
      reply.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}${BELOW}`,
    stop: () => { server.close(); server.closeAllConnections(); } };
}
