// Requests to the server. Every failure is an Error whose message is one line for the page.

class PhotoGone extends Error {}
class ReferenceGone extends Error {}
const GONE = { 410: PhotoGone, 424: ReferenceGone };

async function request(method, path, query = {}, body = undefined) {
  const search = new URLSearchParams(query).toString();
  let answer;
  try {
    answer = await fetch(`api/${path}${search ? `?${search}` : ""}`, { method, body });
  } catch {
    throw new Error("the server does not answer; is it still running?");
  }
  if (answer.ok) return answer;
  const message = await answer.json().then((content) => content.error, () => `the server answered ${answer.status}`);
  throw new (GONE[answer.status] ?? Error)(message);
}

const labels = async (answer) => new Uint8Array(await answer.arrayBuffer());
const picture = async (answer) => createImageBitmap(await answer.blob());

export const describeModel = () => request("GET", "model").then((answer) => answer.json());

/** A photo that is open on the server. It is opened again by itself when the server has forgotten it. */
export class Photo {
  /**
   * `source`: {sample: number}, or {file: Blob, aligned?: 1, face?: number}; `ownMask`: the mask that its
   * style is read with, instead of the parsed one.
   */
  static async open(source, ownMask = null) {
    const photo = new Photo();
    photo.source = source;
    photo.ownMask = ownMask;
    await photo.#open();
    photo.mask = await labels(await photo.#ask("GET", "mask"));
    photo.image = await picture(await photo.#ask("GET", "image"));
    return photo;
  }

  async #open() {
    const { file, face, ...query } = this.source;
    this.description = await request("POST", "photos", query, file).then((answer) => answer.json());
    if (face && face !== this.description.face) await this.#chooseFace(face);
    if (this.ownMask) await request("PUT", `photos/${this.token}/mask`, {}, this.ownMask);
  }

  async #chooseFace(number) {
    const answer = await request("POST", `photos/${this.token}/face/${number}`);
    this.description = await answer.json();
  }

  async #ask(method, action, query, body) {
    try {
      return await request(method, `photos/${this.token}/${action}`, query, body);
    } catch (error) {
      if (!(error instanceof PhotoGone)) throw error;
      await this.#open();
      return request(method, `photos/${this.token}/${action}`, query, body);
    }
  }

  get token() {
    return this.description.photo;
  }

  /** The whole photo, before its face was cut out. */
  whole() {
    return this.#ask("GET", "image", { whole: 1 }).then((answer) => answer.blob());
  }

  /** Edit another of its faces. */
  async chooseFace(number) {
    await this.#chooseFace(number);
    this.source = { ...this.source, face: number };
    this.ownMask = null;
    this.mask = await labels(await this.#ask("GET", "mask"));
    this.image = await picture(await this.#ask("GET", "image"));
  }

  /** Read its style with another mask. */
  async replaceMask(mask) {
    await this.#ask("PUT", "mask", {}, mask);
    this.ownMask = this.mask = mask;
  }

  /** Generate the face of a mask, as a Blob; the reference is opened again if the server has forgotten it. */
  async edit(mask, query, reference) {
    const ask = () => this.#ask("POST", "edit", { ...query, ...(reference && { reference: reference.token }) }, mask);
    const answer = await ask().catch(async (error) => {
      if (!(error instanceof ReferenceGone)) throw error;
      await reference.#open();
      return ask();
    });
    return answer.blob();
  }

  /** Return a mask with parts of this photo's. */
  async transfer(mask, parts) {
    return labels(await this.#ask("POST", "transfer", { parts }, mask));
  }

  /** Return a mask so much of the way to this photo's. */
  async interpolate(mask, amount) {
    return labels(await this.#ask("POST", "interpolate", { amount }, mask));
  }
}

/** Return a mask that the MaskVAE samples. */
export const randomMask = (seed) => request("POST", "masks/random", { seed }).then(labels);

/** Calls one asynchronous function at a time: of the calls that come meanwhile only the latest is made. */
export class LatestOnly {
  #running = null;
  #again = false;

  constructor(work) {
    this.work = work;
  }

  /** Make a call; settles when no call is left to make. */
  call() {
    if (this.#running) this.#again = true;
    else this.#running = this.#run();
    return this.#running;
  }

  /** Settles when no call is left to make. */
  settled() {
    return this.#running ?? Promise.resolve();
  }

  async #run() {
    try {
      do {
        this.#again = false;
        await this.work().catch((error) => {
          if (!this.#again) throw error;
        });
      } while (this.#again);
    } finally {
      this.#running = null;
    }
  }
}
