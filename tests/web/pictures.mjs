/* Pictures and films to take away, and pictures that are dropped on the page. */
import { readFileSync } from "node:fs";
import { framesOf, tagsOf, textsOf } from "./files.mjs";
import { address, assert, idle, open, pixels, saved, until } from "./harness.mjs";
import { drawDigit } from "./views.mjs";

const still = { reducedMotion: "reduce" };

function drop(page, data, name) {
  return page.evaluate(([base64, file]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], file));
    window.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, cancelable: true }));
  }, [data.toString("base64"), name]);
}

const hashOf = async (page) => new URL(await address(page)).hash;

/* The picture of the view that is open restores it, by what `look` sees. */
async function restores(page, daemon, model, look) {
  const hash = await hashOf(page), seen = await look(), { bytes, name } = await saved(page, "Picture as PNG");
  const { digest } = await (await fetch(`${daemon.url}/v1/models/${model}`)).json();
  const texts = textsOf(bytes), after = await hashOf(page);
  assert(texts["Advect-Model"] === `${model} ${digest}` && texts["Advect-Link"] === after, JSON.stringify(texts));
  assert(after === hash || texts["Advect-Link"].startsWith(hash), `${hash} became ${after}`);
  assert(typeof JSON.parse(texts["Advect-Settings"]) === "object", texts["Advect-Settings"]);
  assert(name.startsWith(model) && name.endsWith(".png"), name);
  await open(page, daemon, `#/model/${model}`);
  await idle(page);
  await drop(page, bytes, "picture.png");
  await until(async () => (await hashOf(page)) === after, "the view of before");
  await until(async () => JSON.stringify(await look()) === JSON.stringify(seen), "what was seen before");
  await idle(page);
  return { bytes, texts };
}

