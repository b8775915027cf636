import { History } from "./history.js";
import { Painter } from "./painter.js";
import { pack, unpack } from "./project.js";
import { Result } from "./result.js";
import { describeModel, LatestOnly, Photo, randomMask } from "./server.js";

const SAMPLES = 1000;
const TITLES = {
  eye_g: "glasses", l_eye: "left eye", r_eye: "right eye", l_brow: "left brow", r_brow: "right brow", l_ear: "left ear",
  r_ear: "right ear", u_lip: "upper lip", l_lip: "lower lip", ear_r: "earrings", neck_l: "necklace", cloth: "clothes",
};
const GROUPS_AND_CLASSES = ["smile", "eyes", "brows", "nose", "hair", "glasses", "hat", "ears", "earrings", "necklace"];
const BUSY_AFTER = 400; // milliseconds until the progress bar is shown

const element = (id) => document.getElementById(id);

class Editor {
  constructor(model) {
    this.model = model;
    this.history = new History();
    this.running = 0;
    this.photo = this.reference = null;
    this.result = new Result(element("result-canvas"));
    this.result.onSlide = (part) => this.#compare(part);
    this.painter = new Painter(element("mask-canvas"), model, {
      onStroke: (before) => this.#changed(before),
      onPick: (label) => this.chooseLabel(label),
    });
    this.drawing = new LatestOnly(() => this.#drawResult());
    this.interpolating = new LatestOnly(() => this.#interpolate());
    this.#buildPalette();
    this.#buildParts();
    this.#connect();
    this.chooseTool("brush");
    this.chooseLabel(13);
    this.#describeModel();
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

  /** Open a photo in a slot: `photo` to edit, `reference` for its style and parts. */
  async open(slot, source, ownMask = null) {
    const photo = await Photo.open(source, ownMask);
    this[slot] = photo;
    if (slot === "photo") this.#startEdit();
    else this.#showReference();
    if (photo.description.faces.length > 1 && source.face === undefined) await this.#askForFace(slot);
  }

  chooseTool(tool) {
    this.painter.tool = tool;
    this.painter.corners = [];
    this.painter.draw();
    for (const button of element("tool-buttons").children) button.ariaPressed = button.dataset.tool === tool;
  }

  chooseLabel(label) {
    this.painter.label = label;
    for (const button of element("palette").children) button.ariaPressed = Number(button.dataset.label) === label;
  }

  #startEdit() {
    this.history = new History();
    this.painter.show(this.photo.image, this.photo.mask);
    this.#changed(null);
  }

  #showReference() {
    const canvas = element("reference-canvas");
    canvas.width = canvas.height = this.reference.image.width;
    canvas.getContext("2d").drawImage(this.reference.image, 0, 0);
    element("interpolate").value = 0;
    this.betweenFrom = null;
    this.#updateButtons();
    this.redraw();
  }

  /** After a change of the mask: record it and draw the result. */
  #changed(before, keepBetween = false) {
    if (before && !this.history.record(before, this.painter.mask)) return;
    if (!keepBetween) {
      this.betweenFrom = null;
      element("interpolate").value = 0;
    }
    this.#updateButtons();
    this.redraw();
  }

