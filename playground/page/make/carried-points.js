/* Points that were painted go along in a picture or a film, and come back with it. */
import { wordsIn } from "../lib/picture.js";
import { MOST_POINTS, rounded } from "./target.js";

const POINTS = "Advect-Points";

/* What such a file says of them besides the usual: {keyword: text}. */
export function textOfPoints({ points, units }) {
  return { [POINTS]: JSON.stringify(points.map((p) => p.map((c) => rounded(c, units.scale)))) };
}

/* The points that a file holds; null where it is none of these. It may be anybody's. */
async function pointsIn(file) {
  try {
    const points = JSON.parse(await wordsIn(file, POINTS));
    const good = Array.isArray(points) && points.length <= MOST_POINTS &&
      points.every((p) => Array.isArray(p) && p.length === 2 && p.every((c) => Number.isFinite(c)));
    return good && points.length ? points : null;
  } catch {
    return null;
  }
}

/* {points} of a file of this view, null for those that its address names; null of other files. */
export async function carriedIn(file) {
  const points = await pointsIn(file), link = await wordsIn(file, "Advect-Link");
  return link?.startsWith("#/make/") ? { points } : null;
}
