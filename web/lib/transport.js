/* How requests travel: to the daemon, by HTTP, as the browser has it. The playground has a module of
 * its own in this one's place, whose answers come from a worker. */
export const transport = undefined;
