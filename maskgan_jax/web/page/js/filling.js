import { element } from "./page.js";

/** Scroll to where the panel's work is seen, on a screen that doesn't show both. */
const bringIntoView = (canvas) => canvas.scrollIntoView({ block: "nearest" });

/** The panel that fills a region of the photo as the second photo shows it. */
export class Filling {
  #running = false;

  /** `offered`: the names of parts and attributes, null if the server has no networks for this. */
  constructor(editor, offered) {
    this.editor = editor;
    this.offered = offered;
    element("filling").hidden = element("region-key").hidden = !offered;
    if (!offered) return;
    this.parts = offered.parts.map((name) => this.#partButton(name));
    element("region-parts").replaceChildren(...this.parts);
    this.ticks = offered.attributes.map((name) => this.#tick(name));
    element("attributes").hidden = !this.ticks.length;
    element("region-clear").onclick = () => {
      editor.painter.clearRegion();
      this.enable();
    };
    for (const button of element("filling").querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => bringIntoView(editor.painter.canvas));
    }
    element("fill").onclick = () => editor.attempt(() => this.fill());
  }

  #partButton(name) {
    const button = document.createElement("button");
    button.textContent = name;
    button.title = `Add the box around ${name} in both photos`;
    button.dataset.regionPart = name;
    button.onclick = () => this.editor.attempt(() => this.addPart(name));
    return button;
  }

  #tick(name) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    label.className = "check";
    input.type = "checkbox";
    input.value = name;
    label.append(input, name.replaceAll("_", " ").toLowerCase());
    element("attributes").append(label);
    return input;
  }

  /** Add the box around a part to the region, unless another photo has come meanwhile. */
  async addPart(name) {
    const { editor } = this;
    const { painter, photo, reference } = editor;
    painter.finishStroke();
    const boxes = await photo.region(reference, name);
    if (editor.photo !== photo || editor.reference !== reference) return;
    painter.addRegion(boxes);
    this.enable();
  }

  /** Fill the region: the photo becomes the filled one, which can be undone, and is kept outside what is painted. */
  async fill() {
    const { editor } = this;
    const { painter, photo, reference } = editor;
    painter.finishStroke();
    const only = this.ticks.filter(({ checked }) => checked).map(({ value }) => value);
    const query = {
      strength: Number(element("fill-strength").value) / 100,
      feather: element("feather").value,
      ...(only.length && { only }),
    };
    this.#running = true;
    this.enable();
    try {
      const filled = await photo.fill(reference, query, painter.region.map.slice());
      if (editor.photo !== photo) return;
      element("keep").checked = true;
      editor.exchangePhoto(filled);
      bringIntoView(editor.result.canvas);
    } finally {
      this.#running = false;
      this.enable();
    }
  }

  /** Enable what can be used now. */
  enable() {
    if (!this.offered) return;
    const { photo, reference, painter } = this.editor;
    for (const button of this.parts) button.disabled = !photo || !reference;
    element("region-clear").disabled = painter.region.empty;
    element("fill").disabled = !photo || !reference || painter.region.empty || this.#running;
  }
}
