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
   * `source`: {sample: number}, {file: Blob, aligned?: 1, face?: number}, or a region of one Photo that is filled as
   * another one shows it, {base: Photo, reference: Photo, query, region: map}; `ownMask`: the mask that its style is
   * read with, instead of the parsed one.
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
    const { base, face } = this.source;
    const answer = base ? await this.#fillBase() : await this.#upload();
    this.description = await answer.json();
    if (face && face !== this.description.face) await this.#chooseFace(face);
    if (this.ownMask) await request("PUT", `photos/${this.token}/mask`, {}, this.ownMask);
  }

  #upload() {
    const { file, face, ...query } = this.source;
    return request("POST", "photos", query, file);
  }

  #fillBase() {
    const { base, reference, query, region } = this.source;
    return base.#askBeside(reference, "POST", "exemplar", query, region);
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

  /** Ask about this photo beside another one, which is opened again too if the server has forgotten it. */
  async #askBeside(reference, method, action, query, body) {
    const ask = () => this.#ask(method, action, { ...query, reference: reference.token }, body);
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ReferenceGone)) throw error;
      await reference.#open();
      return ask();
    }
  }

  get token() {
    return this.description.photo;
  }

  /** The photo before all that was filled in it. */
  get unfilled() {
    return this.source.base?.unfilled ?? this;
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

  /** Generate the face of a mask, as a Blob, in the style of another photo if there is a reference. */
  async edit(mask, query, reference) {
    const answer = reference
      ? await this.#askBeside(reference, "POST", "edit", query, mask)
      : await this.#ask("POST", "edit", query, mask);
    return answer.blob();
  }

  /** Return the box around a part in this photo and another one, as a map of 1 inside and 0 outside. */
  async region(reference, parts) {
    return labels(await this.#askBeside(reference, "GET", "region", { parts }));
  }

  /** Return this photo with a region filled as another one shows it. */
  fill(reference, query, region) {
    return Photo.open({ base: this, reference, query, region });
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
