import { askForFace } from "./face_dialog.js";
import { Filling } from "./filling.js";
import { History } from "./history.js";
import { Interpolation } from "./interpolation.js";
import { download, element } from "./page.js";
import { Painter } from "./painter.js";
import { openPhotos, pack, unpack } from "./project.js";
import { Result } from "./result.js";
import { LatestOnly, Photo, randomMask } from "./server.js";
import { StyleParts } from "./style_parts.js";

const BUSY_AFTER = 400; // milliseconds until the progress bar is shown
const HAIR = 13;

/** The photos that are open, the mask, its history and the result. */
export class Editor {
  constructor() {
    this.running = 0;
    this.saving = false;
    this.tickets = { photo: 0, reference: 0 };
    this.photo = this.reference = null;
    this.history = new History();
  }

  /** Begin to edit with a model, as the server describes it. */
  begin(model) {
    this.model = model;
    this.result = new Result(element("result-canvas"));
    this.result.onSlide = (part) => this.compare(part);
    this.painter = new Painter(element("mask-canvas"), model, {
      onStroke: (before) => this.#changed(before),
      onRegion: () => this.filling.enable(),
      onPick: (label) => this.chooseLabel(label),
    });
    this.styleParts = new StyleParts(element("style-parts"), model.style_parts, () => {
      if (!Number(element("strength").value)) element("strength").value = 100;
      this.redraw();
    });
    this.drawing = new LatestOnly(() => this.#drawResult());
    this.interpolation = new Interpolation(this);
    this.filling = new Filling(this, model.filling);
  }

  /** Do something that may fail or take long: errors become one line on the page. */
  async attempt(work) {
    const timer = setTimeout(() => (element("busy").hidden = false), BUSY_AFTER);
    document.body.ariaBusy = ++this.running > 0;
    element("error").hidden = true;
    try {
      return await work();
    } catch (error) {
      element("error").textContent = error.message;
      element("error").hidden = false;
    } finally {
      clearTimeout(timer);
      document.body.ariaBusy = --this.running > 0;
      element("busy").hidden = !this.running;
    }
  }

  /** Open a photo in a slot: `photo` to edit, `reference` for its style and parts. The latest that is opened stays. */
  async open(slot, source) {
    const ticket = ++this.tickets[slot];
    const photo = await Photo.open(source);
    if (ticket !== this.tickets[slot]) return;
    this.#show(slot, photo);
    if (photo.description.faces.length < 2) return;
    const face = await askForFace(photo, () => ticket === this.tickets[slot]);
    if (ticket !== this.tickets[slot] || face === photo.description.face) return;
    await photo.chooseFace(face);
    if (ticket === this.tickets[slot]) this.#show(slot, photo);
  }

  #show(slot, photo) {
    this[slot] = photo;
    if (slot === "photo") {
      this.history = new History();
      this.#forgetResult();
      this.painter.show(photo);
      this.#changed(null);
    } else this.#showReference();
  }