  #setMask(mask, keepBetween = false) {
    const before = this.painter.mask.slice();
    this.painter.setMask(mask);
    this.#changed(before, keepBetween);
  }

  redraw() {
    return this.attempt(() => this.drawing.call());
  }

  async #drawResult() {
    const { photo, painter } = this;
    if (!photo) return;
    const blob = await photo.edit(painter.mask.slice(), this.#editOptions(), this.#styleReference());
    this.resultBlob = blob;
    this.result.show(photo.image, await createImageBitmap(blob));
  }

  #styleReference() {
    return this.reference && Number(element("strength").value) > 0 ? this.reference : null;
  }

  #editOptions() {
    return {
      ...(element("keep").checked && { feather: element("feather").value }),
      ...(this.#styleReference() && { strength: Number(element("strength").value) / 100 }),
    };
  }

  async #interpolate() {
    const amount = Number(element("interpolate").value) / 100;
    this.betweenFrom ??= this.painter.mask.slice();
    const from = this.betweenFrom;
    const mask = amount ? await this.photo.interpolate(from, this.reference, amount) : from;
    if (this.betweenFrom === from) this.#setMask(mask, true);
  }

  #compare(part) {
    element("compare").value = 100 * part;
    this.result.before = part;
    this.result.draw();
  }

  #updateButtons() {
    element("undo").disabled = !this.history.done.length;
    element("redo").disabled = !this.history.undone.length;
    const pair = this.photo && this.reference;
    for (const button of element("parts").children) button.disabled = !pair;
    element("strength").disabled = !pair;
    element("interpolate").disabled = !pair || !this.model.interpolates;
    element("random-mask").disabled = !this.model.interpolates;
  }

  async #askForFace(slot) {
    const photo = this[slot];
    const dialog = element("faces");
    const boxes = element("face-boxes");
    const url = URL.createObjectURL(await photo.whole());
    const image = new Image();
    image.src = url;
    await image.decode();
    const { width, height } = photo.description;
    const buttons = photo.description.faces.map(([left, top, side], number) => {
      const button = document.createElement("button");
      button.ariaLabel = `Face ${number + 1}`;
      button.style.left = `${(100 * left) / width}%`;
      button.style.top = `${(100 * top) / height}%`;
      button.style.width = `${(100 * side) / width}%`;
      button.style.height = `${(100 * side) / height}%`;
      button.onclick = () => dialog.close(String(number));
      return button;
    });
    boxes.replaceChildren(image, ...buttons);
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    URL.revokeObjectURL(url);
    const number = Number(dialog.returnValue || 0);
    if (number === photo.description.face) return;
    await photo.chooseFace(number);
    if (slot === "photo") this.#startEdit();
    else this.#showReference();
  }

  #describeModel() {
    const { synthetic, parses } = this.model;
    const notes = [];
    if (synthetic) {
      notes.push(
        "This model was trained on synthetic faces. A real photo will not look like itself: the README says how to " +
          "get the published weights.",
      );
    }
    if (!parses) notes.push("No face parser: a photo starts with an empty mask.");
    element("note").textContent = notes.join(" ");
  }

  #buildPalette() {
    this.model.classes.forEach(({ name, colour }, label) => {
      const button = document.createElement("button");
      const swatch = document.createElement("i");
      swatch.style.background = `rgb(${colour})`;
      button.dataset.label = label;
      button.title = name;
      button.append(swatch, TITLES[name] ?? name);
      button.onclick = () => this.chooseLabel(label);
      element("palette").append(button);
    });
  }

  #buildParts() {
    for (const name of GROUPS_AND_CLASSES) {
      const button = document.createElement("button");
      button.textContent = name;
      button.dataset.part = name;
      button.onclick = () =>
        this.attempt(async () => {
          this.#setMask(await this.photo.transfer(this.painter.mask.slice(), this.reference, name));
        });
      element("parts").append(button);
    }
  }

  undo() {
    this.#travel(this.history.undo(this.painter.mask));
  }

  redo() {
    this.#travel(this.history.redo(this.painter.mask));
  }

  #travel(moved) {
    if (!moved) return;
    this.painter.draw();
    this.#changed(null);
  }

  async openProject(file) {
    const project = await unpack(file, this.model.size);
    const photo = await Photo.open(project.photo.source, project.photo.ownMask);
    const reference = project.reference && (await Photo.open(project.reference.source, project.reference.ownMask));
    Object.assign(this, { photo, reference });
    this.painter.show(photo.image, photo.mask);
    this.painter.setMask(project.mask);
    this.history = new History(project.done, project.undone);
    for (const [name, value] of Object.entries(project.settings)) {
      if (typeof value === "boolean") element(name).checked = value;
      else element(name).value = value;
    }
    if (reference) this.#showReference();
    this.#changed(null);
  }

  #settings() {
    return {
      strength: element("strength").value,
      keep: element("keep").checked,
      feather: element("feather").value,
    };
  }

  #connect() {
    const on = (id, event, work) => element(id).addEventListener(event, work);
    const { painter } = this;
    for (const button of element("tool-buttons").children) button.onclick = () => this.chooseTool(button.dataset.tool);
    const showSize = () => {
      painter.radius = element("brush-size").value / 2;
      element("brush-size-value").textContent = element("brush-size").value;
    };
    on("brush-size", "input", showSize);
    showSize();
    on("opacity", "input", () => {
      painter.opacity = element("opacity").value / 100;
      painter.draw();
    });
    on("mirror", "change", () => (painter.mirrored = element("mirror").checked));
    on("undo", "click", () => this.undo());
    on("redo", "click", () => this.redo());
    on("reset", "click", () => this.photo && this.#setMask(this.photo.mask));
    on("zoom-in", "click", () => painter.zoom(1.5));
    on("zoom-out", "click", () => painter.zoom(1 / 1.5));
    on("zoom-fit", "click", () => painter.fit());
    on("compare", "input", () => this.#compare(element("compare").value / 100));
    on("difference", "change", () => {
      this.result.difference = element("difference").checked;
      this.result.draw();
    });
    for (const id of ["keep", "feather", "strength"]) on(id, "input", () => this.redraw());
    on("interpolate", "input", () => this.attempt(() => this.interpolating.call()));
    on("random-mask", "click", () =>
      this.attempt(async () => this.#setMask(await randomMask(Math.floor(Math.random() * 2 ** 31)))),
    );
    on("random-style", "click", () => {
      element("strength").value = 100;
      this.attempt(() => this.open("reference", { sample: randomSample() }));
    });
    on("own-mask", "click", () =>
      this.attempt(async () => {
        await this.photo.replaceMask(painter.mask);
        painter.original = painter.mask.slice();
        await this.redraw();
      }),
    );
    for (const button of document.querySelectorAll("button.sample")) {
      button.onclick = () => this.attempt(() => this.open(button.dataset.slot, { sample: randomSample() }));
    }
    for (const button of document.querySelectorAll("button.open")) {
      button.onclick = () => {
        this.slot = button.dataset.slot;
        element("file").click();
      };
    }
    on("file", "change", (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) this.attempt(() => this.open(this.slot, { file }));
    });
    for (const [section, slot] of [["paint", "photo"], ["reference", "reference"]]) {
      on(section, "dragover", (event) => event.preventDefault());
      on(section, "drop", (event) => {
        event.preventDefault();
        const [file] = event.dataTransfer.files;
        if (file) this.attempt(() => this.open(slot, { file }));
      });
    }
    document.addEventListener("paste", (event) => {
      const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
      if (file) this.attempt(() => this.open("photo", { file }));
    });
    on("save-result", "click", () => this.resultBlob && download(this.resultBlob, "edited.png"));
    on("save-whole", "click", () =>
      this.attempt(async () => {
        const options = { ...this.#editOptions(), whole: 1 };
        download(await this.photo.edit(painter.mask.slice(), options, this.#styleReference()), "edited_photo.png");
      }),
    );
    on("save-mask", "click", () => this.attempt(async () => download(await this.#maskPicture(), "mask.png")));
    on("save-project", "click", () =>
      this.attempt(async () => {
        const { photo, reference, history } = this;
        const size = this.model.size;
        download(
          await pack({ size, photo, reference, mask: painter.mask, history, settings: this.#settings() }),
          "project.json",
        );
      }),
    );
    on("open-project", "click", () => element("project-file").click());
    on("project-file", "change", (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) this.attempt(() => this.openProject(file));
    });
    on("help-button", "click", () => element("help").showModal());
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("keyup", (event) => {
      if (event.key === " ") painter.panning = false;
    });
  }

  /** The mask in the colours of its classes, as the edit command reads it. */
  #maskPicture() {
    const { size, mask } = this.painter;
    const canvas = new OffscreenCanvas(size, size);
    const pixels = new ImageData(size, size);
    mask.forEach((label, index) => pixels.data.set([...this.model.classes[label].colour, 255], 4 * index));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return canvas.convertToBlob();
  }

  #key(event) {
    if (event.target.matches("input[type=text], textarea") || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") event.shiftKey ? this.redo() : this.undo();
      else if (key === "y") this.redo();
      else return;
      return event.preventDefault();
    }
    const tool = { b: "brush", g: "bucket", p: "polygon", i: "pick", e: "erase" }[key];
    const clicked = { m: "mirror", d: "difference", "+": "zoom-in", "-": "zoom-out", 0: "zoom-fit", "?": "help-button" }[key];
    if (tool) this.chooseTool(tool);
    else if (clicked) element(clicked).click();
    else if (key === "enter" && this.painter.corners.length) this.painter.closePolygon();
    else if (key === "escape") this.chooseTool(this.painter.tool);
    else if (key === "h") {
      const { painter } = this;
      painter.opacity = painter.opacity ? 0 : element("opacity").value / 100 || 0.55;
      painter.draw();
    } else if (key === "[" || key === "]") {
      const input = element("brush-size");
      input.value = Number(input.value) + (key === "]" ? 1 : -1);
      input.dispatchEvent(new Event("input"));
    } else if (key === " " && event.target === this.painter.canvas) {
      this.painter.panning = true;
      event.preventDefault();
    }
  }
}

const randomSample = () => Math.floor(Math.random() * SAMPLES);

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function start() {
  try {
    const editor = new Editor(await describeModel());
    await editor.attempt(async () => {
      await editor.open("photo", { sample: 0 });
      await editor.open("reference", { sample: 1 });
    });
  } catch (error) {
    element("error").textContent = error.message;
    element("error").hidden = false;
  }
}

start();
