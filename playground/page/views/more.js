/* Views that only the playground has. In place of web/views/more.js. */
import { makeView } from "./make.js";
import { storyView } from "./story.js";

export const moreViews = [makeView, storyView];
