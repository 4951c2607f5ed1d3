/* Draws samples of a model, weighs them, and follows some of them from noise to data.
 *
 * usage: node samples.mjs [URL [MODEL]] */
import { connect } from "../../../clients/js/advect.js"; /* "advect-client", once it is installed */

const [url = "http://127.0.0.1:8080", name = "checkerboard-4x4"] = process.argv.slice(2);
const model = connect(url).model(name);

const samples = await model.sample(500, { seed: 1 });
console.log(`${samples.shape.join(" x ")} numbers of seed ${samples.seed}`);

const { data: nats } = await model.logProb(samples, { solver: { method: "rk4", steps: 25 } });
console.log(`entropy of about ${(-nats.reduce((sum, one) => sum + one, 0) / nats.length).toFixed(2)} nats`);

for await (const { frame, t, data } of model.trajectory(500, { seed: 1, frames: 5 }))
  console.log(`frame ${frame}, t = ${t}: largest coordinate ${Math.max(...data.map(Math.abs)).toFixed(2)}`);