export async function pictureTests(harness, daemon, { plane, other, space, images, given }) {
  const sum = (page, selector) => async () => (await page.locator(selector).count()) && (await pixels(page, selector)).sum;

  await harness.test("pictures: of the flow", still, async (page) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=200&seed=9&steps=4&t=0.5`);
    await idle(page);
    const { bytes, texts } = await restores(page, daemon, plane, sum(page, ".plane .layer:last-child"));
    assert(JSON.parse(texts["Advect-Settings"]).seed === 9, texts["Advect-Settings"]);
    for (const [data, name] of [[Buffer.from("x,y\n1,2\n"), "points.csv"], [bytes.subarray(0, 60), "cut.png"]]) {
      await drop(page, data, name);
      await until(() => page.getByText(`${name} is not a picture or film made by this page`).isVisible(), "the refusal");
    }
    const plain = await (await fetch(`${daemon.url}/v1/models/${plane}/samples.png?n=10`)).arrayBuffer();
    await drop(page, Buffer.from(plain), "plain.png");
    await until(() => page.getByText("plain.png is not a picture or film made by this page").isVisible(), "the refusal");
    const digest = texts["Advect-Model"].split(" ")[1];
    await drop(page, Buffer.from(bytes.toString("latin1").replace(digest, "0".repeat(digest.length)), "latin1"), "older.png");
    await until(() => page.getByText(`older.png was made by another model of the name ${plane}`).isVisible(), "words for another digest");
  });

  if (other)
    await harness.test("pictures: of two flows side by side", still, async (page) => {
      await open(page, daemon, `#/flow/${plane}?with=${other}&points=1&density=0&grid=0&n=100&steps=4&t=0.5`);
      await idle(page);
      const { bytes } = await restores(page, daemon, plane, sum(page, ".flow-pane:nth-child(2) .layer:last-child"));
      const wide = await page.locator(".plane canvas").first().evaluate((canvas) => canvas.width);
      assert(bytes.readUInt32BE(16) > 2 * wide, "there is but one plane in the picture");
    });

  if (space)
    await harness.test("pictures: of points of space, and of the daemon's figures", still, async (page) => {
      await open(page, daemon, `#/points/${space}?n=300&steps=4&azimuth=20&elevation=30&t=0.7`);
      await idle(page);
      const { bytes } = await saved(page, "Picture as PNG: Samples");
      assert(textsOf(bytes)["Advect-Link"] === (await hashOf(page)), "the figure does not know its view");
      await restores(page, daemon, space, sum(page, ".space"));
      const { bytes: moving, name } = await saved(page, "Animation as PNG");
      assert(framesOf(moving).there === 49 && name === `${space}-seed-1-cloud-animated.png`, name);
      const film = await saved(page, "Animation as WebM");
      assert(tagsOf(film.bytes)["Advect-Link"].startsWith(`#/points/${space}`) && film.name === `${space}-seed-1-cloud.webm`, film.name);
    });

  if (given)
    await harness.test("pictures: of a posterior", still, async (page) => {
      await open(page, daemon, `#/posterior/${given.name}?n=200&steps=8&seed=3`);
      await idle(page);
      await restores(page, daemon, given.name, sum(page, ".pairs canvas"));
    });

  await harness.test("pictures: of images", still, async (page) => {
    await open(page, daemon, `#/generate/${images}?classes=3&each=2&frames=3&steps=4&seed=5`);
    await idle(page);
    const { bytes } = await saved(page, "Images as PNG");
    assert(textsOf(bytes)["Advect-Link"] === (await hashOf(page)), "the picture does not know its view");
  });

  await harness.test("pictures: of a drawing, which comes back too; nobody's drawing does no harm", still, async (page) => {
    await open(page, daemon, `#/draw/${images}?brush=3`);
    await drawDigit(page, 3);
    await until(() => page.locator("#verdict").count(), "a verdict");
    await idle(page);
    const { bytes, texts } = await restores(page, daemon, images, sum(page, ".pad"));
    await until(() => page.locator("#verdict").count(), "a verdict on what came back");
    await harness.shot(page, "draw-restored");
    const drawn = texts["Advect-Drawing"], filled = await sum(page, ".pad")();
    for (const bad of ['{"name":"X","strokes":[[1e9,[1,2]]]}', '{"name":"X","strokes":[[1,["a",2]]]}', '{"name":"X","row":[1,2]}', "null", "]", '{"name":"X","strokes":7}', '{"name":"X","strokes":[[1,[1,2]]]}']) {
      const text = bad.replace("X", images).padEnd(drawn.length);
      await drop(page, Buffer.from(bytes.toString("latin1").replace(drawn, text), "latin1"), "bad.png");
      await until(() => page.getByText("drawing could not be restored").isVisible(), `words for ${bad}`);
      assert((await sum(page, ".pad")()) !== filled && !(await page.locator("#verdict").count()), `${bad} is drawn`);
      await drop(page, bytes, "picture.png");
      await until(() => page.locator("#verdict").count(), "a verdict on the good one again");
    }
  });

  await harness.test("pictures: a drawing of 20,000 points is restored; a text without an end does no harm", still, async (page) => {
    await open(page, daemon, `#/draw/${images}`);
    await page.locator(".pad").waitFor();
    const found = await page.evaluate(async (name) => {
      const { textOf, withText } = await import("/web/lib/png-text.js");
      const { DRAWING, carryFrom, take, textOfImage } = await import("/web/images/carried-image.js");
      const png = await new Promise((done) => document.querySelector(".pad").toBlob(done));
      const points = Array.from({ length: 20000 }, (_, i) => [i % 280 + 0.5, 140.5]), long = { strokes: [[2, ...points]] };
      await carryFrom(await withText(png, { [DRAWING]: textOfImage({ name }, long) }));
      const bytes = new Uint8Array(await (await withText(png, { x: "y".repeat(300000) })).arrayBuffer());
      bytes[bytes.indexOf(0, 41)] = 0x2e; /* the zero after the keyword */
      return { points: take({ name }).strokes[0].length - 1, text: await textOf(new Blob([bytes]), "x") };
    }, images);
    assert(found.points === 20000 && found.text === null, JSON.stringify(found));
    await page.evaluate(() => {
      const file = new File([], "folder");
      file.slice = () => { throw new DOMException("not a file", "NotFoundError"); };
      const event = new DragEvent("drop", { cancelable: true });
      Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], files: [file] } });
      window.dispatchEvent(event);
    });
    await until(() => page.getByText("folder cannot be read.").isVisible(), "words for what cannot be read");
  });

  await harness.test("an animated picture of the flow, whose last frame is the picture at t = 1", { ...still, viewport: { width: 1000, height: 700 } }, async (page, tell) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=1&grid=0&n=300&steps=4&seed=2&t=1`);
    await idle(page);
    const { bytes: last } = await saved(page, "Picture as PNG"), hash = await hashOf(page);
    const { bytes, name } = await saved(page, "Animation as PNG"), { said, there } = framesOf(bytes), texts = textsOf(bytes);
    assert(said === there && there === 49 && name === `${plane}-seed-2-midpoint-animated.png`, `${name}: ${said} frames, ${there} are there`);
    assert(texts["Advect-Link"] === hash && (await hashOf(page)) === hash, JSON.stringify(texts));
    const seen = await page.evaluate(async ([moving, picture]) => {
      const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const pixels = async (data, frame) => {
        const decoder = new ImageDecoder({ data, type: "image/png" });
        await decoder.tracks.ready;
        const { image } = await decoder.decode({ frameIndex: frame }), canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return { n: decoder.tracks.selectedTrack.frameCount, ms: image.duration / 1000, data: context.getImageData(0, 0, canvas.width, canvas.height).data };
      };
      const far = (a, b) => (a.length === b.length ? a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length : 255); /* levels, in the mean */
      const still = await pixels(bytesOf(picture), 0), first = await pixels(bytesOf(moving), 0), final = await pixels(bytesOf(moving), first.n - 1);
      return { n: first.n, ms: first.ms, last: far(still.data, final.data), first: far(still.data, first.data) };
    }, [bytes.toString("base64"), last.toString("base64")]);
    assert(seen.n === there && seen.last < 2 && seen.first > 4 * seen.last && seen.ms > 50 && seen.ms < 300, JSON.stringify(seen));
    assert(bytes.length < 8e6, `${bytes.length} bytes`);
    tell(`${(bytes.length / 1000).toFixed(0)} kB, ${there} frames, the last ${seen.last.toFixed(2)} levels off, the first ${seen.first.toFixed(1)}`);
  });

  await harness.test("a film of the flow, which plays, and dropped on the page opens it again", { ...still, viewport: { width: 420, height: 700 } }, async (page, tell) => {
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=300&steps=4&speed=2&t=0.3&seed=2`);
    await idle(page);
    const button = page.getByRole("button", { name: "Animation as WebM" });
    await button.click();
    assert(await button.isDisabled(), "a second film can be begun");
    await page.getByRole("button", { name: "Cancel: Recording the animation" }).click();
    await until(() => button.isEnabled(), "the film to end");
    const [file] = await Promise.all([page.waitForEvent("download"), button.evaluate((b) => { b.click(); b.click(); })]);
    const bytes = readFileSync(await file.path()), name = file.suggestedFilename();
    await idle(page);
    assert(bytes.readUInt32BE(0) === 0x1a45dfa3 && name === `${plane}-seed-2-midpoint.webm`, `${name} is no film`);
    const screen = await page.context().newPage();
    const film = await screen.evaluate((base64) => new Promise((done, fail) => {
      const video = document.createElement("video");
      video.muted = true;
      video.onended = () => done({ width: video.videoWidth, seconds: video.currentTime });
      video.onerror = () => fail(new Error(video.error.message));
      video.src = URL.createObjectURL(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: "video/webm" }));
      video.play();
    }), bytes.toString("base64"));
    assert(film.width > 300 && film.seconds > 1, JSON.stringify(film));
    const { digest } = await (await fetch(`${daemon.url}/v1/models/${plane}`)).json(), tags = tagsOf(bytes);
    assert(tags["Advect-Model"] === `${plane} ${digest}` && JSON.parse(tags["Advect-Settings"]).seed === 2, JSON.stringify(tags));
    await open(page, daemon, `#/model/${plane}`);
    await idle(page);
    await drop(page, bytes, name);
    await until(async () => (await hashOf(page)) === tags["Advect-Link"], "the view of the film");
    await drop(page, bytes.subarray(0, bytes.length - 9), "cut.webm");
    await until(() => page.getByText("cut.webm is not a picture or film made by this page").isVisible(), "the refusal");
    tell(`${(bytes.length / 1000).toFixed(0)} kB, ${film.seconds.toFixed(1)} s`);
  });

  await harness.test("an animation ends when a setting changes, and a film when it is paused", still, async (page) => {
    let files = 0;
    page.on("download", () => files++);
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=1&speed=0.25`);
    await idle(page);
    const working = (words) => page.getByRole("button", { name: `Cancel: ${words}` });
    for (const [name, words] of [["Animation as PNG", "Drawing the animation"], ["Animation as WebM", "Recording the animation"]]) {
      await page.getByRole("button", { name }).click();
      await working(words).waitFor();
      await page.getByRole("checkbox", { name: "Velocity" }).press(" ");
      await until(async () => !(await working(words).count()), `the end of ${name}`);
      await until(() => page.getByRole("button", { name }).isEnabled(), `${name} to be had again`);
    }
    await idle(page);
    await page.getByRole("button", { name: "Animation as WebM" }).click();
    await page.getByRole("button", { name: "Pause" }).click();
    await until(() => page.getByText("it was paused before t = 1").isVisible(), "words for half a film");
    assert(!files, `${files} files of what was ended`);
  });

  await harness.test("code that does not come is asked for again, and then the page is loaded anew", { ...still, expected: /ERR_FAILED/ }, async (page) => {
    await page.route("**/webm-text.js", (route) => route.abort());
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=1`);
    await idle(page);
    await page.getByRole("button", { name: "Animation as WebM" }).click();
    await until(() => page.getByText("Recording the animation: a part of the page could not be loaded.").isVisible(), "the words");
    await page.getByRole("button", { name: "Try again: Recording the animation" }).click();
    await page.getByRole("button", { name: "Reload the page: Recording the animation" }).waitFor();
    await page.unroute("**/webm-text.js");
    await page.evaluate(() => { window.before = true; });
    await page.getByRole("button", { name: "Reload the page: Recording the animation" }).click();
    await until(() => page.evaluate(() => !window.before).catch(() => false), "the page anew");
    await idle(page);
  });

  await harness.test("words go into films whose size is known", still, async (page) => {
    await open(page, daemon);
    const { bytes, read } = await page.evaluate(async () => {
      const { textsOf, withText } = await import("/web/lib/webm-text.js");
      const head = [0x1a, 0x45, 0xdf, 0xa3, 0x80], segment = [0x18, 0x53, 0x80, 0x67, 1, 0, 0, 0, 0, 0, 0, 2], nothing = [0xec, 0x80];
      const film = await withText(new Blob([Uint8Array.from([...head, ...segment, ...nothing])]), { "Advect-Link": "#/x", other: "é" });
      return { bytes: [...new Uint8Array(await film.arrayBuffer())], read: [...await textsOf(film)] };
    });
    const size = Buffer.from(bytes).readUIntBE(11, 6), tags = tagsOf(Buffer.from(bytes));
    assert(size === bytes.length - 17, `the segment says ${size} of ${bytes.length - 17} bytes`);
    assert(tags["Advect-Link"] === "#/x" && tags.other === "é" && JSON.stringify(Object.entries(tags)) === JSON.stringify(read), JSON.stringify([tags, read]));
  });

  await harness.test("a film of what cannot be computed is refused in words", { ...still, expected: /422/ }, async (page) => {
    await page.route("**/trajectories", (route) => (route.request().postDataJSON().seed === 8
      ? route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ detail: "too many, on purpose" }) })
      : route.continue()));
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=1&seed=8`);
    await until(() => page.getByText("too many, on purpose").isVisible(), "the refusal");
    await page.getByRole("button", { name: "Animation as WebM" }).click();
    await until(() => page.getByText("something that is shown could not be computed").isVisible(), "words for the film");
  });

  await harness.test("a film is not offered where the browser makes none", still, async (page) => {
    await page.addInitScript(() => { delete window.MediaRecorder; });
    await open(page, daemon, `#/flow/${plane}?points=1&density=0&grid=0&n=100&steps=4&t=1`);
    await idle(page);
    assert(!(await page.getByRole("button", { name: "Animation as WebM" }).count()), "it is");
  });
}
