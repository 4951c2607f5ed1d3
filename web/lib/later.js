/* Code that is fetched when it is first wanted. Some browsers hold on to a failure until the page is loaded
 * anew, which is offered from the second one on. */
let failed = false;

/* What load() gives, which imports a module. */
export async function later(load) {
  try {
    return await load();
  } catch (cause) {
    const again = failed;
    failed = true;
    throw Object.assign(new Error("a part of the page could not be loaded.", { cause }), { passing: !again, reload: again });
  }
}