  #forgetResult() {
    this.resultBlob = null;
    this.result.show(null, null);
  }

  #showReference() {
    const canvas = element("reference-canvas");
    const image = this.reference?.image;
    canvas.width = canvas.height = image?.width ?? 1;
    if (image) canvas.getContext("2d").drawImage(image, 0, 0);
    this.interpolation.end();
    this.updateButtons();
    this.redraw();
  }

  chooseTool(tool) {
    this.painter.tool = tool;
    this.painter.corners = [];
    this.painter.draw();
    for (const button of document.querySelectorAll("[data-tool]")) button.ariaPressed = button.dataset.tool === tool;
  }

  chooseLabel(label = HAIR) {
    this.painter.label = label;
    for (const button of element("palette").children) button.ariaPressed = Number(button.dataset.label) === label;
  }

  /** After a change of the mask: record it and draw the result. */
  #changed(before) {
    if (before && !this.history.record(before, this.painter.mask)) return;
    this.interpolation.end();
    this.updateButtons();
    this.redraw();
  }

  /** Replace the mask, as a change that can be undone. */
  setMask(mask) {
    this.painter.finishStroke();
    const before = this.painter.mask.slice();
    this.painter.setMask(mask);
    this.#changed(before);
  }

  /** Replace the mask by one that the server makes of it, unless it or the photo has changed meanwhile. */
  async makeMask(make) {
    this.painter.finishStroke();
    const { photo } = this;
    const before = this.painter.mask.slice();
    const mask = await make(before);
    const same = this.photo === photo && before.every((label, index) => label === this.painter.mask[index]);
    if (same) this.setMask(mask);
  }

  /** Replace the photo by one that was made of it, as a change that can be undone; what is painted stays. */
  exchangePhoto(photo) {
    const { painter } = this;
    painter.finishStroke();
    const before = painter.mask.slice();
    const own = this.photo.mask;
    const mask = before.map((label, index) => (label === own[index] ? photo.mask[index] : label));
    this.history.record(before, mask, this.photo);
    this.photo = photo;
    painter.exchange(photo);
    painter.setMask(mask);
    this.#changed(null);
  }

  transfer(part) {
    return this.makeMask((mask) => this.reference.transfer(mask, part));
  }

  sampleMask() {
    return this.makeMask(() => randomMask(Math.floor(Math.random() * 2 ** 31)));
  }

  /** Read the photo's style with the painted mask, which becomes its own. */
  async takeMask() {
    const { photo, painter } = this;
    const mask = painter.mask.slice();
    await photo.replaceMask(mask);
    if (this.photo !== photo) return;
    painter.original = mask;
    await this.redraw();
  }

  undo() {
    this.painter.finishStroke();
    this.#travel(this.history.undo(this.painter.mask, this.photo));
  }

  redo() {
    this.painter.finishStroke();
    this.#travel(this.history.redo(this.painter.mask, this.photo));
  }

  #travel(photo) {
    if (!photo) return;
    this.photo = photo;
    this.painter.exchange(photo);
    this.#changed(null);
  }

  redraw() {
    return this.attempt(() => this.drawing.call());
  }

  async #drawResult() {
    const { photo, painter } = this;
    if (!photo) return;
    const mask = painter.mask.slice();
    const blob = await photo.edit(mask, this.#editOptions(), this.#styleReference()).catch((error) => {
      this.resultBlob = null; // what is shown is of another mask, and is not to be downloaded as this one's
      this.updateButtons();
      throw error;
    });
    if (this.photo !== photo) return;
    this.resultBlob = blob;
    this.result.show(photo.unfilled.image, await createImageBitmap(blob));
    this.updateButtons();
  }

  #styleReference() {
    return this.reference && Number(element("strength").value) > 0 ? this.reference : null;
  }

  #editOptions() {
    const { styleParts } = this;
    const style = {
      strength: Number(element("strength").value) / 100,
      ...(!styleParts.all && { style_parts: styleParts.chosen }),
    };
    return {
      ...(element("keep").checked && { feather: element("feather").value }),
      ...(this.#styleReference() && style),
    };
  }

  /** Show the photo in the left part of the result. */
  compare(part) {
    element("compare").value = 100 * part;
    this.result.before = part;
    this.result.draw();
  }

  /** Enable what can be used now. */
  updateButtons() {
    const { photo, reference, model } = this;
    element("undo").disabled = !this.history.done.length;
    element("redo").disabled = !this.history.undone.length;
    for (const id of ["reset", "own-mask", "save-project", "save-mask"]) element(id).disabled = !photo;
    for (const id of ["save-result", "save-whole"]) element(id).disabled = !this.resultBlob || this.saving;
    for (const button of element("parts").children) button.disabled = !photo || !reference;
    element("strength").disabled = !photo || !reference;
    this.styleParts.enable(photo && reference);
    this.filling.enable();
    element("interpolate").disabled = !photo || !reference || !model.interpolates;
    element("random-mask").disabled = !photo || !model.interpolates;
  }

  /** Download the result of the mask as it is now. */
  async saveResult() {
    await this.drawing.settled();
    if (this.resultBlob) download(this.resultBlob, "edited.png");
  }

  async saveWhole() {
    this.saving = true;
    this.updateButtons();
    const options = { ...this.#editOptions(), whole: 1 };
    try {
      download(await this.photo.edit(this.painter.mask.slice(), options, this.#styleReference()), "edited_photo.png");
    } finally {
      this.saving = false;
      this.updateButtons();
    }
  }

  async saveProject() {
    this.painter.finishStroke();
    const { photo, reference, history, model, painter } = this;
    const settings = {
      strength: Number(element("strength").value),
      styleParts: this.styleParts.chosen,
      keep: element("keep").checked,
      feather: Number(element("feather").value),
    };
    const { size } = model;
    download(await pack({ size, photo, reference, mask: painter.mask, history, settings }), "project.json");
  }

  async openProject(file) {
    const tickets = { photo: ++this.tickets.photo, reference: ++this.tickets.reference };
    const project = await unpack(file, this.model.size, this.model.classes.length);
    const photos = await openPhotos(project.photos);
    if (Object.entries(tickets).some(([slot, ticket]) => this.tickets[slot] !== ticket)) return;
    const [photo, reference] = [photos[project.photo], photos[project.reference] ?? null];
    const changes = (all) => all.map((change) => ({ ...change, photo: photos[change.photo] ?? null }));
    Object.assign(this, { photo, reference, history: new History(changes(project.done), changes(project.undone)) });
    this.#forgetResult();
    this.painter.show(photo);
    this.painter.setMask(project.mask);
    element("strength").value = project.settings.strength;
    this.styleParts.choose(project.settings.styleParts);
    element("keep").checked = project.settings.keep;
    element("feather").value = project.settings.feather;
    this.#showReference();
    this.#changed(null);
  }
}
