// Requests to the server. Every failure is an Error whose message is one line for the page.

export class Gone extends Error {}

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
  throw answer.status === 410 ? new Gone(message) : new Error(message);
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
      if (!(error instanceof Gone)) throw error;
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

  /** Generate the face of a mask, as a Blob. */
  async edit(mask, query, reference) {
    const ask = () => this.#ask("POST", "edit", { ...query, ...(reference && { reference: reference.token }) }, mask);
    return (await Photo.#with(reference, ask)).blob();
  }

  /** Return a mask with parts of another photo's. */
  async transfer(mask, reference, parts) {
    const ask = () => this.#ask("POST", "transfer", { reference: reference.token, parts }, mask);
    return labels(await Photo.#with(reference, ask));
  }

  /** Return a mask between this one and another photo's. */
  async interpolate(mask, reference, amount) {
    const ask = () => this.#ask("POST", "interpolate", { reference: reference.token, amount }, mask);
    return labels(await Photo.#with(reference, ask));
  }

  /** Ask; if it is the reference that the server has forgotten, open that again and ask once more. */
  static async #with(reference, ask) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Gone) || !reference) throw error;
      await reference.#open();
      return ask();
    }
  }
}

/** Return a mask that the MaskVAE samples. */
export const randomMask = (seed) => request("POST", "masks/random", { seed }).then(labels);

/** Calls one asynchronous function at a time: of the calls that come meanwhile only the latest is made. */
export class LatestOnly {
  #running = false;
  #again = false;

  constructor(work) {
    this.work = work;
  }

  async call() {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    try {
      do {
        this.#again = false;
        await this.work().catch((error) => {
          if (!this.#again) throw error;
        });
      } while (this.#again);
    } finally {
      this.#running = false;
    }
  }
}
