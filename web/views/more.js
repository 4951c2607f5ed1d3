/* Views that the page has elsewhere than at the daemon: none. The playground has a module of its own
 * in this one's place. */
export const moreViews = [];
