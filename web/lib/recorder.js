/* Films, as WebM, by the browser's own recorder of a canvas. */
import { el } from "./dom.js";

const TYPES = ["video/webm;codecs=vp8", "video/webm"]; /* the quickest to encode first */
const BITS_PER_S = 6e6;
const FRAME_MS = 1000 / 30 - 4; /* 30 a second of a screen with 60, whose frames may come a little early */

const type = TYPES.find((name) => globalThis.MediaRecorder?.isTypeSupported(name));

export const canRecord = Boolean(type && HTMLCanvasElement.prototype.captureStream);

export class Recorder {
  /* Records from now on what paint(canvas) paints, after each `drawn`; not while the tab is hidden, where
   * nothing is drawn. Of a still scene the first frame is the only one. */
  constructor(paint) {
    const canvas = el("canvas");
    Object.assign(this, { parts: [], before: -Infinity, paint: () => paint(canvas) });
    this.paint();
    const stream = canvas.captureStream(0);
    const [track] = stream.getVideoTracks();
    this.source = track.requestFrame ? track : stream; /* whose method it is in the standard, and in Firefox */
    this.recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: BITS_PER_S });
    this.recorder.ondataavailable = ({ data }) => this.parts.push(data);
    this.film = new Promise((done) => { /* an error of the encoder stops it too, with what it has */
      this.recorder.onstop = () => {
        track.stop();
        done(new Blob(this.parts, { type: "video/webm" }));
      };
    });
    this.seen = () => this.recording && (document.hidden ? this.recorder.pause() : this.recorder.resume());
    document.addEventListener("visibilitychange", this.seen);
    this.recorder.onstart = () => this.frame(); /* what is asked for before may be lost */
    this.recorder.start();
  }

  get recording() { return this.recorder.state !== "inactive"; }

  frame() {
    this.before = performance.now();
    this.paint();
    this.source.requestFrame();
  }

  /* The scene was drawn: another frame, if it is time for one, since encoders leave out what is too much
   * for them, or if it must be there. */
  drawn(must) {
    if (must || performance.now() - this.before >= FRAME_MS)
      this.frame();
  }

  /* The film. */
  end() {
    document.removeEventListener("visibilitychange", this.seen);
    if (this.recording)
      this.recorder.stop();
    return this.film;
  }
}
