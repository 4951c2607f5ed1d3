/* Films of a canvas, as WebM, by the browser's own recorder. */

const TYPES = ["video/webm;codecs=vp8", "video/webm"]; /* the quickest to encode first */
const BITS_PER_S = 6e6;
const FRAME_MS = 1000 / 30 - 4; /* 30 a second of a screen with 60, whose frames may come a little early */

const type = TYPES.find((name) => globalThis.MediaRecorder?.isTypeSupported(name));

export const canRecord = Boolean(type && HTMLCanvasElement.prototype.captureStream);

export class Recorder {
  /* Records from now on each `frame` that is painted on the canvas; not while the tab is hidden, where
   * nothing is. */
  constructor(canvas) {
    Object.assign(this, { parts: [], before: -Infinity });
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
    this.recorder.start();
  }

  get recording() { return this.recorder.state !== "inactive"; }

  /* Whether it is time for another frame: encoders leave out what is too much for them. */
  get due() { return performance.now() - this.before >= FRAME_MS; }

  /* What is on the canvas now. */
  frame() {
    this.before = performance.now();
    this.source.requestFrame();
  }

  /* The film. */
  end() {
    document.removeEventListener("visibilitychange", this.seen);
    if (this.recording)
      this.recorder.stop();
    return this.film;
  }
}
