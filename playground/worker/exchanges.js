/* The module with its one shelf of models, as exchanges in JavaScript: for the worker, and for tests
 * in node. */

/* module: what advectModule() of advect.js resolves to. */
function advectExchanges(module) {
  const shelf = module._adv_local_shelf_new();

  function put(bytes) {
    const at = module._malloc(bytes.length + 1);
    if (!at)
      throw new RangeError("There is not enough memory.");
    module.HEAPU8.set(bytes, at);
    module.HEAPU8[at + bytes.length] = 0;
    return at;
  }

  const text = (value) => put(new TextEncoder().encode(value ?? ""));

  /* {advance(ms), status, type, seed, warning, take(), end()}: take() is the bytes of the answer since
   * the last time; advance says whether there is more to do. end() is for everyone, at any time. */
  return function begin({ method = "GET", target, contentType, accept, body = new Uint8Array() }) {
    const given = [text(method), text(target), text(contentType), text(accept), put(body)];
    const exchange = module._adv_local_begin(shelf, ...given, body.length);
    given.forEach((at) => module._free(at));
    if (!exchange)
      throw new RangeError("There is not enough memory.");
    return {
      advance: (ms) => Boolean(module._adv_local_advance(exchange, ms)),
      get status() { return module._adv_local_status(exchange); },
      get type() { return module.UTF8ToString(module._adv_local_type(exchange)); },
      get seed() { return module.UTF8ToString(module._adv_local_seed(exchange)); },
      get warning() { return module.UTF8ToString(module._adv_local_warning(exchange)); },
      take() {
        const at = module._adv_local_body(exchange), n = module._adv_local_body_bytes(exchange);
        const bytes = module.HEAPU8.slice(at, at + n);
        module._adv_local_drop(exchange);
        return bytes;
      },
      end: () => module._adv_local_end(exchange),
    };
  };
}

if (typeof module === "object")
  module.exports = advectExchanges;
